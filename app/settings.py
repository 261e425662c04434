"""Read the environment and `.env` once into a frozen, validated `Settings` object.

The file `.env` beside `wsgi.py` is read alike for the server and for every command; a variable of the environment wins.
No other module of `app/` reads `os.environ`. Every variable is optional for the demo. With an unknown, incomplete or
unsafe value the shop does not start, and a `SettingsError` names the variable and the reason (`setting_checks`).
`.env.example` lists the same variables, which a test checks.
"""

import hmac
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Literal, cast

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from flask import current_app
from flask.helpers import get_load_dotenv
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app import about
from app.origins import normal_origin
from app.vipps.config import CALLBACK_PATH, WEBHOOK_PATH, ConnectTo, VippsConfig, scoped_cookie_name

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = ROOT / "instance"
VERSION = str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])
DOTENV = ROOT / ".env"

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
VIPPS_HOSTS = {"test": "https://apitest.vipps.no", "production": "https://api.vipps.no"}

SIMULATOR_WORLD = re.compile(r"(?<=[^/])/w/[a-z0-9-]{1,40}/?\Z")
# The credentials of the simulator's demo merchant: public by design, refused outside the simulator.
DEMO_CLIENT_ID = "5f0e4bd2-6c1c-4f2b-9f0a-0d7f6a4b1c55"
DEMO_CLIENT_SECRET = "simulated+secret/for-the-demo=="  # noqa: S105 - reserved characters on purpose

# The ids of Vipps' predefined consents, which are the shop's channels (`app.customers.consents.channels`).
CONSENT_CHANNELS = ("email", "sms", "digital", "personal")

# Vipps announced the day without an hour: "MobilePay becomes Vipps" (Vipps MobilePay, technical updates, October 2026).
MOBILEPAY_ENDS = date(2027, 1, 12)
# Blanks, line breaks and invisible characters, which a copied value may have at its ends.
_UNSEEN = r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+"
# Settings of several values: blanks, commas and line breaks stand between them.
SEPARATED = ("VIPPS_SCOPES", "VIPPS_WEBHOOK_TOKEN_FALLBACKS", "SECRET_KEY_FALLBACKS", "CSP_SOURCES")
ENDS = re.compile(rf"\A{_UNSEEN}|{_UNSEEN}\Z")


class SettingsError(Exception):
    """The environment is invalid; the message names each variable and the reason."""


