"""The checklist's page, as a list and with the answers of this moment."""

from collections.abc import Mapping

from flask import Blueprint, render_template

from app.doctor import Finding, Level, examine
from app.guide.checklist.points import OFFICIAL, OWN
from app.security import client_network, limiter

bp = Blueprint("checklist", __name__, url_prefix="/guide/checklist")

# Each look makes half a dozen calls to Vipps.
LOOKS = "10 per minute"


@bp.get("")
def index() -> str:
    """Show the list."""
    return _page({})


@bp.post("")
@limiter.limit(LOOKS, key_func=client_network)
def check() -> str:
    """Show the list with what is found now."""
    return _page({finding.name: finding for finding in examine()})


def _page(findings: Mapping[str, Finding]) -> str:
    parts = (("What Vipps asks for", OFFICIAL), ("What this shop asks for", OWN))
    # Of several points that ask the same, the first is where it is told.
    places = {question: point.name for point in reversed((*OFFICIAL, *OWN)) for question in point.asks}
    by_level = {level: [each for each in findings.values() if each.level == level] for level in Level}
    return render_template(
        "guide/checklist/index.html", parts=parts, findings=findings, places=places, by_level=by_level
    )
