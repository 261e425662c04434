"""Userinfo: returns the claims that a person shares, for ten minutes after a login.

Source: Vipps MobilePay Login API guide, “Userinfo”: the word Bearer is mandatory, the token lives about ten minutes,
and a subscription key, which belongs to other APIs, makes the call fail with 401.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from . import faults, persons
from .consents import CUSTOM_FLOW, DELEGATED_CONSENTS
from .models import AccessToken, Login, Person, SalesUnit
from .random_values import hashed, new_id

RESULT_MEMBERS = {DELEGATED_CONSENTS: "delegatedConsents", CUSTOM_FLOW: "flowResult"}
"""The result of the scope `customFlow` is called `flowResult` (Login API guide: custom flow migration)."""


@dataclass(frozen=True)
class UserInfo:
    """A person's claims, and the client that called."""

    claims: dict[str, Any]
    client_id: str


@dataclass(frozen=True)
class Unauthorized:
    """The error answer to a call without a valid access token."""

    detail: str

    def to_json(self) -> dict[str, Any]:
        """Return the documented problem details, `status` being a string (userinfo OpenAPI: UserinfoError)."""
        return {
            "type": "https://developer.vippsmobilepay.com/docs/APIs/userinfo-api/",
            "title": "Unauthorized",
            "status": "401",
            "detail": self.detail,
            "instance": new_id(),
            "extraInfo": {},
        }


def read(
    session: Session, authorization: str, *, has_subscription_key: bool, lifetime: int, now: datetime
) -> UserInfo | Unauthorized | faults.Answer:
    """Return the claims behind an access token that is at most `lifetime` seconds old."""
    if has_subscription_key:
        return Unauthorized("The header Ocp-Apim-Subscription-Key is not valid for this API. Leave it out.")
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "bearer" or not value:
        return Unauthorized("The Authorization header must be the word Bearer, a blank and the access token.")
    token = session.get(AccessToken, hashed(value.strip()))
    if token is None or token.revoked_at is not None:
        return Unauthorized("The access token is unknown or revoked.")
    if token.issued_at < now - timedelta(seconds=lifetime):
        return Unauthorized("The access token has expired.")
    login = session.get_one(Login, token.login_id)
    claims = _claims(session, login)
    if fault := faults.answer(login.faults, "userinfo"):
        return faults.filled_in(fault, claims)
    return UserInfo(claims, login.client_id)


def _claims(session: Session, login: Login) -> dict[str, Any]:
    """Return the claims of the granted scopes, and the consent answers that were given in this login."""
    unit = session.get_one(SalesUnit, login.client_id)
    person = session.get_one(Person, login.person_key)
    claims = {
        "sub": persons.subject(person, unit.msn),
        "sid": login.sid,
        **persons.claims(person.profile, login.scopes),
    }
    for scope, member in RESULT_MEMBERS.items():
        if scope in login.answers:
            claims[member] = login.answers[scope]["payload"]
    return faults.replace_members(login.faults, "claims", claims)
