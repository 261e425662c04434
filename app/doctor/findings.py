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


class Result(NamedTuple):
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


ok, warning, failed, skipped = (partial(Result, level) for level in Level)

CHECKS: list[Callable[[], Finding]] = []


def check(title: str) -> Callable[[Callable[[], Result]], Callable[[], Finding]]:
    """Make a check of a function that returns a `Result`, and add it to `CHECKS`; its name is the function's."""

    def decorate(function: Callable[[], Result]) -> Callable[[], Finding]:
        @wraps(function)
        def run() -> Finding:
            return Finding(function.__name__, title, *function())

        CHECKS.append(run)
        return run

    return decorate
