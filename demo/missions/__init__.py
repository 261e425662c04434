"""The missions: 22 tasks that a visitor solves in the shop and the simulator, noticed from what both have stored.

`missions.toml` has their texts and conditions, `noticing` answers the conditions, `track` keeps the ticks of a browser
without a room, and `routes` has the pages. The guided tour (`demo.tour`) uses the same two.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from app.guide import tables
from demo.missions.noticing import Condition, StoredFacts, all_hold

TEXT_LANGUAGES = ("en", "nb")
_TABLE = tables.load(Path(__file__).with_name("missions.toml"), "parts", "missions")


@dataclass(frozen=True)
class MissionText:
    """The texts of a mission in one language; each may use `%(brand)s`."""

    title: str
    goal: str
    why: str
    hints: Sequence[str]
    after: str


@dataclass(frozen=True)
class Mission:
    """One mission. `code` are the places that its explanation shows, as `app.guide.source` finds them."""

    key: str
    part: str
    minutes: int
    chapter: str
    link: str
    solved: Sequence[Condition]
    code: Sequence[str]
    en: MissionText
    nb: MissionText
    account: str = ""

    @property
    def asks(self) -> bool:
        """Tell whether the visitor has to enter an answer."""
        return any("answer" in each for each in self.solved)

    def text(self, language: str) -> MissionText:
        """Return the texts in a language, or in English."""
        return self.nb if language == "nb" else self.en


@dataclass(frozen=True)
class Part:
    """A part of the track, which a teacher opens at once."""

    key: str
    en: str
    nb: str


def _mission(row: Mapping[str, Any]) -> Mission:
    return tables.row(Mission, row, **{code: tables.row(MissionText, row[code]) for code in TEXT_LANGUAGES})


MISSION_PARTS = tables.rows(Part, _TABLE["parts"])
MISSIONS = {row["key"]: _mission(row) for row in _TABLE["missions"]}


def solved_in(
    shop: Connection, simulator: Connection | None, since: datetime, answer: str = ""
) -> Callable[[Mission], bool]:
    """Return what tells whether a mission is solved in a shop of its own, by what happened since a moment.

    It only reads, and each row once: use it for several missions, and then make another.
    """
    facts = StoredFacts(shop, simulator, since, answer)
    return lambda mission: all_hold(mission.solved, facts)
