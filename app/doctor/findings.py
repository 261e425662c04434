"""What the doctor finds: one answer to one question."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How well it is. `SKIPPED` means that the question does not arise here."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Finding:
    """`name` is the question's own, `title` what was asked, `said` what was found, `advice` what to do about it."""

    name: str
    title: str
    level: Level
    said: str
    advice: str = ""
