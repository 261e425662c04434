"""Merchant-initiated login: a merchant names a phone number, the person confirms on the phone, the merchant polls.

The request is a `Login` without a redirect URI, so that consents, tokens and userinfo work as in every login. The
person's answer ends it; only then the token endpoint returns tokens, once.

Sources: Vipps MobilePay Login API guide, “Merchant-initiated login”; OpenID Connect Client-Initiated Backchannel
Authentication (CIBA) Core, sections 7, 10, 11 and 13. FIDELITY.md says what is a guess.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from sqlalchemy import select
from sqlalchemy.orm import Session

from . import authorization, faults, logins, persons, tokens
from .authorization import Accepted
from .clients import OAuthFailure
from .database import fetch
from .models import BackchannelRequest, Login, Person, SalesUnit
from .random_values import new_value
from .scopes import within_plan

GRANT_TYPE = "urn:openid:params:grant-type:ciba"
BINDING_MESSAGE = re.compile(r"[A-Z0-9-]{5,8}")
INTERVAL_SECONDS = 5
SLOWER_SECONDS = 5
EXPIRY_SECONDS = 600
MIN_EXPIRY_SECONDS, MAX_EXPIRY_SECONDS = 60, 900
MAX_OPEN = 3
RETRY_AFTER_SECONDS = 30
OLD_APP = "outdated_app_version"

_LOGIN_HINT = re.compile(r"urn:msisdn:((?:45|46|47|299|358)[0-9]{4,12})")


@dataclass(frozen=True)
class Started:
    """The request was accepted."""

    body: dict[str, Any]


def start(
    session: Session, unit: SalesUnit, form: Mapping[str, str], chosen_faults: Mapping[str, Any], now: datetime
) -> Started | OAuthFailure:
    """Check an authentication request and show it on the person's phone (CIBA Core, sections 7.1 to 7.3)."""
    found = person_of_hint(session, form)
    if failure := _wrong_request(form):
        return failure
    if isinstance(found, OAuthFailure):
        return found
    if found is None or persons.is_too_young(found.profile, now):
        return OAuthFailure(400, "unknown_user_id", "The user cannot use this login.", "", code="invalid_user")
    chosen = {**found.faults, **chosen_faults}
    if chosen.get("error") == OLD_APP:
        return OAuthFailure(400, "access_denied", faults.REDIRECT_ERRORS[OLD_APP], "", code="old_app")
    if len(open_requests(session, found.key, now)) >= MAX_OPEN:
        text = "Too many login requests started towards the same user at the same time."
        return OAuthFailure(429, "too_many_requests", text, "", retry_after=RETRY_AFTER_SECONDS)
    lifetime = int(form.get("requested_expiry") or EXPIRY_SECONDS)
    login = logins.begin(session, _accepted(form, unit), new_value(), now, chosen)
    logins.choose(login, found, remember=False)
    session.flush()
    request = BackchannelRequest(
        auth_req_id=new_value(),
        login_id=login.id,
        binding_message=form.get("binding_message", ""),
        expires_at=now + timedelta(seconds=lifetime),
        interval=INTERVAL_SECONDS,
    )
    session.add(request)
    return Started({"auth_req_id": request.auth_req_id, "expires_in": lifetime, "interval": request.interval})


def person_of_hint(session: Session, form: Mapping[str, str]) -> Person | OAuthFailure | None:
    """Return the person of a `login_hint`, `urn:msisdn:` and a number with its country code."""
    match = _LOGIN_HINT.fullmatch(form.get("login_hint", ""))
    if match is None:
        return OAuthFailure(400, "invalid_request", "The login_hint must be urn:msisdn: and a phone number.", "")
    everyone = persons.list_persons(session)
    return next((each for each in everyone if persons.phone_number(each.profile) == match[1]), None)


