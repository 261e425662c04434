"""Check each setting by using it as the shop will: compose an email, route the webhook, build the headers of a call.

`CHECKS` is the one table, for the start and for `flask doctor`. Each row has a setting, the form to write it in, and a
function that uses it and raises `ValueError` with the problem. A problem is one line with the name of the setting. It
quotes at most one character or one name of a value, and never a secret.
"""

import difflib
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

import redis
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from app.origins import is_of_local_network, normal_origin
from app.settings import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, LOCAL_HOSTS, Settings, read_dotenv, vipps_config
from app.vipps.config import WEBHOOK_PATH
from app.vipps.values import normal_email

MIN_SECRET = 32  # characters
# Vipps Login API guide: scopes. `OTHER_NAMES` maps OpenID Connect scopes that Vipps lacks to Vipps' own scopes.
SCOPES = ("openid", "name", "phoneNumber", "email", "address", "birthDate", "gender", "paymentSourceReferences")
CONSENT_SCOPES = ("delegatedConsents", "customFlow")
CSP_DIRECTIVES = ("script-src", "style-src", "img-src", "font-src", "connect-src", "form-action", "frame-src")
OTHER_NAMES = {"profile": "name", "phone": "phoneNumber", "phone_number": "phoneNumber", "birthdate": "birthDate"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# The allowed characters of values, where a standard or Vipps' documentation limits them.
CHARACTERS = {
    "VIPPS_CLIENT_ID": r"[!-9;-~]",  # a colon would end it in the Basic header (RFC 7617, section 2)
    "VIPPS_CLIENT_SECRET": r"[!-~]",  # RFC 6749, appendix A.2
    "VIPPS_MERCHANT_SERIAL_NUMBER": r"[0-9]",
    "VIPPS_SCOPES": r"[!#-\[\]-~ ]",  # RFC 6749, section 3.3
    "VIPPS_WEBHOOK_TOKEN": r"[\w.~!$&'()*+;=:@-]",  # a segment of a path without escapes (RFC 3986, section 3.3)
    "VIPPS_WEBHOOK_TOKEN_FALLBACKS": r"[\w.~!$&'()*+;=:@ -]",
    "METRICS_TOKEN": r"[ -~]",  # the characters of a header value
    **dict.fromkeys(("PUBLIC_URL", "SIMULATOR_URL", "VIPPS_BASE_URL", "REDIS_URL"), r"[^ \"<>]"),
}
NO_SHAPE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})  # categories of Unicode
QUOTES = "\"'`“”‘’"
CONTROLS = {"\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\t": "TAB"}  # Unicode gives control characters no name


def line(name: str, reason: str) -> str:
    """Return a problem in one line: the setting, what is wrong, and the form to write."""
    form = f"; write {CHECKS[name].form}" if name in CHECKS else ""
    return f"{name}: {reason.removeprefix('Value error, ')}{form}"


def unknown_names(environ: Mapping[str, str]) -> list[str]:
    """Return variables that look like misspelt settings. If the shop ignored them, it would use default values."""
    known = {_letters(field): field.upper() for field in Settings.model_fields}
    in_file = read_dotenv() if environ == os.environ else {}
    problems = []
    for name in sorted(set(environ) - set(known.values())):
        is_vipps, letters = name.upper().startswith("VIPPS_"), _letters(name)
        # A variable that only the environment has may be another program's, so it must be very near.
        near = difflib.get_close_matches(letters, known, n=1, cutoff=0.8 if is_vipps or name in in_file else 0.88)
        near = near or [each for each in (f"VIPPS{letters}",) if each in known and name in in_file]
        meant = known[near[0]] if near else ""
        if is_vipps or (meant and not environ.get(meant)):
            problems.append(f"{name}: there is no such setting" + (f"; did you mean {meant}?" if meant else ""))
    return problems


