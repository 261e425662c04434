"""The points of the go-live checklist: Vipps' own, and what this project adds (`data/checklist.toml`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.guide import tables


@dataclass(frozen=True)
class Point:
    """One requirement, and how this shop meets it. `code` are places in the source, `tests` are `file::function`.

    `asks` are checks of the doctor (`app.doctor`); `by_hand` says what only a person can check.
    """

    name: str
    title: str
    how: str
    code: Sequence[str] = ()
    tests: Sequence[str] = ()
    asks: Sequence[str] = ()
    by_hand: str = ""


@dataclass(frozen=True)
class Part:
    """The points of one source."""

    title: str
    points: Sequence[Point]


PARTS = tuple(
    tables.row(Part, each, points=tables.rows(Point, each["points"]))
    for each in tables.load("checklist.toml", "parts")["parts"]
)
POINTS = tuple(point for part in PARTS for point in part.points)
