"""Records answers to the merchant's own screens: what they show in a language, and what the person ticked.

The screens of a flow come one after the other. The person's progress is stored with the login, together with the
version and the language; if the merchant saves another version meanwhile, the person starts again.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .. import logins, merchants
from ..models import Login, SalesUnit
from . import CUSTOM_FLOW, DELEGATED_CONSENTS
from .languages import LANGUAGES, fixed_texts
from .screens import RequiredMissing, consents_answer, consents_screen, flow_answer, flow_screens, missing


@dataclass(frozen=True)
class Submission:
    """A submitted screen: the ids that were ticked, and which screen was displayed."""

    accepted: Set[str]
    language: str
    version: int | None
    number: int | None = None
    """Which screen of a flow it was, from 0."""


def shown(unit: SalesUnit, login: Login, step: logins.Step, language: str) -> dict[str, Any]:
    """Return the template values of this step's screen."""
    if step is logins.Step.CONSENTS_SCREEN:
        return {**_frame(unit, step, language), "screen": screen(unit, step, language), "accepted": []}
    progress = _progress(unit, login, language)
    flow = screen(unit, step, progress["language"])
    return {
        **_frame(unit, step, progress["language"]),
        "screen": flow["screens"][progress["number"]],
        "number": progress["number"],
        "screens": len(flow["screens"]),
        "accepted": progress["accepted"],
    }


def screen(unit: SalesUnit, step: logins.Step, language: str) -> dict[str, Any]:
    """Return the whole consent screen or flow of this step."""
    build = consents_screen if step is logins.Step.CONSENTS_SCREEN else flow_screens
    return build(_config(unit, step), merchants.company(unit), language)


def record_screen(
    unit: SalesUnit, login: Login, step: logins.Step, submission: Submission, now: datetime
) -> RequiredMissing | None:
    """Store a submitted screen, or return the required items that were not ticked.

    A submission for another version, or for a screen that is not the next one, is ignored: the next one is shown.
    """
    if submission.language not in LANGUAGES or submission.version != _config(unit, step)["version"]:
        return None
    if step is logins.Step.CONSENTS_SCREEN:
        return record_answer(unit, login, step, submission.accepted, submission.language, now)
    progress = _progress(unit, login, submission.language)
    if submission.number != progress["number"]:
        return None
    return _next_screen(unit, login, progress, submission.accepted, now)


def go_back(unit: SalesUnit, login: Login, language: str) -> None:
    """Go back to the previous screen, with its ticks."""
    progress = _progress(unit, login, language)
    login.flow_progress = {**progress, "number": max(progress["number"] - 1, 0)}


def record_answer(
    unit: SalesUnit, login: Login, step: logins.Step, accepted: Set[str], language: str, now: datetime
) -> RequiredMissing | None:
    """Store the answer to the whole step, or return the required items that were not ticked."""
    asked = screen(unit, step, language)
    is_consents = step is logins.Step.CONSENTS_SCREEN
    answer = consents_answer(asked, accepted, now) if is_consents else flow_answer(asked, accepted, now)
    if isinstance(answer, RequiredMissing):
        return answer
    scope = DELEGATED_CONSENTS if is_consents else CUSTOM_FLOW
    logins.answer(login, scope, _config(unit, step)["version"], answer)
    return None


def ticked(unit: SalesUnit, step: logins.Step, choices: Mapping[str, bool]) -> set[str]:
    """Return the ids that are ticked: the person's choices, and required items unless the person chose no."""
    return {item["id"] for item in _items(unit, step) if choices.get(item["id"], item["required"])}


def _next_screen(
    unit: SalesUnit, login: Login, progress: dict[str, Any], accepted: Set[str], now: datetime
) -> RequiredMissing | None:
    """Advance to the next screen of a flow, or store the answer after the last one."""
    step = logins.Step.FLOW_SCREENS
    screens = screen(unit, step, progress["language"])["screens"]
    here = screens[progress["number"]]["elements"]
    if lacking := missing(here, accepted):
        return RequiredMissing(lacking)
    ids_here = {element["id"] for element in here}
    together = (set(progress["accepted"]) - ids_here) | (accepted & ids_here)
    if progress["number"] + 1 == len(screens):
        return record_answer(unit, login, step, together, progress["language"], now)
    login.flow_progress = {**progress, "number": progress["number"] + 1, "accepted": sorted(together)}
    return None


def _progress(unit: SalesUnit, login: Login, language: str) -> dict[str, Any]:
    """Return the person's progress in the current version of the flow."""
    version = _config(unit, logins.Step.FLOW_SCREENS)["version"]
    if login.flow_progress.get("version") == version:
        return login.flow_progress
    return {"version": version, "language": language, "number": 0, "accepted": []}


def _frame(unit: SalesUnit, step: logins.Step, language: str) -> dict[str, Any]:
    return {"version": _config(unit, step)["version"], "screen_language": language, "words": fixed_texts(language)}


def _items(unit: SalesUnit, step: logins.Step) -> list[dict[str, Any]]:
    config = _config(unit, step)
    if step is logins.Step.CONSENTS_SCREEN:
        return list(config["consents"])
    return [element for each in config["screens"] for element in each["elements"]]


def _config(unit: SalesUnit, step: logins.Step) -> dict[str, Any]:
    config = unit.delegated_consents if step is logins.Step.CONSENTS_SCREEN else unit.custom_flow
    return config or {}
