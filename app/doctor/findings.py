"""The finding of one check, and the decorator that makes a check of a function."""

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
    """What a check found: `said` in words, `advice` what to do about it."""

    level: Level
    said: str
    advice: str = ""


@dataclass(frozen=True)
class Finding:
    """A result with the name of its check, and the title that says what it checks."""

    name: str
    title: str
    level: Level
    said: str
    advice: str = ""


ok, warning, failed, skipped = (partial(CheckOutcome, level) for level in Level)

DOCTOR_CHECKS: list[Callable[[], Finding]] = []


def check(title: str) -> Callable[[Callable[[], CheckOutcome]], Callable[[], Finding]]:
    """Make a check of a function, and add it to `DOCTOR_CHECKS`; its name is the function's."""

    def decorate(function: Callable[[], CheckOutcome]) -> Callable[[], Finding]:
        @wraps(function)
        def run() -> Finding:
            return Finding(function.__name__, title, *function())

        DOCTOR_CHECKS.append(run)
        return run

    return decorate
