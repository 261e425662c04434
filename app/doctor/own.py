"""Check the shop itself: its settings, and whether the services that it depends on answer."""

import re
import smtplib
import tomllib
from collections import Counter
from math import log2
from urllib.parse import urlsplit

import redis
import urllib3
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from app import about
from app.database import begin_write, db, migrate, query_or, utcnow
from app.doctor.findings import CheckOutcome, check, failed, ok, skipped, warning
from app.mail import connection as mail_connection
from app.mail_sender import Queue, queue
from app.settings import ROOT, settings_of_app, sources
from app.shop.models import Product

TIMEOUT_SECONDS = 3.0  # for each answer
TEMPLATE = "multe"
TEMPLATE_STREETS, TEMPLATE_TOWNS = ("Kaigata 4", "Storgata 1"), ("Skarvfjell",)
# RFC 2606: names that no mail server has.
PLACEHOLDER_DOMAIN = re.compile(r"[@.](?:example|invalid|test|localhost|example\.(?:com|net|org))$", re.IGNORECASE)
MIN_KEY_BITS = 128  # of a signing key, estimated from its characters


@check("The settings can be used")
def settings() -> CheckOutcome:
    """Tell where the value of each setting comes from, but never the value. Starting the app has checked the values."""
    names: dict[str, list[str]] = {"environment": [], ".env": [], "default": []}
    for name, source in sources().items():
        names[source].append(name)
    said = "; ".join(f"from {source}: {', '.join(names[source]) or 'none'}" for source in ("environment", ".env"))
    said = f"{said}; {len(names['default'])} have their default."
    return ok(said[0].upper() + said[1:])


@check("Which Vipps is asked")
def environment() -> CheckOutcome:
    """Check which Vipps environment is set."""
    settings = settings_of_app()
    said = f"VIPPS_ENVIRONMENT={settings.vipps_environment}, at {settings.provider_url}"
    said += ", with the demo’s pages." if settings.in_demo else "."
    said += "" if settings.passwords else f" Customers log in with {settings.brand} only."
    if settings.shows_outbox and not settings.simulated:
        advice = "The outbox shows every email to any visitor; set DEMO=0 before real customers come."
        return warning(said, advice)
    return ok(said)


@check("Customers come by https")
def https() -> CheckOutcome:
    """Check that customers use HTTPS; the app does not start with plain HTTP, except on this machine."""
    settings = settings_of_app()
    return ok(settings.public_url) if settings.https else skipped(f"{settings.public_url} is this machine.")


@check("The redirect URI")
def redirect_uri() -> CheckOutcome:
    """Show the redirect URI, which Vipps compares exactly (Vipps Login API FAQ). Its form was checked at start-up."""
    return ok(f"Register exactly this address in the portal: {settings_of_app().redirect_uri}")


@check("Vipps is told for which sales unit")
def sales_unit() -> CheckOutcome:
    """Check that calls name the sales unit, as partners and platforms must (Vipps: HTTP headers; partner keys)."""
    settings = settings_of_app()
    if settings.vipps_merchant_serial_number:
        return ok(f"Merchant-Serial-Number {settings.vipps_merchant_serial_number}, with the sales unit’s own keys.")
    if settings.simulated:
        return skipped("This is the simulator.")
    advice = "Set VIPPS_MERCHANT_SERIAL_NUMBER to the sales unit’s number, not the partner’s. Partners must send it."
    return warning("No Merchant-Serial-Number.", advice)


@check("Cookies are protected")
def cookies() -> CheckOutcome:
    """Check the protecting attributes of the cookies."""
    config, https = current_app.config, settings_of_app().https
    said = f"HttpOnly, SameSite={config['SESSION_COOKIE_SAMESITE']}{', Secure, __Host-' if https else ''}"
    fits = config["SESSION_COOKIE_HTTPONLY"] and config["SESSION_COOKIE_SAMESITE"] == "Lax"
    fits = fits and config["SESSION_COOKIE_SECURE"] == https
    return ok(said) if fits else failed(said)


@check("SECRET_KEY")
def secret_key() -> CheckOutcome:
    """Check that the keys that sign and verify cookies cannot be guessed. The finding shows no part of them."""
    settings = settings_of_app()
    if not settings.secret_key.get_secret_value():
        return ok("Generated for the demo, and kept in instance/.")
    bits = min(_bits(key) for key in settings.signing_keys)
    if bits < MIN_KEY_BITS:
        advice = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        return failed(f"Too plain: about {bits:.0f} bits.", advice)
    others = f" {len(settings.older_keys)} more verify and do not sign." if settings.older_keys else ""
    return ok(f"About {bits:.0f} bits.{others}")


@check("The database can be written")
def database() -> CheckOutcome:
    """Check that the database answers and can be written. Nothing is written."""
    dialect = db.engine.dialect.name
    try:
        begin_write()  # SQLite refuses it for a file that cannot be written
        read_only = dialect == "postgresql" and db.session.scalar(text("SHOW transaction_read_only")) == "on"
    except SQLAlchemyError as error:
        read_only = getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_READONLY")  # type: ignore[attr-defined]  # of sqlite3 only
        if not read_only:
            return failed(f"{dialect}: {type(error).__name__}.", "Check DATABASE_URL.")
    finally:
        db.session.rollback()
    advice = "Give the shop the right to write its file, or the address of the primary server."
    return failed(f"{dialect} is read-only.", advice) if read_only else ok(dialect)


