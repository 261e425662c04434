"""A login from the authorization request to the redirect back: which step comes next, and what each step
changes.

The next step is computed from the facts in the database, never carried along by the pages. So a reload, a
second tab or a step sent twice cannot confuse a login. What the person agrees to is kept with the login and
becomes a grant only when the login succeeds: somebody who cancels on the last screen has shared nothing.

Source: Vipps MobilePay Login API guide, “How it works” for the order of the screens.
"""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from simulator import faults, persons
from simulator.authorization import Accepted, error_location, success_location
from simulator.consents import CUSTOM_FLOW, DELEGATED_CONSENTS
from simulator.database import changed
from simulator.models import ConsentAnswer, Grant, Login, Person, RememberedBrowser, SalesUnit
from simulator.random_values import hashed, new_value
from simulator.scopes import to_share

_CHALLENGES = 3
_FORGOTTEN_AFTER = timedelta(days=1)
_random = random.SystemRandom()


class Step(StrEnum):
    """What the person has to do next."""

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
    """Where the browser goes, and the value for its cookie if it shall be remembered."""

    location: str
    remember_token: str | None = None


def begin(
    session: Session, request: Accepted, browser: str, now: datetime, wrong: Mapping[str, Any] | None = None
) -> Login:
    """Start a login for an accepted authorization request, bound to a browser; clear away old ones.

    `wrong` are its faults: what shall go wrong in it.
    """
    session.execute(delete(Login).where(Login.requested_at < now - _FORGOTTEN_AFTER))
    login = Login(
        id=new_value(),
        browser_hash=hashed(browser),
        requested_at=now,
        sid=str(uuid.uuid4()),
        challenge=_random.sample([str(number) for number in range(10, 100)], _CHALLENGES),
        faults=dict(wrong or {}),
        **{**vars(request), "scopes": faults.granted(wrong or {}, request.scopes)},
    )
    session.add(login)
    return login


def recognise(session: Session, login: Login, token: str, oldest: datetime) -> None:
    """Take the person from a remembered browser, unless confirmation in the app is asked for.

    Login API guide: in-app confirmation; “How it works” for the remembered browser, which counts for all
    merchants.
    """
    browser = session.get(RememberedBrowser, hashed(token))
    if browser is None or login.app_confirmation or browser.confirmed_at < oldest:
        return
    login.person_key = browser.person_key
    login.confirmed_at = browser.confirmed_at


def next_step(session: Session, login: Login, now: datetime) -> Step:
    """Return what has to happen next."""
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


def choose(login: Login, person: Person, *, remember: bool) -> None:
    """Let the login be this person's."""
    login.person_key = person.key
    login.remember = remember


def confirm(login: Login, number: str, now: datetime) -> bool:
    """Confirm in the app with the number that the page shows; tell whether it was the right one."""
    if number != login.challenge[0]:
        return False
    login.confirmed_at = now
    return True


def verify_email(session: Session, login: Login) -> None:
    """Note that the person verified their e-mail address; it is asked for again only when it changes."""
    person = session.get_one(Person, login.person_key)
    person.profile = {**person.profile, "email_state": "confirmed"}


def answer(login: Login, scope: str, version: int, payload: dict[str, Any]) -> None:
    """Keep the answers of a consents screen with the login."""
    login.answers = {**login.answers, scope: {"version": version, "payload": payload}}


def missing_consent(session: Session, login: Login) -> list[str]:
    """Return the scopes asked for that the person has not yet agreed to share with this company."""
    grant = session.get(Grant, (login.person_key, login.client_id))
    return [scope for scope in to_share(login.scopes) if grant is None or scope not in grant.scopes]


def finish(session: Session, login: Login, code_lifetime: int, now: datetime) -> Finished | None:
    """End the login with a code, or with the error that its faults ask for; None if its code is already used.

    A button pressed twice comes here twice. The browser follows only the last answer, so that one brings a
    fresh code and the code before it is void.
    """
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


def finish_new(session: Session, login: Login, code_lifetime: int, now: datetime) -> Finished:
    """End a login that began in this very transaction, so that its code cannot be used yet."""
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
    """Return what a person shares: the list “Companies with access” of the app."""
    return list(session.scalars(select(Grant).where(Grant.person_key == person_key).order_by(Grant.granted_at)))


def revoke_sharing(session: Session, person_key: str, client_id: str) -> bool:
    """End what a person shares with a company; at the next login Vipps asks for everything again.

    Tell whether there was anything to end: of several who try at once, one ends it.

    Login API guide: webhooks, consent revocation. That the merchant's own screens come again too is this
    simulator's reading.
    """
    ended = [
        session.scalars(
            delete(table).where(table.person_key == person_key, table.client_id == client_id).returning(table.client_id)
        ).all()
        for table in (Grant, ConsentAnswer)
    ]
    return any(ended)


def _is_unanswered(session: Session, login: Login, scope: str) -> bool:
    """A consents screen is shown once per version of its configuration (Login API changelog, March 2025)."""
    unit = session.get_one(SalesUnit, login.client_id)
    config = unit.delegated_consents if scope == DELEGATED_CONSENTS else unit.custom_flow
    if scope not in login.scopes or config is None or scope in login.answers:
        return False
    earlier = session.get(ConsentAnswer, (login.person_key, login.client_id, scope))
    return earlier is None or earlier.version != config["version"]


def _store_agreements(session: Session, login: Login, now: datetime) -> None:
    """Turn what the person agreed to into a grant and into answers that are not asked for again."""
    # First logins in two tabs at once: one waits for the other, without a quarrel over the rows' foreign keys.
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
