"""Answering the merchant's own screens: which there are, what they show in a language, and keeping what was
ticked.
"""

from collections.abc import Mapping, Set
from datetime import datetime
from typing import Any

from app.simulator import logins, merchants
from app.simulator.consent_screens import (
    CUSTOM_FLOW,
    DELEGATED_CONSENTS,
    RequiredMissing,
    consents_answer,
    consents_screen,
    flow_answer,
    flow_screens,
)
from app.simulator.models import Login, SalesUnit


def screen(unit: SalesUnit, step: logins.Step, language: str) -> dict[str, Any]:
    """Return what the screen of this step shows."""
    build = consents_screen if step is logins.Step.CONSENTS_SCREEN else flow_screens
    return build(_config(unit, step), merchants.company(unit), language)


def version(unit: SalesUnit, step: logins.Step) -> int:
    """Return the version of the screen's configuration."""
    return int(_config(unit, step)["version"])


def give(
    unit: SalesUnit, login: Login, step: logins.Step, accepted: Set[str], language: str, now: datetime
) -> RequiredMissing | None:
    """Keep the answer with the login, or say what is required and was not ticked."""
    shown = screen(unit, step, language)
    is_consents = step is logins.Step.CONSENTS_SCREEN
    answer = consents_answer(shown, accepted, now) if is_consents else flow_answer(shown, accepted, now)
    if isinstance(answer, RequiredMissing):
        return answer
    logins.answer(login, DELEGATED_CONSENTS if is_consents else CUSTOM_FLOW, version(unit, step), answer)
    return None


def ticked(unit: SalesUnit, step: logins.Step, choices: Mapping[str, bool]) -> set[str]:
    """Return the ids that are ticked: what the person chose, and what is required unless they said no."""
    return {item["id"] for item in _items(unit, step) if choices.get(item["id"], item["required"])}


def _items(unit: SalesUnit, step: logins.Step) -> list[dict[str, Any]]:
    config = _config(unit, step)
    if step is logins.Step.CONSENTS_SCREEN:
        return list(config["consents"])
    return [element for shown in config["screens"] for element in shown["elements"]]


def _config(unit: SalesUnit, step: logins.Step) -> dict[str, Any]:
    config = unit.delegated_consents if step is logins.Step.CONSENTS_SCREEN else unit.custom_flow
    return config or {}