class Settings(BaseSettings):
    """Every setting; `.env.example` explains each in one line."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    vipps_environment: Literal["simulator", "test", "production"] = "simulator"
    vipps_base_url: str = ""
    vipps_client_id: str = ""
    vipps_client_secret: SecretStr = SecretStr("")
    vipps_client_auth_method: Literal["client_secret_basic", "client_secret_post"] = "client_secret_basic"
    vipps_merchant_serial_number: str = ""
    vipps_scopes: str = "openid name phoneNumber email address"
    vipps_consent_scope: Literal["delegatedConsents", "customFlow", "none"] = "delegatedConsents"
    vipps_consent_channels: str = ""
    vipps_market: Literal["NO", "DK", "FI", "SE"] = "NO"
    vipps_brand: Literal["vipps", "mobilepay", ""] = ""
    passwords: bool = True
    vipps_plan: Literal["basic", "advanced"] = "basic"
    vipps_new_customers: Literal["create", "refuse"] = "create"
    vipps_counter: bool = False
    vipps_button: Literal["plain", "web-component"] = "plain"
    vipps_concurrent_logins: int = Field(100, ge=1, le=1000)
    vipps_webhook_token: SecretStr = SecretStr("")
    vipps_webhook_token_fallbacks: SecretStr = SecretStr("")
    public_url: str = "http://localhost:8000"
    simulator_url: str = "http://localhost:8001"
    simulator_connect_to: str = ""
    database_url: str = ""
    database_pool_size: int | None = Field(None, ge=1, le=1000)
    database_pool_overflow: int | None = Field(None, ge=0, le=1000)
    redis_url: str = ""
    secret_key: SecretStr = SecretStr("")
    secret_key_fallbacks: SecretStr = SecretStr("")
    mail_url: str = "outbox:"
    mail_reply_to: str = ""
    security_contact: str = ""
    csp_sources: str = ""
    demo: bool | None = None
    demo_worlds: bool = False
    trusted_proxies: int = Field(0, ge=0, le=10)
    log_format: Literal["json", "text"] = "json"
    metrics_token: SecretStr = SecretStr("")
    prometheus_multiproc_dir: str = ""
    guide_edit_url: str = Field("", pattern=r"^(https://[^\s\"<>]+/)?$")
    keep_consent_proof_days: int = Field(1095, ge=1, le=3650)
    keep_orders_days: int = Field(1827, ge=1, le=7300)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read only the mapping that `load` gets, so that tests do not depend on the machine's environment."""
        return (init_settings,)

    @field_validator("simulator_url")
    @classmethod
    def _normal_with_world(cls, value: str) -> str:
        world = SIMULATOR_WORLD.search(value)  # one simulator serves many worlds, each under a path of its own
        path = world[0].rstrip("/") if world else ""
        return normal_origin(value[: world.start()] if world else value) + path

    @field_validator("public_url", "vipps_base_url")
    @classmethod
    def _normal(cls, value: str) -> str:
        return normal_origin(value) if value else value

    @field_validator("database_url")
    @classmethod
    def _for_our_driver(cls, value: str) -> str:
        # Hosting platforms set these schemes, for which SQLAlchemy has another driver or none.
        return re.sub(r"\Apostgres(ql)?://", "postgresql+psycopg://", value)

    @field_validator("vipps_consent_channels")
    @classmethod
    def _maps_to_channels(cls, value: str) -> str:
        pairs = value.replace(",", " ").split()
        for pair in pairs:
            consent_id, _, channel = pair.partition("=")
            if sum(each.startswith(f"{consent_id}=") for each in pairs) > 1:
                raise ValueError(f"{consent_id} has more than one channel")
            if not consent_id or channel not in CONSENT_CHANNELS:
                raise ValueError(f"{pair!r} is not ID=CHANNEL; channels are {', '.join(CONSENT_CHANNELS)}")
        return value

    @property
    def consent_channels(self) -> dict[str, str]:
        """Return the channel of each of the merchant's own consent ids."""
        return dict(pair.split("=", 1) for pair in self.vipps_consent_channels.replace(",", " ").split())

    @property
    def simulated(self) -> bool:
        """Return whether the simulator is used instead of Vipps."""
        return self.vipps_environment == "simulator"

    @property
    def in_demo(self) -> bool:
        """Return whether outbox, inspector and demo hints are shown: `DEMO`, or else if the simulator is used."""
        return self.simulated if self.demo is None else self.demo

    @property
    def keeps_mail(self) -> bool:
        """Return whether emails are kept instead of sent."""
        return self.mail_url == "outbox:"

    @property
    def shows_outbox(self) -> bool:
        """Return whether `/outbox` shows the emails: in the demo, unless they are sent to people."""
        return self.in_demo and self.keeps_mail

    @property
    def provider_url(self) -> str:
        """Return the origin of Vipps, or of the simulator."""
        return self.vipps_base_url or VIPPS_HOSTS.get(self.vipps_environment, self.simulator_url)

    @property
    def connect_to(self) -> ConnectTo | None:
        """Return the host and port at which the server reaches the simulator; None if its URL already has them."""
        scheme, _, address = self.simulator_connect_to.rpartition("://")
        host, _, port = address.rpartition(":")
        return ConnectTo(host.strip("[]"), int(port), without_tls=scheme == "http") if port else None

    @property
    def redirect_uri(self) -> str:
        """Return the URI of the callback, from the configuration and never from a request's Host header."""
        return self.public_url + CALLBACK_PATH

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the scopes of the authorization request, with the consent scope."""
        consent = (self.vipps_consent_scope,) if self.consents else ()
        return (*self.vipps_scopes.split(), *consent)

    @property
    def consents(self) -> bool:
        """Tell whether the shop has marketing consents: asks for them, shows them and sends news."""
        return self.vipps_consent_scope != "none"

    @property
    def further_sources(self) -> list[tuple[str, str]]:
        """Return the Content-Security-Policy's further sources, each with its directive."""
        return [(name, source) for name, _, source in (pair.partition("=") for pair in self.csp_sources.split())]

    @property
    def brand(self) -> str:
        """Return the brand in this market today: MobilePay in Denmark and Finland until it is renamed, else Vipps."""
        renamed = self.vipps_market not in ("DK", "FI") or datetime.now(UTC).date() >= MOBILEPAY_ENDS
        by_market = "vipps" if renamed else "mobilepay"
        return "MobilePay" if (self.vipps_brand or by_market) == "mobilepay" else "Vipps"

    @property
    def client_id(self) -> str:
        """Return this merchant's client id."""
        return self.vipps_client_id or DEMO_CLIENT_ID

    @property
    def client_secret(self) -> str:
        """Return this merchant's client secret, which is sent to the token endpoint only."""
        return self.vipps_client_secret.get_secret_value() or DEMO_CLIENT_SECRET

    @property
    def webhook_token(self) -> str:
        """Return the secret path segment of the revocation webhook; empty if the webhook is off.

        With the simulator the token is derived from this installation's key: with a published token, any web page that
        a developer opens could post events.
        """
        own = self.vipps_webhook_token.get_secret_value()
        if own or not self.simulated:
            return own
        return hmac.new(self.signing_key.encode(), b"webhook", "sha256").hexdigest()

    @property
    def other_webhook_tokens(self) -> list[str]:
        """Return the other tokens that are accepted while the webhook's address is being changed at Vipps."""
        return self.vipps_webhook_token_fallbacks.get_secret_value().split()

    def webhook_url(self, token: str) -> str:
        """Return the address that Vipps delivers to, with this token."""
        return f"{self.public_url}{WEBHOOK_PATH}{token}"

    @property
    def https(self) -> bool:
        """Return whether the shop uses https, and with it `Secure` and `__Host-` cookies and HSTS."""
        return self.public_url.startswith("https://")

    def cookie_name(self, name: str) -> str:
        """Return the name of one of the shop's cookies: `__Host-…` on https, else with the shop's name and port."""
        return scoped_cookie_name(name, self.public_url, owner=f"{about.SLUG}-")

    @property
    def database(self) -> str:
        """Return the SQLAlchemy URL of the shop's database."""
        return self.database_url or f"sqlite:///{INSTANCE / 'shop.sqlite'}"

    @cached_property
    def signing_key(self) -> str:
        """Return the signing key: `SECRET_KEY`, or in the demo a key that is generated once and stored on disk."""
        return self.secret_key.get_secret_value() or kept_secret(INSTANCE / "secret_key")

    @property
    def older_keys(self) -> list[str]:
        """Return the former keys, which only verify."""
        return self.secret_key_fallbacks.get_secret_value().split()

    @property
    def signing_keys(self) -> list[str]:
        """Return all keys in the order of itsdangerous: each verifies, and the last one signs."""
        return [*self.older_keys, self.signing_key]


