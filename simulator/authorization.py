"""Checks an authorization request: a pure function from its parameters to an outcome.

Four outcomes. `Accepted` starts a login. `SentBack` reports an error to the redirect URI. `Refused` means that the
redirect URI itself cannot be trusted: the person sees the provider's own error page and the merchant gets no callback
at all (OpenID Connect Core section 3.1.2.6, RFC 6749 section 4.1.2.1). `TooLong` is the answer of the gateway in front
of Vipps.

`prompt`, `max_age`, `ui_locales`, `display` and `claims` are not part of Vipps' browser flow and are ignored. Nor is
`login_hint`; only this simulator knows it: the screen proposes the test person that it names (`persons.by_hint`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import quote, urlencode, urlsplit

from .clock import utcnow
from .config import is_local_url
from .models import SalesUnit
from .scopes import APP_CONFIRMATION, KNOWN, OPENID, within_plan

MAX_URL = 2000
MAX_STATE = 1000
MIN_STATE = 8
BRAND_BY_MARKET = {"NO": "vipps", "SE": "vipps", "DK": "mobilepay", "FI": "mobilepay"}
MOBILEPAY_ENDS = date(2027, 1, 12)
"""The day on which MobilePay is renamed Vipps in all markets (Vipps MobilePay, technical updates, October 2026)."""

_CODE_CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_ONCE = ("response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method")


class Refusal(StrEnum):
    """Why the person sees the simulator's own error page."""

    CLIENT_MISSING = "client_missing"
    CLIENT_UNKNOWN = "client_unknown"
    REDIRECT_URI_MISSING = "redirect_uri_missing"
    REDIRECT_URI_UNREGISTERED = "redirect_uri_unregistered"


@dataclass(frozen=True)
class Refused:
    """The error is shown to the person, because the redirect URI cannot be trusted."""

    reason: Refusal
    redirect_uri: str = ""


@dataclass(frozen=True)
class TooLong:
    """URL, state or nonce is too long for the gateway: 502 Bad Gateway (Vipps MobilePay Login FAQ)."""


@dataclass(frozen=True)
class SentBack:
    """The merchant gets an error redirect."""

    redirect_uri: str
    state: str
    error: str
    description: str

    @property
    def location(self) -> str:
        """The URL to redirect to (RFC 6749 section 4.1.2.1)."""
        return error_location(self.redirect_uri, self.state, self.error, self.description)


@dataclass(frozen=True)
class Accepted:
    """A request that starts a login."""

    client_id: str
    redirect_uri: str
    requested_scope: str
    scopes: list[str]
    state: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    brand: str
    app_confirmation: bool


Outcome = Accepted | SentBack | Refused | TooLong
Parameters = Mapping[str, Sequence[str]]


def check_request(parameters: Parameters, url_length: int, unit: SalesUnit | None) -> Outcome:
    """Return the outcome of a request; `unit` is the sales unit of its `client_id`, or None."""
    if _too_long(parameters, url_length):
        return TooLong()
    if not _first(parameters, "client_id"):
        return Refused(Refusal.CLIENT_MISSING)
    if unit is None or len(parameters["client_id"]) > 1:
        return Refused(Refusal.CLIENT_UNKNOWN)
    redirect_uri = _first(parameters, "redirect_uri")
    if not redirect_uri:
        return Refused(Refusal.REDIRECT_URI_MISSING)
    is_registered = redirect_uri in unit.redirect_uris or (unit.any_local_redirect and is_local_url(redirect_uri))
    if not is_registered or len(parameters["redirect_uri"]) > 1:
        return Refused(Refusal.REDIRECT_URI_UNREGISTERED, redirect_uri)
    state = _first(parameters, "state")
    if problem := _problem(parameters, unit):
        return SentBack(redirect_uri, state.replace("\0", ""), *problem)
    return _accepted(parameters, unit, redirect_uri, state)


def success_location(redirect_uri: str, code: str, scope: str, state: str) -> str:
    """Return the redirect with a code; `scope` is echoed as requested (Login API guide: browser flow integration)."""
    return _with_query(redirect_uri, {"code": code, "scope": scope, "state": state})


def error_location(redirect_uri: str, state: str, error: str, description: str) -> str:
    """Return the redirect with an error; `state` is left out if the request had none (RFC 6749 section 4.1.2.1)."""
    answer = {"error": error, "error_description": description}
    return _with_query(redirect_uri, {**answer, "state": state} if state else answer)


def _problem(parameters: Parameters, unit: SalesUnit) -> tuple[str, str] | None:
    """Return the error code and description to send back, or None."""
    return (
        _malformed(parameters)
        or _wrong_response_type(parameters)
        or _wrong_state(parameters)
        or wrong_scope(parameters)
        or _wrong_challenge_request(parameters)
        or _wrong_app_callback(parameters, unit)
    )


