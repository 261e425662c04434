"""Answering the merchant's own screens: which there are, what they show in a language, and keeping what was ticked.

The screens of a flow come one after the other. How far a person has come is kept with the login, together with the
version and the language that they began in; when the merchant saves another version meanwhile, they begin again.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator import logins, merchants
from simulator.consents import CUSTOM_FLOW, DELEGATED_CONSENTS
from simulator.consents.languages import LANGUAGES, fixed_texts
from simulator.consents.screens import (
    RequiredMissing,
    consents_answer,
    consents_screen,
    flow_answer,
    flow_screens,
    missing,
)
from simulator.models import Login, SalesUnit


@dataclass(frozen=True)
class Given:
    """What came from a screen: the ids that were ticked, and what the person had in front of them."""

    accepted: Set[str]
    language: str
    version: int | None
    number: int | None = None
    """Which screen of a flow it was, from 0."""


def shown(unit: SalesUnit, login: Login, step: logins.Step, language: str) -> dict[str, Any]:
    """Return what the screen of this step shows, in the language it is shown in."""
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
    """Return all that is asked in this step."""
    build = consents_screen if step is logins.Step.CONSENTS_SCREEN else flow_screens
    return build(_config(unit, step), merchants.company(unit), language)


def record_screen(
    unit: SalesUnit, login: Login, step: logins.Step, given: Given, now: datetime
) -> RequiredMissing | None:
    """Keep what came from a screen, or say what is required and was not ticked.

    An answer to another version, or to a screen that is not the next one, is passed over: the next one is shown.
    """
    if given.language not in LANGUAGES or given.version != _config(unit, step)["version"]:
        return None
    if step is logins.Step.CONSENTS_SCREEN:
        return record_answer(unit, login, step, given.accepted, given.language, now)
    progress = _progress(unit, login, given.language)
    if given.number != progress["number"]:
        return None
    return _turn(unit, login, progress, given.accepted, now)


def go_back(unit: SalesUnit, login: Login, language: str) -> None:
    """Show the screen before this one again, with what was ticked there."""
    progress = _progress(unit, login, language)
    login.flow_progress = {**progress, "number": max(progress["number"] - 1, 0)}


def record_answer(
    unit: SalesUnit, login: Login, step: logins.Step, accepted: Set[str], language: str, now: datetime
) -> RequiredMissing | None:
    """Keep the answer to all that is asked in this step, or say what is required and was not ticked."""
    asked = screen(unit, step, language)
    is_consents = step is logins.Step.CONSENTS_SCREEN
    answer = consents_answer(asked, accepted, now) if is_consents else flow_answer(asked, accepted, now)
    if isinstance(answer, RequiredMissing):
        return answer
    scope = DELEGATED_CONSENTS if is_consents else CUSTOM_FLOW
    logins.answer(login, scope, _config(unit, step)["version"], answer)
    return None


def ticked(unit: SalesUnit, step: logins.Step, choices: Mapping[str, bool]) -> set[str]:
    """Return the ids that are ticked: what the person chose, and what is required unless they said no."""
    return {item["id"] for item in _items(unit, step) if choices.get(item["id"], item["required"])}


def _turn(
    unit: SalesUnit, login: Login, progress: dict[str, Any], accepted: Set[str], now: datetime
) -> RequiredMissing | None:
    """Go from one screen of a flow to the next one, or give the answer if it was the last."""
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
    """Return how far the person has come in the flow as it is now."""
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