def read_environment() -> dict[str, str]:
    """Put the variables of `.env` into the environment, as Flask's commands do, and return it.

    Libraries and child processes see them too. Flask's own switch `FLASK_SKIP_DOTENV=1` leaves the file out.
    """
    for name, value in read_dotenv().items():
        os.environ.setdefault(name, value)
    return dict(os.environ)


def read_dotenv() -> dict[str, str]:
    """Return the variables of `.env`; empty without the file. Raise `SettingsError` if it cannot be read."""
    if not get_load_dotenv() or not DOTENV.exists():
        return {}
    try:
        text = DOTENV.read_text("utf-8-sig")  # a BOM is not a part of the first name
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{DOTENV}: it cannot be read as UTF-8 text ({type(error).__name__})") from None
    if broken := [each.original.line for each in parse_stream(StringIO(text)) if each.error]:
        raise SettingsError(f"{DOTENV}: line {broken[0]} is not NAME=value")
    found = dotenv_values(stream=StringIO(text))
    if bare := sorted(name for name, value in found.items() if value is None):
        raise SettingsError("\n".join(f"{DOTENV}: {name} has no value; write {name}=..." for name in bare))
    return {name: str(value) for name, value in found.items()}


def sources() -> dict[str, str]:
    """Return where the value of each setting comes from: `environment`, `.env` or `default`."""
    in_file, found = read_dotenv(), {}
    for name in (field.upper() for field in Settings.model_fields):
        value = os.environ.get(name, in_file.get(name, "")).strip()
        # Flask's commands have already put the file's variables into the environment.
        found[name] = (".env" if in_file.get(name, "").strip() == value else "environment") if value else "default"
    return found


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings. Raise `SettingsError` with one line per problem, which names its variable."""
    from app import setting_checks  # it composes an email and builds the integration, which import this module

    environ = read_environment() if environ is None else environ
    # An empty value means "not set", as in .env and compose files.
    given = {name.upper(): ENDS.sub("", environ.get(name.upper(), "")) for name in Settings.model_fields}
    given |= {name: " ".join(dict.fromkeys(given[name].replace(",", " ").split())) for name in SEPARATED}
    given = {name: value for name, value in given.items() if value}
    given = _of_codespace(environ, given) | given
    problems = setting_checks.unknown_names(environ) + setting_checks.unusable_texts(given)
    try:
        settings = Settings(**{name.lower(): value for name, value in given.items()})  # type: ignore[arg-type]  # pydantic turns the strings into the field types
    except ValidationError as error:
        problems += [setting_checks.line(str(e["loc"][0]).upper(), e["msg"]) for e in error.errors()]
    else:
        problems += setting_checks.problems(settings)
    if problems:
        first_per_setting = {problem.partition(":")[0]: problem for problem in reversed(problems)}
        raise SettingsError("\n".join(reversed(first_per_setting.values())))
    return settings


def _of_codespace(environ: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses that GitHub Codespaces forwards to the shop and the simulator, unless `PUBLIC_URL` is given.

    A forwarded port asks for a login at GitHub, so the server reaches the simulator directly (GitHub Docs: Codespaces).
    """
    name, domain = (environ.get(each, "") for each in ("CODESPACE_NAME", "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN"))
    if not name or not domain or "PUBLIC_URL" in given or given.get("VIPPS_ENVIRONMENT", "simulator") != "simulator":
        return {}
    return {
        "PUBLIC_URL": f"https://{name}-8000.{domain}",
        "SIMULATOR_URL": f"https://{name}-8001.{domain}",
        "SIMULATOR_CONNECT_TO": "http://localhost:8001",
        "TRUSTED_PROXIES": "1",
    }