def _malformed(parameters: Parameters) -> tuple[str, str] | None:
    """Refuse repeated parameters (RFC 6749 section 3.1)."""
    for name in _ONCE:
        values = parameters.get(name, ())
        if len(values) > 1:
            return "invalid_request", f"The parameter {name} was sent more than once."
        if any("\0" in value for value in values):
            return "invalid_request", f"The parameter {name} contains a character that is not allowed."
    return None


def _wrong_response_type(parameters: Parameters) -> tuple[str, str] | None:
    """Refuse every flow except the authorization code flow (Login API guide: browser flow integration)."""
    match _first(parameters, "response_type"):
        case "code":
            return None
        case "":
            return "invalid_request", "The parameter response_type is missing."
        case _:
            return "unsupported_response_type", "Only response_type=code is supported."


def _wrong_state(parameters: Parameters) -> tuple[str, str] | None:
    """Refuse a `state` of fewer than 8 characters (Login API guide: browser flow); the error code is not documented."""
    if len(_first(parameters, "state")) < MIN_STATE:
        return "invalid_state", f"The state is missing or shorter than {MIN_STATE} characters."
    return None


def wrong_scope(parameters: Parameters) -> tuple[str, str] | None:
    """Refuse a `scope` without `openid` (OpenID Connect Core section 3.1.2.1) or with others (Vipps Login FAQ)."""
    requested = _first(parameters, "scope").split()
    if OPENID not in requested:
        return "invalid_scope", "The scope must contain openid."
    if unknown := [scope for scope in requested if scope not in KNOWN]:
        return "invalid_scope", f"The requested scope is invalid, unknown, or malformed: {unknown[0]}"
    return None


def _wrong_challenge_request(parameters: Parameters) -> tuple[str, str] | None:
    """Check PKCE: the method (RFC 7636 section 4.4.1), the form of the challenge (section 4.2), and its presence.

    The simple app flow requires PKCE (Login API guide: mobile app flows, simple login).
    """
    challenge = _first(parameters, "code_challenge")
    method = _first(parameters, "code_challenge_method")
    if method not in ("", "plain", "S256"):
        return "invalid_request", "The transform algorithm of code_challenge_method is not supported."
    if method and not challenge:
        return "invalid_request", "The parameter code_challenge is missing."
    if not challenge and "app_to_app_v2" in parameters.get("requested_flow", ()):
        return "invalid_request", "The parameter code_challenge is required with requested_flow=app_to_app_v2."
    if challenge and not _CODE_CHALLENGE.fullmatch(challenge):
        return "invalid_request", "The parameter code_challenge must be 43 to 128 unreserved characters."
    return None


def _wrong_app_callback(parameters: Parameters, unit: SalesUnit) -> tuple[str, str] | None:
    """Refuse an `app_callback_uri` that is not registered as a redirect URI (Login API guide: mobile app flows)."""
    uri = _first(parameters, "app_callback_uri")
    if not uri:
        return None
    if not urlsplit(uri).scheme:
        return "invalid_app_callback_uri", "The app_callback_uri is malformed."
    if uri not in unit.redirect_uris:
        return "app_callback_uri_not_registered", "The app_callback_uri is not registered."
    return None


def _accepted(parameters: Parameters, unit: SalesUnit, redirect_uri: str, state: str) -> Accepted:
    requested = _first(parameters, "scope")
    challenge = _first(parameters, "code_challenge")
    wants_app = APP_CONFIRMATION in _first(parameters, "acr_values").split()
    return Accepted(
        client_id=unit.client_id,
        redirect_uri=redirect_uri,
        requested_scope=requested,
        scopes=within_plan(requested.split(), unit.plan),
        state=state,
        nonce=_first(parameters, "nonce"),
        code_challenge=challenge,
        # The documented default is plain, as in RFC 7636 section 4.3.
        code_challenge_method=(_first(parameters, "code_challenge_method") or "plain") if challenge else "",
        brand=brand(_first(parameters, "market"), unit),
        # What happens without the advanced plan is not documented: this simulator ignores `acr_values` then.
        app_confirmation=wants_app and unit.plan == "advanced",
    )


def brand(market: str, unit: SalesUnit) -> str:
    """Return the brand of the screens: by the market, or else the sales unit's."""
    if utcnow().date() >= MOBILEPAY_ENDS:
        return "vipps"
    return BRAND_BY_MARKET.get(market, unit.brand)


def _too_long(parameters: Parameters, url_length: int) -> bool:
    texts = [*parameters.get("state", ()), *parameters.get("nonce", ())]
    return url_length >= MAX_URL or any(len(text) >= MAX_STATE for text in texts)


def _first(parameters: Parameters, name: str) -> str:
    values = parameters.get(name, ())
    return values[0] if values else ""


def _with_query(uri: str, parameters: Mapping[str, str]) -> str:
    """Add parameters and keep the query of the registered URI (RFC 6749 section 3.1.2)."""
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters, quote_via=quote)}"
