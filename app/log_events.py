"""List every event that the shop logs (`log_events.toml`): its severity, its meaning, and the fields of its line.

Nothing else is logged: `logging.keep_listed_fields` drops every field that is not listed here, so a new field is a
decision, made in that file (ASVS 16.2.5).
"""

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """How much an event matters to the operator; the values are the tables of the file."""

    INFO = "info"
    NOTICE = "notice"
    ALERT = "alert"


@dataclass(frozen=True)
class Event:
    """What a line with this event means, and the names of its fields."""

    severity: Severity
    meaning: str
    fields: frozenset[str]


# Every line has these as well, where they apply; `logging` sets them.
COMMON_FIELDS = frozenset({"level", "timestamp", "reference", "request_id", "exception"})


def read(path: Path) -> dict[str, Event]:
    """Return the events of a file by their names."""
    return {
        name: Event(Severity(severity), event["meaning"], frozenset(event["fields"].split()))
        for severity, events in tomllib.loads(path.read_text(encoding="utf-8")).items()
        for name, event in events.items()
    }


EVENTS = read(Path(__file__).with_suffix(".toml"))
