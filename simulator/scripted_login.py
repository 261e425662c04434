"""Performs a whole login in one call, for tests and scripts: the steps of the screens, without the screens.

The person agrees to all required steps; `consents` says what they tick on the merchant's own screens. An item that is
not in it is ticked only if it is required.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from . import faults, logins
from .authorization import Accepted
from .consents import answers
from .models import Login, Person, SalesUnit
from .random_values import new_value

TOO_YOUNG = "The user is under 15 years old"
"""No error code is documented for this: `access_denied` is this simulator's choice."""


@dataclass(frozen=True)
class Script:
    """The actions of the person in the login."""

    person: Person
    action: str = "approve"
    error: str = "server_error"
    consents: Mapping[str, bool] = field(default_factory=dict)
    language: str = "en"
    faults: Mapping[str, Any] = field(default_factory=dict)


def run(session: Session, request: Accepted, script: Script, code_lifetime: int, now: datetime) -> str:
    """Perform a login and return where the browser would be sent."""
    login = logins.begin(session, request, new_value(), now, script.faults)
    if script.action == "deny":
        return _end(session, login, "access_denied", now)
    if script.action == "error":
        return _end(session, login, script.error, now)
    logins.choose(login, script.person, remember=False)
    unit = session.get_one(SalesUnit, login.client_id)
    return _walk(session, unit, login, script, code_lifetime, now)


def answer(session: Session, login: Login, script: Script, code_lifetime: int, now: datetime) -> None:
    """Perform what the person does with a request on the phone (`backchannel`)."""
    login.faults = {**login.faults, **script.faults}
    if script.action == "approve":
        login.confirmed_at = now
        _walk(session, session.get_one(SalesUnit, login.client_id), login, script, code_lifetime, now)
    else:
        _end(session, login, script.error if script.action == "error" else "access_denied", now)


def _walk(session: Session, unit: SalesUnit, login: Login, script: Script, code_lifetime: int, now: datetime) -> str:
    while True:
        match logins.next_step(session, login, now):
            case logins.Step.TOO_YOUNG:
                return _end(session, login, "access_denied", now, TOO_YOUNG)
            case logins.Step.CONFIRM:
                logins.confirm(login, login.challenge[0], now)
            case logins.Step.EMAIL:
                logins.verify_email(session, login)
            case logins.Step.CONSENT:
                login.consented = True
            case (logins.Step.CONSENTS_SCREEN | logins.Step.FLOW_SCREENS) as step:
                ticked = answers.ticked(unit, step, script.consents)
                if answers.record_answer(unit, login, step, ticked, script.language, now):
                    return _end(session, login, "access_denied", now)
            case _:
                return logins.finish_new(session, login, code_lifetime, now).location


def _end(session: Session, login: Login, error: str, now: datetime, description: str | None = None) -> str:
    text = description or faults.REDIRECT_ERRORS.get(error, "The login was not completed")
    return logins.end_with_error(session, login, error, text, now=now) or login.redirect_uri
