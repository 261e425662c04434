"""Reading what the control API was asked to perform, and performing it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy.orm import Session

from simulator import discovery, faults, scenarios, scripted_login
from simulator.authorization import Accepted, Refused, SentBack, TooLong, check_request
from simulator.config import SimulatorConfig
from simulator.consents import languages
from simulator.database import fetch, utcnow
from simulator.models import Person, SalesUnit

ACTIONS = ("approve", "deny", "error")
_MEMBERS = {"authorization_url", "person", "action", "error", "consents", "language", "faults"}


def perform(session: Session, config: SimulatorConfig, body: Mapping[str, Any]) -> str:
    """Return where the browser ends up. Raise ValueError where it would stay on the simulator's error page."""
    if unknown := sorted(set(body) - _MEMBERS):
        raise ValueError(f"unknown members: {', '.join(unknown)}")
    url = str(body.get("authorization_url", ""))
    if urlsplit(url).path != discovery.AUTHORIZE:
        raise ValueError(f"authorization_url: not a URL of {discovery.AUTHORIZE}")
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
            mishap = scenarios.get(parameters.get(scenarios.PARAMETER, [""])[0])
            if mishap.refusal:
                raise ValueError(f"error page, no callback: {mishap.refusal}")
            script = replace(script, faults={**mishap.faults, **script.faults})
            return scripted_login.run(session, accepted, script, config.code_lifetime, utcnow())


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
    wanted = _object(body, "faults")
    faults.check(wanted)
    return scripted_login.Script(
        person=person,
        action=action,
        error=str(body.get("error", "server_error")),
        consents={name: value is True for name, value in _object(body, "consents").items()},
        language=language,
        faults=wanted,
    )


def _object(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise ValueError(f"{name}: must be a JSON object")
    return value