@check("The database is migrated")
def migrations() -> CheckOutcome:
    """Check that the database has the tables of this version."""
    heads = ScriptDirectory.from_config(migrate.get_config()).get_heads()
    if len(heads) > 1:
        said = f"The code has several newest revisions: {', '.join(heads)}."
        return failed(said, "Run: flask --app wsgi db merge -m upstream heads")
    (head,) = heads
    with db.engine.connect() as connection:
        there = MigrationContext.configure(connection).get_current_revision()
    if there != head:
        return failed(f"It is at {there or 'nothing'}, the code at {head}.", "Run: flask --app wsgi setup")
    return ok(f"At {head}.")


@check("The shop has no placeholders")
def stand_ins() -> CheckOutcome:
    """Check that a fork has replaced the template's placeholders: contact, address, goods, project name."""
    settings = settings_of_app()
    if settings.in_demo and about.SLUG == TEMPLATE:
        return skipped("This is the demo, with an invented shop.")
    project = ROOT / "pyproject.toml"
    name = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["name"] if project.exists() else about.SLUG
    left = {
        f"the email address {about.EMAIL}": PLACEHOLDER_DOMAIN.search(about.EMAIL),
        f"the address {about.ADDRESS}": about.STREET in TEMPLATE_STREETS or about.TOWN in TEMPLATE_TOWNS,
        f"the name {about.NAME}": about.SLUG == TEMPLATE,
        f"the name {name} in pyproject.toml": name == TEMPLATE != about.SLUG,
        "the empty catalogue": db.session.scalar(select(Product.id).limit(1)) is None,
    }
    if found := [words for words, is_left in left.items() if is_left]:
        advice = "Write your own into app/about.py and pyproject.toml, and load your products."
        return warning(f"Left of the template: {', '.join(found)}.", advice)
    return ok(f"{about.NAME}, {about.ADDRESS}, {about.EMAIL}")


@check("Mail can be sent")
def mail() -> CheckOutcome:
    """Check that the mail server accepts the shop's login, and that no email waits for long. No email is sent."""
    url = settings_of_app().mail_url
    if url == "outbox:":
        return skipped("It is kept in the outbox.")
    try:
        with mail_connection(url, TIMEOUT_SECONDS) as server:
            server.noop()
    except (OSError, ValueError, smtplib.SMTPException) as error:
        return failed(f"{urlsplit(url).hostname}: {type(error).__name__}.", "Check MAIL_URL.")
    outbox = query_or(queue, Queue(0, None, 0))
    said = f"{urlsplit(url).hostname} lets us in. {outbox.waiting} emails wait; {outbox.given_up} could not be sent."
    if outbox.is_late(utcnow()):
        return warning(said, "Does the shop run? It sends them; so does: flask send-mail")
    return ok(said)


@check("Rate limits are shared by all hosts")
def limits() -> CheckOutcome:
    """Check that the rate limits are shared."""
    url = settings_of_app().redis_url
    if not url:
        return skipped("Each worker counts for itself; set REDIS_URL for several hosts.")
    try:
        redis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS).ping()
    except redis.RedisError as error:
        return failed(f"{type(error).__name__}.", "Check REDIS_URL.")
    return ok("Redis answers.")


@check("The proxies in front are known")
def proxies() -> CheckOutcome:
    """Check that the number of proxies in front is set."""
    settings = settings_of_app()
    if settings.https and not settings.trusted_proxies:
        advice = "If a proxy ends TLS, set TRUSTED_PROXIES; otherwise all visitors share one address, and its limits."
        return warning("TRUSTED_PROXIES=0 behind https.", advice)
    return ok(f"TRUSTED_PROXIES={settings.trusted_proxies}")


@check("The revocation webhook is reachable")
def webhook() -> CheckOutcome:
    """Check that the revocation webhook can be reached, as far as this machine can tell.

    The real address answers a GET with 405, a wrong one with 404; a GET delivers no event.
    """
    settings = settings_of_app()
    if not settings.webhook_token:
        return warning("There is none.", "Set VIPPS_WEBHOOK_TOKEN, and give Vipps the address.")
    url = settings.webhook_url("")
    try:
        answer = urllib3.request(
            "GET", url + settings.webhook_token, timeout=TIMEOUT_SECONDS, retries=False, redirect=False
        )
    except urllib3.exceptions.HTTPError as error:
        return warning(f"{url}…: {type(error).__name__}.", "Is the shop running, and is PUBLIC_URL its address?")
    said = f"{url}… answers {answer.status}."
    return ok(said) if answer.status == 405 else failed(said)


def _bits(secret: str) -> float:
    """Estimate a key's entropy from its length and the frequency of its characters (Shannon)."""
    shares = [count / len(secret) for count in Counter(secret).values()]
    return -sum(share * log2(share) for share in shares) * len(secret)
