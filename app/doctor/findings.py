"""The finding of one check, and the decorator that turns a function into a check."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial, wraps
from typing import NamedTuple


class Level(StrEnum):
    """The result of a check. `SKIPPED` means that the check does not apply here."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class CheckOutcome(NamedTuple):
    """The outcome of a check: `said` describes what the check found, `advice` tells how to fix it."""

    level: Level
    said: str
    advice: str = ""


@dataclass(frozen=True)
class Finding:
    """A check's outcome, with the name and the title of the check."""

    name: str
    title: str
    level: Level
    said: str
    advice: str = ""


ok, warning, failed, skipped = (partial(CheckOutcome, level) for level in Level)

DOCTOR_CHECKS: list[Callable[[], Finding]] = []


def check(title: str) -> Callable[[Callable[[], CheckOutcome]], Callable[[], Finding]]:
    """Turn a function into a check with the function's name, and add the check to `DOCTOR_CHECKS`."""

    def decorate(function: Callable[[], CheckOutcome]) -> Callable[[], Finding]:
        @wraps(function)
        def run() -> Finding:
            return Finding(function.__name__, title, *function())

        DOCTOR_CHECKS.append(run)
        return run

    return decorate
