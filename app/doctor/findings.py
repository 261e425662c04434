"""The finding of one check."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The result of a check. `SKIPPED` means that the check does not apply here."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """`name` is the check's name, `title` what it checks, `said` the result, `advice` what to do about it."""

    name: str
    title: str
    level: Level
    said: str
    advice: str = ""
