"""Show the go-live checklist: what Vipps requires of a merchant, how this shop meets it, and whether it does so now.

Each point of `data/checklist.toml` names the code that fulfils it, the test that proves it, and the checks of the
doctor (`app.doctor`). The page runs them only when its button is pressed, because they call Vipps; `flask doctor`
prints the same results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, render_template

from app.doctor import Finding, Level, examine
from app.guide import tables
from app.security import limit_per_client

bp = Blueprint("checklist", __name__, url_prefix="/guide/checklist")

# Each run calls Vipps six times.
RATE_LIMIT = "10 per minute"


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


@bp.get("")
def index() -> str:
    """Show the list."""
    return _page({})


@bp.post("")
@limit_per_client(RATE_LIMIT)
def check() -> str:
    """Run the checks, and show the list with their results."""
    return _page({finding.name: finding for finding in examine()})


def _page(findings: Mapping[str, Finding]) -> str:
    # Several points can ask the same check: a link leads to the first of them.
    places = {question: point.name for point in reversed(POINTS) for question in point.asks}
    by_level = {level: [each for each in findings.values() if each.level == level] for level in Level}
    return render_template(
        "guide/checklist/index.html", parts=PARTS, findings=findings, places=places, by_level=by_level
    )