def poll(
    session: Session, unit: SalesUnit, form: Mapping[str, str], *, issuer: str, sign: tokens.Sign, now: datetime
) -> tokens.Issued | OAuthFailure | faults.Answer:
    """Answer a token request: pending, the person's refusal, or the tokens, once (CIBA Core, sections 10.1 and 11)."""
    if not form.get("auth_req_id"):
        return OAuthFailure(400, "invalid_request", "The parameter auth_req_id is missing.", "")
    request = fetch(session, BackchannelRequest, form["auth_req_id"])
    login = session.get(Login, request.login_id) if request else None
    if request is None or login is None or login.client_id != unit.client_id:
        return tokens.invalid_grant("The auth_req_id is unknown or was issued to another client.")
    if login.code_used_at is not None:
        return tokens.invalid_grant("The auth_req_id was used before.")
    if request.expires_at <= now:
        return OAuthFailure(400, "expired_token", "The auth_req_id has expired. Make a new request.", "")
    if login.error_location:
        answer = parse_qs(login.error_location.lstrip("?"))
        return OAuthFailure(400, answer["error"][0], answer["error_description"][0], "")
    if login.finished_at is None:
        return _pending(request, now)
    if not tokens.use_once(session, login, now):
        return tokens.invalid_grant("The auth_req_id was used before.")
    body = tokens.issue(session, unit, login, issuer, sign, now, request.auth_req_id)
    fault = faults.answer(login.faults, "token")
    return faults.filled_in(fault, body) if fault else tokens.Issued(body)


def open_requests(session: Session, person_key: str, now: datetime) -> list[tuple[BackchannelRequest, Login]]:
    """Return the requests that wait on a person's phone, the oldest first."""
    query = (
        select(BackchannelRequest, Login)
        .join(Login, Login.id == BackchannelRequest.login_id)
        .where(Login.person_key == person_key, Login.finished_at.is_(None), BackchannelRequest.expires_at > now)
        .order_by(Login.requested_at, Login.id)
    )
    return [(request, login) for request, login in session.execute(query)]


def of_login(session: Session, login_id: str) -> BackchannelRequest | None:
    """Return the request of a login, or None if a browser started it."""
    return session.scalars(select(BackchannelRequest).where(BackchannelRequest.login_id == login_id)).one_or_none()


def decline(session: Session, login: Login, now: datetime) -> bool:
    """End a login as the person declines it; return whether it was still open."""
    text = faults.REDIRECT_ERRORS["access_denied"]
    return logins.end_with_error(session, login, "access_denied", text, now=now) is not None


def _pending(request: BackchannelRequest, now: datetime) -> OAuthFailure:
    """Answer `authorization_pending`. If the merchant polls too fast, answer `slow_down` and add five seconds."""
    too_fast = request.polled_at is not None and now < request.polled_at + timedelta(seconds=request.interval)
    request.polled_at = now
    if too_fast:
        request.interval += SLOWER_SECONDS
        return OAuthFailure(400, "slow_down", "The token endpoint was asked more often than the interval allows.", "")
    return OAuthFailure(400, "authorization_pending", "The authorization request is still pending", "")


def _wrong_request(form: Mapping[str, str]) -> OAuthFailure | None:
    if problem := authorization.wrong_scope({"scope": [form.get("scope", "")]}):
        return OAuthFailure(400, *problem, "")
    if "binding_message" in form and not BINDING_MESSAGE.fullmatch(form["binding_message"]):
        text = "The binding_message must be 5 to 8 of A-Z, 0-9 and -."
        return OAuthFailure(400, "invalid_binding_message", text, "")
    expiry = form.get("requested_expiry", "")
    if expiry and not (expiry.isascii() and expiry.isdigit() and _is_lifetime(expiry)):
        return OAuthFailure(400, "invalid_request", "The requested_expiry must be 60 to 900 seconds.", "")
    if "requested_flow" in form:
        return OAuthFailure(400, "invalid_request", "This simulator has no redirect to the browser.", "")
    return None


def _is_lifetime(digits: str) -> bool:
    return len(digits) < 5 and MIN_EXPIRY_SECONDS <= int(digits) <= MAX_EXPIRY_SECONDS


def _accepted(form: Mapping[str, str], unit: SalesUnit) -> Accepted:
    requested = form["scope"]
    return Accepted(
        client_id=unit.client_id,
        redirect_uri="",
        requested_scope=requested,
        scopes=within_plan(requested.split(), unit.plan),
        state=form.get("state", ""),
        nonce=form.get("nonce", ""),
        code_challenge="",
        code_challenge_method="",
        brand=authorization.brand("", unit),
        app_confirmation=False,
    )
