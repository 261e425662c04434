"""Reads a request of the control API for a login, and performs the login."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy.orm import Session

from . import backchannel, discovery, faults, scenarios, scripted_login
from .authorization import Accepted, Refused, SentBack, TooLong, check_request
from .clock import utcnow
from .config import SimulatorConfig
from .consents import languages
from .database import fetch
from .models import Person, SalesUnit

ACTIONS = ("approve", "deny", "error")
_MEMBERS = {"authorization_url", "person", "action", "error", "consents", "language", "faults"}


def perform(session: Session, config: SimulatorConfig, body: Mapping[str, Any]) -> str:
    """Return the redirect back to the merchant. Raise ValueError if the browser would get an error page."""
    if unknown := sorted(set(body) - _MEMBERS):
        raise ValueError(f"unknown members: {', '.join(unknown)}")
    url = str(body.get("authorization_url", ""))
    if urlsplit(url).path != config.path + discovery.AUTHORIZE:
        raise ValueError(f"authorization_url: not a URL of {config.path}{discovery.AUTHORIZE}")
    parameters = parse_qs(urlsplit(url).query, keep_blank_values=True)
    unit = fetch(session, SalesUnit, parameters.get("client_id", [""])[0])
    match check_request(parameters, len(url), unit):
        case TooLong():
            raise ValueError("502 Bad Gateway: the URL, its state or its nonce is too long")
        case Refused(reason):
            raise ValueError(f"error page, no callback: {reason.value}")
        case SentBack() as sent_back:
            return sent_back.location
        case Accepted() as accepted:
            script = _script(session, body)
            scenario = scenarios.get(parameters.get(scenarios.PARAMETER, [""])[0])
            if scenario.refusal:
                raise ValueError(f"error page, no callback: {scenario.refusal}")
            script = replace(script, faults={**scenario.faults, **script.faults})
            return scripted_login.run(session, accepted, script, config.code_lifetime, utcnow())


def answer(session: Session, config: SimulatorConfig, person: Person, body: Mapping[str, Any]) -> str:
    """Answer the oldest request on a person's phone; return the id of its login. Raise ValueError if none waits."""
    if unknown := sorted(set(body) - (_MEMBERS - {"authorization_url", "person"})):
        raise ValueError(f"unknown members: {', '.join(unknown)}")
    waiting = backchannel.open_requests(session, person.key, utcnow())
    if not waiting:
        raise ValueError(f"{person.key}: no request waits on the phone")
    script = _script(session, {**body, "person": person.key})
    login = waiting[0][1]
    scripted_login.answer(session, login, script, config.code_lifetime, utcnow())
    return login.id


def _script(session: Session, body: Mapping[str, Any]) -> scripted_login.Script:
    person = fetch(session, Person, str(body.get("person", "kari")))
    if person is None:
        raise ValueError(f"person: {body['person']!r} is not one of the test persons")
    action = body.get("action", "approve")
    if action not in ACTIONS:
        raise ValueError(f"action: {action!r} is none of {', '.join(ACTIONS)}")
    language = languages.match_language(str(body.get("language", "en")))
    if language is None:
        raise ValueError(f"language: {body['language']!r} is none of {', '.join(languages.LANGUAGES)}")
    chosen_faults = _object(body, "faults")
    faults.check(chosen_faults)
    return scripted_login.Script(
        person=person,
        action=action,
        error=str(body.get("error", "server_error")),
        consents={name: value is True for name, value in _object(body, "consents").items()},
        language=language,
        faults=chosen_faults,
    )


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(f"{name}: must be a JSON object")
    return value
