"""Check that Vipps answers, is the configured issuer, and accepts this shop's credentials.

The checks run the code of a login, with a new connection and without the cache.
"""

import secrets
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.doctor.findings import CheckOutcome, check, failed, ok, skipped, warning
from app.settings import settings_of_app
from app.vipps.attempts import Attempt, random_value
from app.vipps.client import VippsClient
from app.vipps.config import VippsConfig
from app.vipps.deadline_http import Deadline
from app.vipps.discovery import Discovery
from app.vipps.errors import LoginRefused
from app.vipps.id_token import LEEWAY
from app.vipps.purposes import LoginPurpose
from app.vipps.routes import integration
from app.vipps.transport import ProviderResponse, Transport

TIMEOUT_SECONDS = 5.0
UNREACHED = "Vipps does not answer."


@check("Vipps’ discovery document")
def discovery() -> CheckOutcome:
    """Check that the discovery document exists and has the configured issuer."""
    try:
        Discovery(_config(), _transport()).provider(Deadline(TIMEOUT_SECONDS))
    except LoginRefused as refused:
        advice = "Check VIPPS_ENVIRONMENT and VIPPS_BASE_URL, and whether this machine may call out."
        return failed(_reason(refused), advice)
    return ok(f"There, and its issuer is {_config().issuer}")


@check("Vipps’ signing keys")
def keys() -> CheckOutcome:
    """Check that there are keys to verify signatures with."""
    try:
        Discovery(_config(), _transport()).key("none has this name", Deadline(TIMEOUT_SECONDS))
    except LoginRefused as refused:
        return failed(_reason(refused))
    return ok("There is a key that fits.")


@check("The clock agrees with Vipps’")
def clock() -> CheckOutcome:
    """Check that this machine's clock agrees with Vipps', as token lifetimes require."""
    now = datetime.now(UTC)
    try:
        answer = _get(_config().discovery_url)
    except LoginRefused:
        return skipped(UNREACHED)
    try:
        vipps_time = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return skipped("Vipps does not say what time it is.")
    seconds = abs((now - vipps_time).total_seconds())
    said = f"{seconds:.0f} seconds apart."
    advice = "Tokens would be refused as expired; turn on time synchronisation."
    return failed(said, advice) if seconds > LEEWAY else ok(said)


@check("The scopes exist")
def scopes() -> CheckOutcome:
    """Check that Vipps supports the scopes that the shop requests.

    Only a login shows whether the sales unit's plan covers them: Vipps silently drops a scope that it does not cover.
    """
    try:
        known = _get(_config().discovery_url).members().get("scopes_supported")
    except LoginRefused:
        return skipped(UNREACHED)
    if not isinstance(known, list):
        return skipped("Vipps does not list its scopes.")
    asked = _config().scopes
    if missing := [scope for scope in asked if scope not in known]:
        advice = "They may exist all the same: the list is not complete for every plan. Try a login."
        return warning(f"Not in Vipps’ list: {', '.join(missing)}.", advice)
    return ok(" ".join(asked))


@check("Vipps takes our authorization request")
def authorization_request() -> CheckOutcome:
    """Check that Vipps accepts the client id and the redirect URI. The check starts a login and does not finish it."""
    attempt = Attempt(0, random_value(), random_value(), LoginPurpose.LOG_IN, "/", state=random_value())
    advice = "Register the redirect URI exactly, with the keys of the same environment."
    try:
        answer = _get(VippsClient(_config(), _transport()).authorization_url(attempt))
    except LoginRefused as refused:
        # A provider that accepts the request redirects to the page that asks for the person.
        if refused.code != "redirect_refused":
            return failed(_reason(refused), advice)
    else:
        if answer.status >= 400:
            return failed(f"It shows its own error page ({answer.status}).", advice)
    return ok("It goes on to ask who is there.")


@check("Vipps knows our client id and secret")
def client_authentication() -> CheckOutcome:
    """Check that the token endpoint accepts the client credentials: it answers invalid_grant for an invented code."""
    config = _config()
    attempt = Attempt(0, random_value(), random_value(), LoginPurpose.LOG_IN, "/")
    try:
        VippsClient(config, _transport()).exchange(secrets.token_urlsafe(16), attempt, Deadline(TIMEOUT_SECONDS))
    except LoginRefused as refused:
        if refused.code == "invalid_grant":
            return ok(f"With {config.client_auth_method}: the credentials are taken, only the invented code is not.")
        advice = (
            "Compare VIPPS_CLIENT_ID, VIPPS_CLIENT_SECRET and VIPPS_CLIENT_AUTH_METHOD with the business portal. "
            "Partner keys do not work here: use the sales unit’s own."
        )
        return failed(_reason(refused), advice)
    return failed("An invented code was taken for a real one.")


@check("Enrolment at the counter")
def counter() -> CheckOutcome:
    """Check that Vipps offers merchant-initiated login, if the back office uses it."""
    if not settings_of_app().vipps_counter:
        return skipped("VIPPS_COUNTER is off.")
    try:
        address = Discovery(_config(), _transport()).provider(Deadline(TIMEOUT_SECONDS)).backchannel_endpoint
    except LoginRefused:
        return skipped(UNREACHED)
    advice = "Set VIPPS_COUNTER=0, and ask Vipps about merchant-initiated login."
    return ok(f"It starts at {address}") if address else failed("Vipps does not name its address.", advice)


def _transport() -> Transport:
    return Transport(1, connect_to=_config().connect_to)


def _config() -> VippsConfig:
    return integration().client.config


def _get(url: str) -> ProviderResponse:
    return _transport().call("GET", url, _config().tracking_headers, Deadline(TIMEOUT_SECONDS))


def _reason(refused: LoginRefused) -> str:
    """Return the reason as the table of refusals words it; these texts contain no secret."""
    return f"{refused.code}: {refused.refusal.cause}" + (f" ({refused.detail})" if refused.detail else "")
