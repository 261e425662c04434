"""The settings of a simulator: its origin, its database, and the merchants that may use it.

All settings but the first three have defaults that suit a developer's computer. The values are plain data, so the
caller (a script, a test, another project) decides where they come from.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

from .consents.checks import check_consents, check_flow, check_url
from .consents.defaults import DEFAULT_CONSENTS, DEFAULT_FLOW
from .person_groups import check_groups

PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
"""The path of a public URL: that of a world, or none."""
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

AuthMethod = Literal["client_secret_basic", "client_secret_post"]
Plan = Literal["basic", "advanced"]
Brand = Literal["vipps", "mobilepay"]

AUTH_METHODS: tuple[str, ...] = get_args(AuthMethod)
PLANS: tuple[str, ...] = get_args(Plan)
BRANDS: tuple[str, ...] = get_args(Brand)
LISTS = ("redirect_uris", "person_groups")  # arrays in JSON


@dataclass(frozen=True, kw_only=True)
class MerchantConfig:
    """One sales unit as configured in the business portal."""

    client_id: str
    client_secret: str
    name: str
    """Shown to the person on every screen."""
    redirect_uris: tuple[str, ...]
    """Compared character by character with the one in the authorization request."""
    any_local_redirect: bool = False
    """Whether any http(s) redirect URI on localhost is accepted too. Vipps never does this."""
    auth_method: AuthMethod = "client_secret_basic"
    """How the token endpoint authenticates this merchant; it refuses the other method."""
    plan: Plan = "basic"
    """Which scopes the unit may ask for; in-app confirmation needs the advanced plan."""
    msn: str = "100001"
    """Merchant serial number. A person has one `sub` per serial number."""
    brand: Brand = "vipps"
    """The brand on the screens when the request has no `market`; MobilePay is renamed Vipps on 12 January 2027."""
    webhook_url: str | None = None
    """Where revocation events go; the control API accepts only the origin of a redirect URI, or of this address."""
    ping_url: str | None = None
    """Where the ping of a merchant-initiated login goes (`pings`); the same origins as for `webhook_url`."""
    ping_secret: str = "ping-secret"  # noqa: S105 - an invented one
    """Signs the pings."""
    account_url: str | None = None
    """The merchant's page where people see their data; None links to the merchant's front page."""
    terms_url: str = "https://example.com/terms"
    privacy_url: str = "https://example.com/privacy"
    delegated_consents: Mapping[str, Any] | None = field(default_factory=lambda: DEFAULT_CONSENTS)
    """The marketing consents screen; None if the unit has not configured it."""
    custom_flow: Mapping[str, Any] | None = field(default_factory=lambda: DEFAULT_FLOW)
    """The screens of the flow builder; None if the unit has not configured them."""
    person_groups: Sequence[Mapping[str, Any]] = ()
    """What will happen to which test person at this merchant, if it knows (`person_groups.py`)."""

    def __post_init__(self) -> None:
        """Refuse a value that would otherwise fail later, in the middle of a login."""
        _one_of("auth_method", self.auth_method, AUTH_METHODS)
        for uri in self.redirect_uris:
            urlsplit(uri)  # raises ValueError for an invalid address, such as an incomplete IPv6 one
        _one_of("plan", self.plan, PLANS)
        _one_of("brand", self.brand, BRANDS)
        if self.account_url is not None:
            check_url("account_url", self.account_url)  # people open this link
        if self.delegated_consents is not None:
            check_consents(self.delegated_consents)
        if self.custom_flow is not None:
            check_flow(self.custom_flow)
        check_groups(self.person_groups)
        for uri in self.redirect_uris:
            if "://" not in uri or "#" in uri:
                raise ValueError(
                    f"redirect_uris: {uri!r} must be absolute and have no fragment (RFC 6749 section 3.1.2)"
                )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "MerchantConfig":
        """Build a merchant from JSON; raise ValueError with the problem."""
        known = cls.__dataclass_fields__
        if unknown := sorted(set(values) - set(known)):
            raise ValueError(f"unknown fields: {', '.join(unknown)}")
        for name, value in values.items():
            _check_type(name, value)
        try:
            return cls(**{**values, **{name: tuple(values.get(name, ())) for name in LISTS}})
        except TypeError as error:
            raise ValueError(str(error)) from error

    def to_json(self) -> dict[str, Any]:
        """Return all fields as JSON values."""
        return cast(dict[str, Any], {**asdict(self), **{name: list(getattr(self, name)) for name in LISTS}})


@dataclass(frozen=True, kw_only=True)
class SimulatorConfig:
    """All settings of one simulator."""

    public_url: str
    """Its own origin as browsers and merchants see it, for example http://localhost:8001."""
    database_url: str
    """Any SQLAlchemy URL. The content is disposable: the simulator rebuilds it when the schema changes."""
    secret_key: str
    """Signs the session cookie that carries the CSRF token and the chosen language."""
    merchants: tuple[MerchantConfig, ...] = ()
    """Added to the simulator's fictional merchants; one with the same client id replaces it."""
    login_lifetime: int = 600
    """Seconds that a login may take from its authorization request on."""
    code_lifetime: int = 120
    """Seconds: "a couple of minutes" (Vipps MobilePay Login FAQ)."""
    access_token_lifetime: int = 600
    """Seconds that userinfo accepts a token (Vipps MobilePay Login API guide: userinfo)."""
    key_grace: int = 7200
    """Seconds that a replaced signing key stays published; tokens signed with it live for one hour."""
    browser_lifetime: int = 365 * 24 * 3600
    """Seconds that a browser is remembered."""
    control_token: str = ""
    """Opens the control API to other computers, as `Authorization: Bearer`; without it they cannot use that API."""
    worlds_folder: Path | None = None
    """Where worlds keep their databases (`worlds`); without it there are no worlds."""
    merchant_in_world: Callable[[MerchantConfig, str], MerchantConfig] = lambda merchant, name: merchant
    """Returns a merchant as the world of this name has it, for example with a webhook of its own."""
    may_make_world: Callable[[str], bool] = lambda name: True
    """Tells whether a request may make the world of this name, if there is none."""
    keeps_world: Callable[[str], bool] = lambda name: False
    """Tells whether the world of this name is kept although it is not used: another program deletes it."""
    seed: int | None = None
    """Draws codes, ids and numbers in a fixed order, for tests in one process; never the keys."""

    def __post_init__(self) -> None:
        """Check the origin: every URL and the issuer are built from it."""
        parts = urlsplit(self.public_url)
        if (
            parts.scheme not in ("http", "https")
            or self.public_url != f"{parts.scheme}://{parts.netloc}{parts.path}"
            or not PATH.fullmatch(parts.path)
        ):
            raise ValueError("public_url must be an origin such as http://localhost:8001, without a slash at its end")

    def cookie_name(self, name: str) -> str:
        """Return a cookie's name: `__Host-…` over HTTPS, else with the port; with the path of a world.

        Cookies ignore ports: on localhost the merchant site and a second simulator receive these too. A cookie for one
        path cannot be `__Host-`.
        """
        port = "" if self.secure else f"_{urlsplit(self.public_url).port or 80}"
        prefix = ("__Secure-" if self.path else "__Host-") if self.secure else ""
        return f"{prefix}vipps_simulator_{name}{port}{self.path.replace('/', '_')}"

    @property
    def path(self) -> str:
        """The path of the simulator's address, without a slash at its end; empty for the default world."""
        return urlsplit(self.public_url).path

    @property
    def cookie_path(self) -> str:
        """The path for which the simulator's cookies are valid."""
        return f"{self.path}/"

    def of_world(self, name: str, file: Path) -> "SimulatorConfig":
        """Return the settings of a world: its own address, database and key for cookies."""
        key = hashlib.sha256(f"{self.secret_key}/{name}".encode()).hexdigest()
        return replace(
            self,
            public_url=f"{self.public_url}/w/{name}",
            database_url=f"sqlite:///{file}",
            secret_key=key,
            merchants=tuple(self.merchant_in_world(merchant, name) for merchant in self.merchants),
            worlds_folder=None,
        )

    @property
    def is_local(self) -> bool:
        """Tell whether browsers reach the simulator on their own computer only."""
        return urlsplit(self.public_url).hostname in LOCAL_HOSTS

    @property
    def secure(self) -> bool:
        """Tell whether browsers reach the simulator over HTTPS."""
        return self.public_url.startswith("https://")


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of an address (RFC 6454, section 4)."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def is_local_url(url: str) -> bool:
    """Return whether an address is an http(s) one on this computer, as a redirect URI is written."""
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = not any(character in url for character in '#\\@"<> ') and url.isprintable()
    return plain and has_port and parts.scheme in ("http", "https") and parts.hostname in LOCAL_HOSTS


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name}: {value!r} is none of {', '.join(allowed)}")


def _check_type(name: str, value: object) -> None:
    """Raise ValueError if a JSON value has the wrong type for its field."""
    if name == "redirect_uris":
        fits = isinstance(value, list | tuple) and all(isinstance(uri, str) for uri in value)
    elif name == "any_local_redirect":
        fits = isinstance(value, bool)
    elif name in {"delegated_consents", "custom_flow"}:
        fits = value is None or isinstance(value, Mapping)
    elif name == "person_groups":
        fits = isinstance(value, list | tuple)
    elif name in {"webhook_url", "ping_url", "account_url"}:
        fits = value is None or isinstance(value, str)
    else:
        fits = isinstance(value, str)
    if not fits:
        raise ValueError(f"{name}: wrong type")
