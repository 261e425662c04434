"""Read the environment once into a frozen, validated `Settings` object.

No other module of `app/` reads `os.environ`. Every variable is optional for the demo. With an unknown, incomplete or
unsafe value the shop does not start, and a `SettingsError` names the variable and the reason. `.env.example` lists the
same variables, which a test checks.
"""

import difflib
import os
import secrets
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from flask import current_app
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.vipps.config import CALLBACK_PATH

ROOT = Path(__file__).resolve().parent.parent
INSTANCE = ROOT / "instance"

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
VIPPS_HOSTS = {"test": "https://apitest.vipps.no", "production": "https://api.vipps.no"}

# The credentials of the simulator's demo merchant: public by design, refused outside the simulator.
DEMO_CLIENT_ID = "5f0e4bd2-6c1c-4f2b-9f0a-0d7f6a4b1c55"
DEMO_CLIENT_SECRET = "simulated+secret/for-the-demo=="  # noqa: S105 - reserved characters on purpose
DEMO_WEBHOOK_TOKEN = "simulated-webhook-token"  # noqa: S105 - the simulator's, refused elsewhere


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
    vipps_merchant_serial_number: str = Field("", max_length=30)
    vipps_scopes: str = "openid name phoneNumber email address"
    vipps_consent_scope: Literal["delegatedConsents", "customFlow", "none"] = "delegatedConsents"
    vipps_market: Literal["NO", "DK", "FI", "SE"] = "NO"
    vipps_brand: Literal["vipps", "mobilepay", ""] = ""
    vipps_plan: Literal["basic", "advanced"] = "basic"
    vipps_new_customers: Literal["create", "refuse"] = "create"
    vipps_button: Literal["plain", "web-component"] = "plain"
    vipps_concurrent_logins: int = Field(64, ge=1, le=1000)
    vipps_webhook_token: SecretStr = SecretStr("")
    vipps_webhook_token_fallbacks: SecretStr = SecretStr("")
    public_url: str = "http://localhost:8000"
    simulator_url: str = "http://localhost:8001"
    database_url: str = ""
    database_pool_size: int | None = Field(None, ge=1, le=1000)
    database_pool_overflow: int | None = Field(None, ge=0, le=1000)
    redis_url: str = ""
    secret_key: SecretStr = SecretStr("")
    secret_key_fallbacks: SecretStr = SecretStr("")
    mail_url: str = "outbox:"
    demo: bool | None = None
    trusted_proxies: int = Field(0, ge=0, le=10)
    log_format: Literal["json", "text"] = "json"
    metrics_token: SecretStr = SecretStr("")
    prometheus_multiproc_dir: str = ""
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

    @field_validator("public_url", "simulator_url", "vipps_base_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        return _origin(value) if value else value

    @field_validator("vipps_scopes")
    @classmethod
    def _names_openid(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("must contain 'openid' (OpenID Connect Core, section 3.1.2.1)")
        if "nin" in value.split():
            raise ValueError("this shop never asks for the national identity number")
        return " ".join(value.split())

    @property
    def simulated(self) -> bool:
        """Return whether the simulator is used instead of Vipps."""
        return self.vipps_environment == "simulator"

    @property
    def in_demo(self) -> bool:
        """Return whether outbox, inspector and demo hints are shown: `DEMO`, or else if the simulator is used."""
        return self.simulated if self.demo is None else self.demo

    @property
    def provider_url(self) -> str:
        """Return the origin of Vipps, or of the simulator."""
        return self.vipps_base_url or VIPPS_HOSTS.get(self.vipps_environment, self.simulator_url)

    @property
    def redirect_uri(self) -> str:
        """Return the URI of the callback, from the configuration and never from a request's Host header."""
        return self.public_url + CALLBACK_PATH

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the scopes of the authorization request, with the consent scope."""
        consent = () if self.vipps_consent_scope == "none" else (self.vipps_consent_scope,)
        return (*self.vipps_scopes.split(), *consent)

    @property
    def brand(self) -> str:
        """Return the brand of the market: Vipps in Norway and Sweden, MobilePay in Denmark and Finland."""
        by_market = "mobilepay" if self.vipps_market in ("DK", "FI") else "vipps"
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
        """Return the secret path segment of the revocation webhook; empty if the webhook is off."""
        own = self.vipps_webhook_token.get_secret_value()
        return own or (DEMO_WEBHOOK_TOKEN if self.simulated else "")

    @property
    def other_webhook_tokens(self) -> list[str]:
        """Return the tokens that are accepted as well while the webhook's address at Vipps is changed."""
        return _several(self.vipps_webhook_token_fallbacks)

    @property
    def https(self) -> bool:
        """Return whether the shop uses https, and with it `Secure` and `__Host-` cookies and HSTS."""
        return self.public_url.startswith("https://")

    @property
    def database(self) -> str:
        """Return the SQLAlchemy URL of the shop's database."""
        return self.database_url or f"sqlite:///{INSTANCE / 'shop.sqlite'}"

    @cached_property
    def signing_key(self) -> str:
        """Return the key that signs: `SECRET_KEY`, or in the demo one that is generated once and stored on disk."""
        return self.secret_key.get_secret_value() or kept_secret(INSTANCE / "secret_key")

    @property
    def older_keys(self) -> list[str]:
        """Return the former keys, which only verify."""
        return _several(self.secret_key_fallbacks)

    @property
    def signing_keys(self) -> list[str]:
        """Return all keys in the order of itsdangerous: each verifies, and the last one signs."""
        return [*self.older_keys, self.signing_key]


def _several(setting: SecretStr) -> list[str]:
    """Return the secrets of one setting, which are separated by spaces or commas."""
    return setting.get_secret_value().replace(",", " ").split()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and validate the environment.

    Raises `SettingsError` with one line per problem, which names its variable.
    """
    environ = os.environ if environ is None else environ
    problems = _unknown_names(environ)
    # An empty value means "not set", as in .env and compose files.
    given = {name: environ[name.upper()] for name in Settings.model_fields if environ.get(name.upper())}
    try:
        settings = Settings(**given)  # type: ignore[arg-type]  # pydantic turns the strings into the field types
    except ValidationError as error:
        problems += [f"{e['loc'][0]!s:}".upper() + f": {_reason(e['msg'])}" for e in error.errors()]
        raise SettingsError("\n".join(problems)) from None
    problems += _unsafe(settings)
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ")


def _unknown_names(environ: Mapping[str, str]) -> list[str]:
    """Return unknown `VIPPS_…` variables: if a misspelt one was ignored, the shop would run with a default."""
    known = [name.upper() for name in Settings.model_fields]
    problems = []
    for name in sorted(environ):
        if name.startswith("VIPPS_") and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            problems.append(f"{name}: there is no such setting" + (f"; did you mean {near[0]}?" if near else ""))
    return problems


def _unsafe(settings: Settings) -> list[str]:
    """Return the settings that are insecure or incomplete in this environment."""
    problems = _bad_database(settings) + _bad_mail(settings) + _bad_fallbacks(settings)
    if not settings.https and urlsplit(settings.public_url).hostname not in LOCAL_HOSTS:
        problems.append("PUBLIC_URL: must be https, but for localhost (Vipps accepts no other http redirect URI)")
    if bool(settings.vipps_client_id) != bool(settings.vipps_client_secret.get_secret_value()):
        missing = "VIPPS_CLIENT_SECRET" if settings.vipps_client_id else "VIPPS_CLIENT_ID"
        problems.append(f"{missing}: client id and secret belong together; one of them is not set")
    if 0 < len(settings.metrics_token.get_secret_value()) < 32:
        problems.append("METRICS_TOKEN: at least 32 random characters")
    return problems if settings.simulated else problems + _unfit_for_vipps(settings)


def _unfit_for_vipps(settings: Settings) -> list[str]:
    """Return the settings that only the demo may have: public credentials, generated keys, plain http."""
    problems = []
    where = f"required with VIPPS_ENVIRONMENT={settings.vipps_environment}"
    if not settings.vipps_client_id and not settings.vipps_client_secret.get_secret_value():
        problems += [f"{name}: {where}" for name in ("VIPPS_CLIENT_ID", "VIPPS_CLIENT_SECRET")]
    if settings.client_id == DEMO_CLIENT_ID and settings.vipps_client_id:
        problems.append("VIPPS_CLIENT_ID: this is the simulator's; use your sales unit's")
    if settings.vipps_client_secret.get_secret_value() == DEMO_CLIENT_SECRET:
        problems.append("VIPPS_CLIENT_SECRET: this is the simulator's and public; use your sales unit's")
    if settings.webhook_token and len(settings.webhook_token) < 32:
        problems.append("VIPPS_WEBHOOK_TOKEN: at least 32 random characters")
    if not settings.secret_key.get_secret_value():
        problems.append(
            f"SECRET_KEY: {where}; make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    elif len(settings.secret_key.get_secret_value()) < 32:
        problems.append("SECRET_KEY: at least 32 characters (it signs cookies)")
    base = urlsplit(settings.provider_url)
    if base.scheme != "https" and (settings.vipps_environment == "production" or base.hostname not in LOCAL_HOSTS):
        problems.append("VIPPS_BASE_URL: must be https")
    if settings.vipps_environment == "production" and not settings.https:
        problems.append("PUBLIC_URL: must be https in production")
    if settings.vipps_environment == "production" and settings.in_demo:
        problems.append("DEMO: must be 0 in production; it shows every email and the inspector to any visitor")
    return problems


def _bad_fallbacks(settings: Settings) -> list[str]:
    """Return the problems of the former keys and of the webhook's other tokens."""
    key, token = settings.secret_key.get_secret_value(), settings.vipps_webhook_token.get_secret_value()
    return [
        *_bad_others("SECRET_KEY", key, settings.older_keys, "the one that signs"),
        *_bad_others("VIPPS_WEBHOOK_TOKEN", token, settings.other_webhook_tokens, "the one to stay"),
    ]


def _bad_others(name: str, own: str, others: list[str], role: str) -> list[str]:
    """Return the problems of further secrets beside the main one, which must be as strong."""
    if others and not own:
        return [f"{name}_FALLBACKS: these are the other ones; {name}, {role}, is not set"]
    if own in others:
        return [f"{name}_FALLBACKS: {name}, {role}, is among them"]
    if any(len(each) < 32 for each in others):
        return [f"{name}_FALLBACKS: at least 32 characters each; blanks and commas stand between them"]
    return []


def _bad_database(settings: Settings) -> list[str]:
    scheme = settings.database.partition(":")[0]
    if scheme not in ("sqlite", "postgresql+psycopg"):
        return [f"DATABASE_URL: starts with sqlite:// or postgresql+psycopg://, not {scheme}:"]
    return []


def _bad_mail(settings: Settings) -> list[str]:
    mail = urlsplit(settings.mail_url)
    if settings.mail_url == "outbox:":
        live = settings.vipps_environment == "production"
        return ["MAIL_URL: 'outbox:' sends nothing; set smtp://user:pass@host:port"] if live else []
    if mail.scheme not in ("smtp", "smtps") or not mail.hostname:
        return ["MAIL_URL: 'outbox:' or smtp://user:pass@host:port"]
    return []


def _origin(value: str) -> str:
    """Return an origin without a trailing slash.

    A path, query or `#fragment` would get into the redirect URI, which Vipps compares character by character, and
    refuses with a fragment (Vipps Login API FAQ: redirect URI requirements).
    """
    parts = urlsplit(value.strip().rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an origin such as https://shop.example.com")
    if "#" in value or "?" in value or parts.path or parts.username:
        raise ValueError("an origin only: no path, query, '#' or credentials")
    return f"{parts.scheme}://{parts.netloc}"


def kept_secret(path: Path) -> str:
    """Return the secret in a file, which the first call makes; workers that start at once get the same one."""
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
