"""Exchanges a code for an access token and an ID token (a signed JSON Web Token, JWT), once.

Sources: Vipps MobilePay Login API guide, “Token endpoint” and “ID token”; RFC 6749 sections 4.1.2 to 5.2; RFC 7636
section 4.6; OpenID Connect Core section 3.1.3.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from . import faults, persons
from .clients import OAuthFailure
from .database import changed
from .models import AccessToken, Login, Person, SalesUnit
from .random_values import hashed, new_access_token, new_ciba_token, new_id
from .scopes import APP_CONFIRMATION

EXPIRES_IN = 3599
CIBA_EXPIRES_IN = 300
ID_TOKEN_LIFETIME = 3600

_INVALID_GRANT = (
    "The provided authorization grant (e.g., authorization code, resource owner credentials) or refresh token is"
    " invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued"
    " to another client."
)

Sign = Callable[[dict[str, Any], str], str]
"""Signs claims, with a flaw if a fault asks for one (`faults.SIGNATURES`)."""


@dataclass(frozen=True)
class Issued:
    """A successful answer."""

    body: dict[str, Any]


def exchange(
    session: Session, unit: SalesUnit, form: Mapping[str, str], *, issuer: str, sign: Sign, lifetime: int, now: datetime
) -> Issued | OAuthFailure | faults.Answer:
    """Exchange a code (RFC 6749 section 4.1.3) that is at most `lifetime` seconds old."""
    if failure := _wrong_request(form):
        return failure
    login = session.scalars(select(Login).where(Login.code_hash == hashed(form["code"]))).one_or_none()
    if login is None or login.client_id != unit.client_id:
        return invalid_grant("The code is unknown or was issued to another client.")
    if login.code_used_at is not None:
        return _reused(session, login, now)
    if problem := _wrong_grant(login, form, lifetime, now):
        return invalid_grant(problem)
    if not use_once(session, login, now):
        return _reused(session, login, now)
    if fault := faults.answer(login.faults, "token"):
        return faults.filled_in(fault, issue(session, unit, login, issuer, sign, now))
    return Issued(issue(session, unit, login, issuer, sign, now))


def revoke(session: Session, unit: SalesUnit, token: str, now: datetime) -> None:
    """Revoke an access token of this client; an unknown token is not an error (RFC 7009 section 2.2)."""
    issued = session.get(AccessToken, hashed(token))
    if issued and session.get_one(Login, issued.login_id).client_id == unit.client_id:
        issued.revoked_at = now


def left_half_hash(value: str) -> str:
    """Return `at_hash`: the left half of the SHA-256, base64url (OpenID Connect Core section 3.1.3.6)."""
    return _base64url(hashlib.sha256(value.encode()).digest()[:16])


def _wrong_request(form: Mapping[str, str]) -> OAuthFailure | None:
    match form.get("grant_type", ""):
        case "authorization_code":
            pass
        case "":
            return OAuthFailure(400, "invalid_request", "The parameter grant_type is missing.", "")
        case "client_credentials":
            # Advertised in the discovery document, but not usable for a login.
            return OAuthFailure(400, "unauthorized_client", "The client may not use this grant type.", "")
        case _:
            return OAuthFailure(400, "unsupported_grant_type", "The grant type is not supported.", "")
    for name in ("code", "redirect_uri"):
        if not form.get(name):
            return OAuthFailure(400, "invalid_request", f"The parameter {name} is missing.", "")
    return None


def _wrong_grant(login: Login, form: Mapping[str, str], lifetime: int, now: datetime) -> str | None:
    """Return why the code does not match this request, for `error_debug`; the error code is the same for all."""
    if login.finished_at is None or login.finished_at < now - timedelta(seconds=lifetime):
        return "The code has expired."
    if form["redirect_uri"] != login.redirect_uri:
        return "The redirect_uri is not the one of the authorization request."
    verifier = form.get("code_verifier", "")
    if login.faults.get("careless"):
        return None
    if login.code_challenge and not hmac.compare_digest(_challenge(login, verifier), login.code_challenge.encode()):
        return "The code_verifier does not fit the code_challenge."
    if verifier and not login.code_challenge:
        return "A code_verifier was sent, but the authorization request had no code_challenge."
    return None


def _challenge(login: Login, verifier: str) -> bytes:
    """Compute the challenge of a verifier (RFC 7636 section 4.6)."""
    raw = verifier.encode(errors="surrogatepass")
    return _base64url(hashlib.sha256(raw).digest()).encode() if login.code_challenge_method == "S256" else raw


def use_once(session: Session, login: Login, now: datetime) -> bool:
    """Mark the code, or the login without one, as used; of two concurrent requests only one succeeds."""
    unused = update(Login).where(Login.id == login.id, Login.code_used_at.is_(None))
    return changed(session, unused.values(code_used_at=now))


def _reused(session: Session, login: Login, now: datetime) -> OAuthFailure:
    """Refuse the second use of a code, and revoke the access token from its first use (RFC 6749 section 4.1.2)."""
    session.execute(update(AccessToken).where(AccessToken.login_id == login.id).values(revoked_at=now))
    return invalid_grant("The code was used before.")


def invalid_grant(debug: str) -> OAuthFailure:
    """Return the error for a code that cannot be exchanged, with the reason for the developer."""
    return OAuthFailure(400, "invalid_grant", _INVALID_GRANT, debug)


def issue(
    session: Session, unit: SalesUnit, login: Login, issuer: str, sign: Sign, now: datetime, auth_req_id: str = ""
) -> dict[str, Any]:
    """Return the token response; there is no refresh token (Login API guide: token endpoint).

    A merchant-initiated login has an `auth_req_id`: its documented sample has other forms of token, type and lifetime.
    """
    access_token = new_ciba_token() if auth_req_id else new_access_token()
    session.add(AccessToken(token_hash=hashed(access_token), login_id=login.id, issued_at=now))
    person = session.get_one(Person, login.person_key)
    claims = {"iss": issuer, "at_hash": left_half_hash(access_token), **_id_token_claims(unit, login, person, now)}
    if auth_req_id:
        claims["auth_req_id"] = auth_req_id
    body = {
        "access_token": access_token,
        "id_token": sign(faults.replace_members(login.faults, "id_token", claims), login.faults.get("signature", "")),
        "expires_in": CIBA_EXPIRES_IN if auth_req_id else EXPIRES_IN,
        **({} if auth_req_id else {"scope": " ".join(login.scopes)}),
        "token_type": "Bearer" if auth_req_id else "bearer",
    }
    return faults.replace_members(login.faults, "token_response", body)


def _id_token_claims(unit: SalesUnit, login: Login, person: Person, now: datetime) -> dict[str, Any]:
    """Return the claims of the documented samples: `aud` is an array, `nonce` is empty if none was sent.

    `rat` is when the login was requested, `auth_time` when the person confirmed in the app: earlier in a
    remembered browser.
    """
    issued = int(now.timestamp())
    confirmed = login.confirmed_at or now
    claims: dict[str, Any] = {
        "aud": [unit.client_id],
        "sub": persons.subject(person, unit.msn),
        "iat": issued,
        "exp": issued + ID_TOKEN_LIFETIME,
        "auth_time": int(confirmed.timestamp()),
        "rat": int(login.requested_at.timestamp()),
        "nonce": login.nonce,
        "jti": new_id(),
        "sid": login.sid,
        "msn": unit.msn,
    }
    if "email" in login.scopes:
        claims.update(persons.email_claims(person.profile))
    if login.app_confirmation:
        claims["acr"] = APP_CONFIRMATION
    return claims


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
