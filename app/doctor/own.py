"""Check the shop itself: its settings, and whether the services that it depends on answer."""

import smtplib
from collections import Counter
from math import log2
from urllib.parse import urlsplit

import redis
import urllib3
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.database import db, query_or, utcnow
from app.doctor.findings import Finding, Level
from app.mail import connection as mail_connection
from app.mail_sender import Queue, queue
from app.settings import LOCAL_HOSTS, settings_of_app

TIMEOUT_SECONDS = 3.0  # for each answer
MIN_KEY_BITS = 128  # of a signing key, estimated from its characters


def environment() -> Finding:
    """Check which Vipps environment is set."""
    settings = settings_of_app()
    said = f"VIPPS_ENVIRONMENT={settings.vipps_environment}, at {settings.provider_url}"
    said += ", with the demo’s pages." if settings.in_demo else "."
    if settings.shows_outbox and not settings.simulated:
        advice = "The outbox shows every mail to everybody; set DEMO=0 before real customers come."
        return Finding("environment", "Which Vipps is asked", Level.WARNING, said, advice)
    return Finding("environment", "Which Vipps is asked", Level.OK, said)


def https() -> Finding:
    """Check that customers use HTTPS."""
    settings, title = settings_of_app(), "Customers come by https"
    if settings.https:
        return Finding("https", title, Level.OK, settings.public_url)
    if urlsplit(settings.public_url).hostname in LOCAL_HOSTS:
        return Finding("https", title, Level.SKIPPED, f"{settings.public_url} is this machine.")
    return Finding("https", title, Level.FAILED, settings.public_url, "Set PUBLIC_URL to the https address.")


def redirect_uri() -> Finding:
    """Check that Vipps accepts the form of the redirect URI.

    It must be HTTPS except for localhost, without fragment and query; Vipps compares it exactly (Vipps Login API FAQ).
    """
    uri = settings_of_app().redirect_uri
    parts = urlsplit(uri)
    fits = parts.scheme == "https" or parts.hostname in LOCAL_HOSTS
    fits = fits and not parts.query and not parts.fragment and not uri.endswith("/")
    level = Level.OK if fits else Level.FAILED
    return Finding("redirect_uri", "The redirect URI", level, uri, "It is registered in the portal exactly like this.")


def cookies() -> Finding:
    """Check the protecting attributes of the cookies."""
    config, https = current_app.config, settings_of_app().https
    said = ", ".join(
        ("HttpOnly", f"SameSite={config['SESSION_COOKIE_SAMESITE']}", *(("Secure", "__Host-") if https else ()))
    )
    fits = config["SESSION_COOKIE_HTTPONLY"] and config["SESSION_COOKIE_SAMESITE"] == "Lax"
    fits = fits and config["SESSION_COOKIE_SECURE"] == https
    return Finding("cookies", "Cookies are protected", Level.OK if fits else Level.FAILED, said)


def secret_key() -> Finding:
    """Check that the keys that sign and verify cookies cannot be guessed. The finding shows no part of them."""
    settings, title = settings_of_app(), "SECRET_KEY"
    if not settings.secret_key.get_secret_value():
        return Finding("secret_key", title, Level.OK, "Generated for the demo, and kept in instance/.")
    bits = min(_bits(key) for key in settings.signing_keys)
    if bits < MIN_KEY_BITS:
        advice = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        return Finding("secret_key", title, Level.FAILED, f"Too plain: about {bits:.0f} bits.", advice)
    others = f" {len(settings.older_keys)} more verify and do not sign." if settings.older_keys else ""
    return Finding("secret_key", title, Level.OK, f"About {bits:.0f} bits.{others}")


def database() -> Finding:
    """Check that the database answers."""
    dialect, title = db.engine.dialect.name, "The database answers"
    try:
        db.session.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return Finding("database", title, Level.FAILED, f"{dialect}: {type(error).__name__}.", "Check DATABASE_URL.")
    return Finding("database", title, Level.OK, dialect)