def _letters(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", name.upper())


def unusable_texts(given: Mapping[str, str]) -> list[str]:
    """Return a problem for each value with a character that it cannot have; the problem names that character."""
    problems = []
    for name, value in given.items():
        if len(value) > 1 and value[0] in QUOTES and value[-1] in QUOTES:
            problems.append(line(name, f"{_described(value[0])} stands around the value; leave the quotes out"))
            continue
        fits = re.compile(CHARACTERS.get(name, "(?s:.)"), re.ASCII)
        for position, character in enumerate(value, 1):
            has_shape = unicodedata.category(character) not in NO_SHAPE or character == " "
            if not has_shape or not fits.fullmatch(character):
                problems.append(line(name, f"{_described(character)} at position {position} cannot be a part of it"))
                break
    return problems


def _described(character: str) -> str:
    shown = f"“{character}” " if character.isprintable() and character != " " else ""
    name = unicodedata.name(character, CONTROLS.get(character, "no character"))
    return f"{shown}(U+{ord(character):04X} {name})"


def problems(settings: Settings) -> list[str]:
    """Use each setting, and return the problems."""
    found = [line(name, reason) for name, is_wrong, reason in _conditions(settings) if is_wrong]
    for name, check in CHECKS.items():
        try:
            check.use(settings)
        except ValueError as error:
            found.append(line(name, str(error)))
    return found


def _conditions(s: Settings) -> Iterator[tuple[str, object, str]]:
    """Yield the rules between settings: the name of a setting, whether it breaks the rule, and the reason.

    Only the first reason is shown for each setting.
    """
    production, real = s.vipps_environment == "production", not s.simulated
    required, apart = f"required with VIPPS_ENVIRONMENT={s.vipps_environment}", "client id and secret belong together"
    client_id, client_secret = s.vipps_client_id, s.vipps_client_secret.get_secret_value()
    key, token, metrics = s.secret_key, s.vipps_webhook_token, s.metrics_token
    yield "VIPPS_CLIENT_ID", client_secret and not client_id, f"{apart}; it is not set"
    yield "VIPPS_CLIENT_ID", real and not client_id, required
    are_swapped = client_id and not UUID.fullmatch(client_id) and UUID.fullmatch(client_secret)
    yield "VIPPS_CLIENT_ID", are_swapped, "client id and secret are swapped: the secret has the form of a client id"
    yield "VIPPS_CLIENT_ID", real and client_id == DEMO_CLIENT_ID, "this is the simulator’s"
    yield "VIPPS_CLIENT_SECRET", client_id and not client_secret, f"{apart}; it is not set"
    yield "VIPPS_CLIENT_SECRET", real and not client_secret, required
    yield "VIPPS_CLIENT_SECRET", client_secret and client_secret == client_id, "this is the client id"
    yield "VIPPS_CLIENT_SECRET", real and client_secret == DEMO_CLIENT_SECRET, "this is the simulator’s and public"
    may_be_http = s.simulated or (not production and urlsplit(s.provider_url).hostname in LOCAL_HOSTS)
    yield "VIPPS_BASE_URL", not (s.provider_url.startswith("https://") or may_be_http), "must be https"
    yield "VIPPS_WEBHOOK_TOKEN", real and 0 < len(token) < MIN_SECRET, f"at least {MIN_SECRET} random characters"
    yield "SECRET_KEY", real and not len(key), required
    yield "SECRET_KEY", real and len(key) < MIN_SECRET, f"at least {MIN_SECRET} characters (it signs cookies)"
    yield "METRICS_TOKEN", 0 < len(metrics) < MIN_SECRET, f"at least {MIN_SECRET} random characters"
    yield "SIMULATOR_CONNECT_TO", real and s.simulator_connect_to, "it is for the simulator only"
    yield "MAIL_URL", production and s.keeps_mail, "“outbox:” sends nothing"
    reply_to, contact = s.mail_reply_to, s.security_contact
    yield "MAIL_REPLY_TO", reply_to and not normal_email(reply_to), "this is not an email address"
    is_contact = normal_email(contact) or re.fullmatch(r"https://[!-~]+", contact)
    yield "SECURITY_CONTACT", contact and not is_contact, "this is neither an email address nor an https address"
    shows = "it shows every email and the inspector to any visitor"
    yield "DEMO", production and s.in_demo, f"must be 0 in production; {shows}"
    shows = "its pages show the staff password, and Vipps would ask real people"
    yield "VIPPS_COUNTER", s.vipps_counter and s.in_demo and real, f"not with DEMO=1: {shows}"
    has_worlds = s.in_demo and s.simulated and find_spec("demo")
    yield "DEMO_WORLDS", s.demo_worlds and not has_worlds, "works with the demo and the simulator only"
    folder = s.prometheus_multiproc_dir
    is_usable = not folder or os.access(folder, os.W_OK | os.X_OK)
    yield "PROMETHEUS_MULTIPROC_DIR", not is_usable, "there is no such folder, or this user cannot write to it"


def _headers(settings: Settings) -> None:
    """Build the headers that every call to Vipps has (Vipps: HTTP headers, 30 characters each)."""
    for name, value in vipps_config(settings).tracking_headers.items():
        if len(value.encode("ascii")) > 30:
            raise ValueError(f"{name} may have 30 characters")


def _scopes(settings: Settings) -> None:
    asked = settings.vipps_scopes.split()
    if "openid" not in asked:
        raise ValueError("it does not contain openid (OpenID Connect Core, section 3.1.2.1)")
    for scope in asked:
        if scope == "nin":
            raise ValueError("this shop never asks for nin, the national identity number")
        if scope in CONSENT_SCOPES:
            raise ValueError(f"{scope} is set by VIPPS_CONSENT_SCOPE")
        if scope not in SCOPES:
            by_letters = {each.lower(): each for each in SCOPES} | OTHER_NAMES
            near = difflib.get_close_matches(scope.lower(), by_letters, n=1)
            meant = f"; did you mean {by_letters[near[0]]}?" if near else ""
            raise ValueError(f"“{scope}” is no scope of Vipps{meant}")


def _public_origin(settings: Settings) -> None:
    if not settings.https:
        host = urlsplit(settings.public_url).hostname or ""
        if settings.simulated and not is_of_local_network(host):
            raise ValueError("must be https; http is for the simulator on localhost, a private address or .local name")
        if not settings.simulated and host not in LOCAL_HOSTS:
            raise ValueError("must be https, but for localhost (Vipps accepts no other http redirect URI)")
        if settings.vipps_environment == "production":
            raise ValueError("must be https in production")
    base = urlsplit(settings.provider_url)
    if settings.simulated and settings.public_url == f"{base.scheme}://{base.netloc}":
        raise ValueError("this is the simulator’s origin; the shop needs one of its own")


def _connect_to(settings: Settings) -> None:
    given = settings.simulator_connect_to
    match = re.fullmatch(r"(?:http://)?(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):([0-9]{1,5})", given)
    if given and not (match and 0 < int(match[1]) < 65536):
        raise ValueError("a host and a port are needed")


def _webhook(settings: Settings) -> None:
    _find_webhook(settings, [settings.webhook_token] if settings.webhook_token else [])


def _other_webhooks(settings: Settings) -> None:
    own = settings.vipps_webhook_token.get_secret_value()
    _others("VIPPS_WEBHOOK_TOKEN", own, settings.other_webhook_tokens, "the one to stay")
    _find_webhook(settings, settings.other_webhook_tokens)


def _other_keys(settings: Settings) -> None:
    _others("SECRET_KEY", settings.secret_key.get_secret_value(), settings.older_keys, "the one that signs")


def _find_webhook(settings: Settings, tokens: list[str]) -> None:
    """Build the webhook's address with each token, and find its route with it."""
    routes = Map([Rule(f"{WEBHOOK_PATH}<token>", methods=["POST"], endpoint="webhook")]).bind("shop")
    for token in tokens:
        parts = urlsplit(settings.webhook_url(token))
        try:
            found = routes.match(unquote(parts.path), "POST")[1] if not parts.query + parts.fragment else {}
        except HTTPException:
            found = {}
        if found.get("token") != token:
            raise ValueError("it cannot be the last part of an address")


def _others(name: str, own: str, others: list[str], role: str) -> None:
    """Check the further secrets beside the main one: they must be as strong."""
    if others and not own:
        raise ValueError(f"these are the other ones; {name}, {role}, is not set")
    if own in others:
        raise ValueError(f"{name}, {role}, is among them")
    if any(len(each) < MIN_SECRET for each in others):
        raise ValueError(f"at least {MIN_SECRET} characters each; blanks and commas stand between them")


def _database(settings: Settings) -> None:
    """Read the address as SQLAlchemy and the driver do, without a connection."""
    scheme, separator, _ = settings.database.partition("://")
    if scheme not in ("sqlite", "postgresql+psycopg"):
        # Without the separator the scheme is the whole value, which may have a password.
        raise ValueError(f"{scheme}:// is not supported" if separator else "it begins with no scheme")
    try:
        url = make_url(settings.database)
        options = url.get_dialect()().create_connect_args(url)[1]
    except (SQLAlchemyError, ValueError):
        raise ValueError("it cannot be read; the port is a number") from None
    if scheme == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise ValueError("a database in memory is lost between two requests")
        if os.path.isdir(url.database):
            raise ValueError("this is a folder")
        if settings.database_url and os.path.isabs(url.database) and not os.path.isdir(os.path.dirname(url.database)):
            raise ValueError("the folder of this file does not exist")
        return
    if "@" in (url.host or ""):
        raise ValueError("an “@” in the user name or password is written %40")
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError("the port is not from 1 to 65535")
    import psycopg  # only a shop on PostgreSQL loads the driver

    try:
        psycopg.conninfo.make_conninfo(**options)
    except psycopg.ProgrammingError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _redis(settings: Settings) -> None:
    if settings.redis_url:
        parts = _server(settings.redis_url, ("redis", "rediss"))
        if not re.fullmatch(r"(/\d*)?", parts):
            raise ValueError("after the host and port comes the number of the database")
        pool = redis.ConnectionPool.from_url(settings.redis_url)
        try:
            pool.make_connection()
        except TypeError:
            raise ValueError("it has an unknown option after “?”") from None


def _server(url: str, schemes: tuple[str, ...]) -> str:
    """Check the scheme, host and port of a server's address, and return its path."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise ValueError("host or port cannot be read; “/”, “?”, “#” and “[” in a password are escaped: %2F") from None
    if parts.scheme not in schemes:
        raise ValueError(f"it does not begin with {' or '.join(f'{scheme}://' for scheme in schemes)}")
    # Unless it is escaped, one of these characters ends the host; the rest silently becomes another part of the URL.
    if "@" in parts.path + parts.query.partition("from=")[0] + parts.fragment or parts.fragment:
        raise ValueError("“/”, “?” and “#” in the user name or password are written %2F, %3F and %23")
    if not host or not re.fullmatch(r"[\w.:-]+", host):
        raise ValueError("it names no host")
    if port == 0:
        raise ValueError("0 is not a port")
    return parts.path


def _mail(settings: Settings) -> None:
    """Compose one email, and read the server's address."""
    from app.mail import compose

    if settings.keeps_mail:
        return
    path = _server(settings.mail_url, ("smtp", "smtps"))
    sender = parse_qs(urlsplit(settings.mail_url).query).get("from", ["shop@example.com"])[0]
    if not normal_email(sender):
        raise ValueError("?from= is one email address")
    if path.strip("/") or not re.fullmatch(r"(from=[^&]+)?", urlsplit(settings.mail_url).query):
        raise ValueError("after the host and port comes nothing but ?from=")
    try:
        compose(settings, "customer@example.com", "Subject", "Body").as_bytes()
    except (ValueError, IndexError):
        raise ValueError("the sender cannot stand in an email") from None


def _csp_sources(settings: Settings) -> None:
    """Accept only origins: a keyword such as 'unsafe-inline' would let an injected script run (ASVS 3.4.3)."""
    for directive, source in settings.further_sources:
        if directive not in CSP_DIRECTIVES:
            raise ValueError(f"“{directive}” is none of {', '.join(CSP_DIRECTIVES)}")
        if not source.startswith("https://") or normal_origin(source) != source:
            raise ValueError(f"the source of {directive} is no origin in its normal form")


class Check(NamedTuple):
    """The form in which a setting is written, and the function that uses it."""

    form: str
    use: Callable[[Settings], None] = lambda settings: None


ORIGIN = "an origin such as https://shop.example.com"
CHECKS = {
    "VIPPS_CLIENT_ID": Check("the sales unit’s client id as the portal shows it, 8-4-4-4-12 characters"),
    "VIPPS_CLIENT_SECRET": Check("the sales unit’s client secret as the portal shows it"),
    "VIPPS_CLIENT_AUTH_METHOD": Check(
        "how the portal sets up the sales unit, with its own keys; partner keys (a Bearer token) do not work here"
    ),
    "VIPPS_MERCHANT_SERIAL_NUMBER": Check("the sales unit’s number, digits only", _headers),
    "VIPPS_SCOPES": Check("names from this list, with blanks: " + " ".join(SCOPES), _scopes),
    "VIPPS_BASE_URL": Check("an origin such as https://api.vipps.no"),
    "VIPPS_WEBHOOK_TOKEN": Check("what this prints: openssl rand -hex 32", _webhook),
    "VIPPS_WEBHOOK_TOKEN_FALLBACKS": Check("tokens with blanks between them", _other_webhooks),
    "PUBLIC_URL": Check(ORIGIN, _public_origin),
    "SIMULATOR_URL": Check("an origin such as http://localhost:8001, or a world of it: http://localhost:8001/w/name"),
    "SIMULATOR_CONNECT_TO": Check("a host and a port, such as simulator:8001 or http://localhost:8001", _connect_to),
    "DATABASE_URL": Check("sqlite:////folder/file or postgresql://user:password@host:5432/name", _database),
    "REDIS_URL": Check("redis://:password@host:6379/0", _redis),
    "SECRET_KEY": Check("what this prints: openssl rand -hex 32"),
    "SECRET_KEY_FALLBACKS": Check("keys with blanks between them", _other_keys),
    "MAIL_URL": Check("smtp://user:password@host:587 or smtps://…, with escapes such as %2F", _mail),
    "MAIL_REPLY_TO": Check("one email address, such as support@example.com"),
    "SECURITY_CONTACT": Check("one email address or https address, such as security@example.com"),
    "CSP_SOURCES": Check("DIRECTIVE=ORIGIN with blanks between, as in font-src=https://cdn.example.com", _csp_sources),
    "DEMO": Check("1 or 0"),
    "DEMO_WORLDS": Check("1 or 0"),
    "VIPPS_COUNTER": Check("1 or 0"),
    "METRICS_TOKEN": Check("what this prints: openssl rand -hex 32"),
    "GUIDE_EDIT_URL": Check("an address that ends with a slash, such as https://github.com/you/shop/edit/main/"),
    "PROMETHEUS_MULTIPROC_DIR": Check("the path of a folder, or nothing"),
}
