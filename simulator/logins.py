"""Runs a login from the authorization request to the redirect back: the next step, and what each step changes.

The next step is computed from the database, never sent along by the pages. So a reload, a second tab or a repeated
request cannot break a login. The person's consent is stored with the login and becomes a grant only when the login
succeeds: a person who cancels on the last screen has shared no data.

Source: Vipps MobilePay Login API guide, “How it works” for the order of the screens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from . import faults, persons
from .authorization import Accepted, error_location, success_location
from .consents import CUSTOM_FLOW, DELEGATED_CONSENTS
from .database import changed
from .models import ConsentAnswer, Grant, Login, Person, RememberedBrowser, SalesUnit
from .random_values import hashed, new_id, new_value, source
from .scopes import to_share

_CHALLENGES = 3
_RETENTION = timedelta(days=1)


class Step(StrEnum):
    """The next step of the person."""

    PERSON = "person"
    TOO_YOUNG = "too_young"
    CONFIRM = "confirm"
    EMAIL = "email"
    CONSENT = "consent"
    CONSENTS_SCREEN = "consents_screen"
    FLOW_SCREENS = "flow_screens"
    FINISH = "finish"


@dataclass(frozen=True)
class Finished:
    """The URL to redirect to, and the cookie value if the person chose to be remembered."""

    location: str
    remember_token: str | None = None


def begin(
    session: Session, request: Accepted, browser: str, now: datetime, chosen_faults: Mapping[str, Any] | None = None
) -> Login:
    """Start a login for an accepted authorization request, bound to a browser; delete old logins.

    `chosen_faults` are the faults of this login.
    """
    session.execute(delete(Login).where(Login.requested_at < now - _RETENTION))
    login = Login(
        id=new_value(),
        browser_hash=hashed(browser),
        requested_at=now,
        sid=new_id(),
        challenge=source().sample([str(number) for number in range(10, 100)], _CHALLENGES),
        faults=dict(chosen_faults or {}),
        **{**vars(request), "scopes": faults.granted(chosen_faults or {}, request.scopes)},
    )
    session.add(login)
    return login


def recognise(session: Session, login: Login, token: str, oldest: datetime) -> None:
    """Set the person that this browser remembers, unless the merchant asks for another person or in-app confirmation.

    Login API guide: in-app confirmation; “How it works” for the remembered browser, which applies to all
    merchants.
    """
    browser = session.get(RememberedBrowser, hashed(token))
    if browser is None or login.app_confirmation or browser.confirmed_at < oldest:
        return
    if login.hinted_key not in (None, browser.person_key):
        return
    login.person_key = browser.person_key
    login.confirmed_at = browser.confirmed_at


def next_step(session: Session, login: Login, now: datetime) -> Step:
    """Return the next step."""
    person = session.get(Person, login.person_key) if login.person_key else None
    if person is None:
        return Step.PERSON
    if persons.is_too_young(person.profile, now):
        return Step.TOO_YOUNG
    if login.confirmed_at is None:
        return Step.CONFIRM
    if "email" in login.scopes and person.profile["email"] and person.profile["email_state"] == "new":
        return Step.EMAIL
    if not login.consented and missing_consent(session, login):
        return Step.CONSENT
    if _is_unanswered(session, login, DELEGATED_CONSENTS):
        return Step.CONSENTS_SCREEN
    if _is_unanswered(session, login, CUSTOM_FLOW):
        return Step.FLOW_SCREENS
    return Step.FINISH


def unchoose(login: Login) -> None:
    """Go back to choosing a person, without the person that the merchant's `login_hint` proposed."""
    login.person_key = login.hinted_key = None


def choose(login: Login, person: Person, *, remember: bool) -> None:
    """Set the person of the login."""
    login.person_key = person.key
    login.remember = remember


def confirm(login: Login, number: str, now: datetime) -> bool:
    """Confirm in the app with the number that the page shows; return whether the number is right."""
    if number != login.challenge[0]:
        return False
    login.confirmed_at = now
    return True


def verify_email(session: Session, login: Login) -> None:
    """Mark the person's email address as verified; the step comes again only when the address changes."""
    person = session.get_one(Person, login.person_key)
    person.profile = {**person.profile, "email_state": "confirmed"}


def answer(login: Login, scope: str, version: int, payload: dict[str, Any]) -> None:
    """Store the answers of a consent screen with the login."""
    login.answers = {**login.answers, scope: {"version": version, "payload": payload}}


def missing_consent(session: Session, login: Login) -> list[str]:
    """Return the requested scopes that the person does not yet share with this company."""
    grant = session.get(Grant, (login.person_key, login.client_id))
    return [scope for scope in to_share(login.scopes) if grant is None or scope not in grant.scopes]


