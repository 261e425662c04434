"""Show the checklist, with the results of the doctor if they are asked for."""

from collections.abc import Mapping

from flask import Blueprint, render_template

from app.doctor import Finding, Level, examine
from app.guide.checklist.points import PARTS, POINTS
from app.security import client_network, limiter

bp = Blueprint("checklist", __name__, url_prefix="/guide/checklist")

# Each run calls Vipps six times.
RATE_LIMIT = "10 per minute"


@bp.get("")
def index() -> str:
    """Show the list."""
    return _page({})


@bp.post("")
@limiter.limit(RATE_LIMIT, key_func=client_network)
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