def vipps_config(settings: Settings) -> VippsConfig:
    """Return the integration's configuration, made from the shop's settings."""
    return VippsConfig(
        base_url=settings.provider_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        client_auth_method=settings.vipps_client_auth_method,
        merchant_serial_number=settings.vipps_merchant_serial_number,
        redirect_uri=settings.redirect_uri,
        system_name=f"{about.SLUG}-shop"[:30],  # the longest that Vipps accepts
        system_version=VERSION,
        scopes=settings.scopes,
        market=settings.vipps_market,
        concurrent_logins=settings.vipps_concurrent_logins,
        webhook_token=settings.webhook_token,
        other_webhook_tokens=tuple(settings.other_webhook_tokens),
        check_first=settings.simulated,
        failures_on_demand=settings.simulated,
        connect_to=settings.connect_to,
    )


def kept_secret(path: Path) -> str:
    """Return the secret in a file. The first call creates it; workers that start together get the same secret."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        if not path.exists():
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            os.link(draft, path)
    except FileExistsError:
        pass  # another worker was faster, so its secret is used
    finally:
        draft.unlink(missing_ok=True)
    return path.read_text().strip()


def settings_of_app() -> Settings:
    """Return the settings of the running app."""
    return cast(Settings, current_app.extensions["settings"])