def finish(session: Session, login: Login, code_lifetime: int, now: datetime) -> Finished | None:
    """End the login with a code, or with the error that its faults ask for; None if its code is already used.

    A double click calls this twice. The browser follows only the last answer, so each call issues a new code and
    invalidates the one before.
    """
    _add_faults_of_person(session, login)
    if fault := faults.redirect_error(login.faults):
        location = end_with_error(session, login, *fault, now=now)
        return Finished(location) if location else None
    code = new_value()
    unused = (
        update(Login)
        .where(Login.id == login.id, Login.code_used_at.is_(None))
        .where(Login.finished_at.is_(None) | (Login.finished_at > now - timedelta(seconds=code_lifetime)))
        .where(Login.finished_at.is_(None) | Login.code_hash.is_not(None))
        .values(code_hash=hashed(code), finished_at=now)
    )
    if not changed(session, unused):
        return None
    _store_agreements(session, login, now)
    location = faults.altered_callback(
        login.faults, success_location(login.redirect_uri, code, login.requested_scope, login.state)
    )
    return Finished(location, _remember(session, login) if login.remember else None)


def _add_faults_of_person(session: Session, login: Login) -> None:
    """Add the faults that the control API gave to the person; those of the login come first."""
    person = session.get(Person, login.person_key)
    if person and person.faults:
        login.faults = {**person.faults, **login.faults}
        login.scopes = faults.granted(login.faults, login.scopes)


def finish_new(session: Session, login: Login, code_lifetime: int, now: datetime) -> Finished:
    """Finish a login that was started in this transaction, so its code cannot have been used."""
    finished = finish(session, login, code_lifetime, now)
    if finished is None:
        raise RuntimeError("a new login cannot have ended before")
    return finished


def end_with_error(session: Session, login: Login, error: str, description: str, *, now: datetime) -> str | None:
    """End the login without a code and return where the browser goes; None if it has already ended with one."""
    location = error_location(login.redirect_uri, login.state, error, description)
    ended = (
        update(Login)
        .where(Login.id == login.id, Login.code_hash.is_(None))
        .values(finished_at=now, error_location=location)
    )
    return location if changed(session, ended) else None


def grants_of(session: Session, person_key: str) -> list[Grant]:
    """Return a person's grants: the list “Companies with access” of the app."""
    return list(session.scalars(select(Grant).where(Grant.person_key == person_key).order_by(Grant.granted_at)))


def revoke_sharing(session: Session, person_key: str, client_id: str) -> bool:
    """Revoke a person's consent for a company; at the next login Vipps asks for everything again.

    Return whether there was a consent: of concurrent calls, only one gets True.

    Login API guide: webhooks, consent revocation. The simulator then shows the merchant's own screens again too, which
    the guide does not say.
    """
    ended = [
        session.scalars(
            delete(table).where(table.person_key == person_key, table.client_id == client_id).returning(table.client_id)
        ).all()
        for table in (Grant, ConsentAnswer)
    ]
    return any(ended)


def _is_unanswered(session: Session, login: Login, scope: str) -> bool:
    """Tell whether to show a consent screen: once per version of its texts (Login API changelog, March 2025)."""
    unit = session.get_one(SalesUnit, login.client_id)
    config = unit.delegated_consents if scope == DELEGATED_CONSENTS else unit.custom_flow
    if scope not in login.scopes or config is None or scope in login.answers:
        return False
    earlier = session.get(ConsentAnswer, (login.person_key, login.client_id, scope))
    return earlier is None or earlier.version != config["version"]


def _store_agreements(session: Session, login: Login, now: datetime) -> None:
    """Store the person's consent as a grant, and the answers so that the screens are not shown again."""
    # Lock the person so that two concurrent first logins do not deadlock on the foreign keys of the new rows.
    session.scalars(select(Person).where(Person.key == login.person_key).with_for_update(key_share=True)).one()
    whole = (login.person_key, login.client_id)
    grant = session.get(Grant, whole, populate_existing=True)
    agreed = to_share(login.scopes) if login.consented else []
    if grant is None and agreed:
        session.add(Grant(person_key=whole[0], client_id=whole[1], scopes=agreed, granted_at=now))
    elif grant and set(agreed) - set(grant.scopes):
        grant.scopes, grant.granted_at = list(dict.fromkeys([*grant.scopes, *agreed])), now
    for scope, given in login.answers.items():
        session.merge(ConsentAnswer(person_key=whole[0], client_id=whole[1], scope=scope, **given))


def _remember(session: Session, login: Login) -> str:
    token = new_value()
    session.add(
        RememberedBrowser(token_hash=hashed(token), person_key=login.person_key, confirmed_at=login.confirmed_at)
    )
    return token