def migrations() -> Finding:
    """Check that the database has the tables of this version."""
    title, advice = "The database is migrated", "Run: flask --app wsgi setup"
    migrate = current_app.extensions["migrate"]
    head = ScriptDirectory(migrate.directory).get_current_head()
    with db.engine.connect() as connection:
        there = MigrationContext.configure(connection).get_current_revision()
    if there != head:
        return Finding("migrations", title, Level.FAILED, f"It is at {there or 'nothing'}, the code at {head}.", advice)
    return Finding("migrations", title, Level.OK, f"At {head}.")


def mail() -> Finding:
    """Check that the mail server accepts our login, and that no email waits for long. No email is sent."""
    url, title = settings_of_app().mail_url, "Mail can be sent"
    if url == "outbox:":
        return Finding("mail", title, Level.SKIPPED, "It is kept in the outbox.")
    try:
        with mail_connection(url, TIMEOUT_SECONDS) as server:
            server.noop()
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return Finding(
            "mail", title, Level.FAILED, f"{urlsplit(url).hostname}: {type(error).__name__}.", "Check MAIL_URL."
        )
    outbox = query_or(queue, Queue(0, None, 0))
    said = f"{urlsplit(url).hostname} lets us in. {outbox.waiting} emails wait; {outbox.given_up} could not be sent."
    if outbox.is_late(utcnow()):
        return Finding("mail", title, Level.WARNING, said, "Does the shop run? It sends them; so does: flask send-mail")
    return Finding("mail", title, Level.OK, said)


def limits() -> Finding:
    """Check that the rate limits are shared."""
    url, title = settings_of_app().redis_url, "Rate limits are shared by all hosts"
    if not url:
        return Finding(
            "limits", title, Level.SKIPPED, "Each worker counts for itself; set REDIS_URL for several hosts."
        )
    try:
        redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS).ping()
    except redis.RedisError as error:
        return Finding("limits", title, Level.FAILED, f"{type(error).__name__}.", "Check REDIS_URL.")
    return Finding("limits", title, Level.OK, "Redis answers.")


def proxies() -> Finding:
    """Check that the number of proxies in front is set."""
    settings, title = settings_of_app(), "The proxies in front are known"
    if settings.https and not settings.trusted_proxies:
        advice = "If a proxy ends TLS, set TRUSTED_PROXIES; otherwise all visitors share one address, and its limits."
        return Finding("proxies", title, Level.WARNING, "TRUSTED_PROXIES=0 behind https.", advice)
    return Finding("proxies", title, Level.OK, f"TRUSTED_PROXIES={settings.trusted_proxies}")


def webhook() -> Finding:
    """Check that the revocation webhook can be reached, as far as this machine can tell.

    The real address answers a GET with 405, a wrong one with 404; a GET delivers no event.
    """
    settings, title = settings_of_app(), "The revocation webhook is reachable"
    if not settings.webhook_token:
        advice = "Set VIPPS_WEBHOOK_TOKEN, and give Vipps the address."
        return Finding("webhook", title, Level.WARNING, "There is none.", advice)
    url = f"{settings.public_url}/webhooks/vipps/consent-revoked/"
    try:
        answer = urllib3.request(
            "GET", url + settings.webhook_token, timeout=TIMEOUT_SECONDS, retries=False, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        advice = "Is the shop running, and is PUBLIC_URL its address?"
        return Finding("webhook", title, Level.WARNING, f"{url}…: {type(error).__name__}.", advice)
    level = Level.OK if answer.status == 405 else Level.FAILED
    return Finding("webhook", title, level, f"{url}… answers {answer.status}.")


def _bits(secret: str) -> float:
    """Estimate a key's entropy from its length and the frequency of its characters (Shannon)."""
    shares = [count / len(secret) for count in Counter(secret).values()]
    return -sum(share * log2(share) for share in shares) * len(secret)
