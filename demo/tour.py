"""The guided tour at /demo/tour: ten steps that the visitor does in the real shop, each ticked when it has happened.

The texts and the conditions are in `tour.toml`. They are noticed as those of the missions are (`demo.missions`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Flask, abort, render_template
from flask_babel import gettext as _

from app.guide import tables
from app.guide.chapters import chapter
from app.settings import settings_of_app
from demo.missions.noticing import Condition
from demo.missions.track import Track

bp = Blueprint("tour", __name__)


@dataclass(frozen=True)
class TourStep:
    """One step: what to do, where, why it matters, and the chapter to read on. The texts may use `%(brand)s`."""

    key: str
    solved: Sequence[Condition]
    title: str
    text: str
    link: str
    action: str
    why: str
    chapter: str
    account: str = ""


STEPS = tables.rows(TourStep, tables.load(Path(__file__).with_name("tour.toml"), "steps")["steps"])
TRACK = Track(
    "tour", {step.key: step.solved for step in STEPS}, lambda: _("Keeps the steps of the tour that you have done.")
)


def init_app(app: Flask) -> None:
    """Add the page and its cookie."""
    app.register_blueprint(bp)
    app.add_template_global(next_step, "tour_next")
    TRACK.init_app(app)


@bp.get("/demo/tour")
def page() -> str:
    """Show the steps, with a tick at each that is done."""
    if not settings_of_app().simulated:
        abort(404)
    return render_template("demo/tour.html", steps=STEPS, ticked=TRACK.ticked(), chapter=chapter)


def next_step() -> TourStep | None:
    """Return the first step that is not done; None after the last one, and without the simulator."""
    if not settings_of_app().simulated:
        return None
    return next((each for each in STEPS if each.key not in TRACK.ticked()), None)
