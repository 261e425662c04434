"""The pages of the missions: the list, and one mission with its hints and its answer.

In a workshop's room they show the missions of the parts that the teacher has opened, and count only those.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.guide import source
from app.guide.chapters import chapter
from app.i18n import language
from app.settings import settings_of_app
from demo.missions import MISSION_PARTS, MISSIONS, TEXT_LANGUAGES, Mission
from demo.missions.track import Track

bp = Blueprint("missions", __name__, url_prefix="/demo/missions")

MAX_ANSWER = 100


def room() -> Any:
    """Return the room of a learner's world (`demo.workshop.RoomStatus`), or None."""
    status = current_app.extensions.get("demo.room")
    return status() if status else None


TRACK = Track(
    "missions",
    {key: mission.solved for key, mission in MISSIONS.items()},
    lambda: _("Remembers the missions that you have solved, and the mission that you opened last."),
    room=room,
)
NUMBERS = {key: number for number, key in enumerate(MISSIONS, start=1)}


@dataclass(frozen=True)
class CurrentMission:
    """What the demo's bar shows of the mission that was opened last."""

    key: str
    number: int
    total: int
    title: str
    is_solved: bool


def init_app(app: Flask) -> None:
    """Add the pages and their cookie."""
    app.register_blueprint(bp)
    app.add_template_global(current_mission)
    TRACK.init_app(app)


@bp.before_request
def require_simulator() -> None:
    """Hide the pages where there are no test persons."""
    if not settings_of_app().simulated:
        abort(404)


@bp.get("", strict_slashes=False)
def index() -> str:
    """Show the missions by part, with a tick at each that is solved."""
    missions = open_missions()
    ticked = TRACK.ticked() & missions.keys()
    left = next((key for key in missions if key not in ticked), "")
    return render_template(
        "demo/missions.html", parts=MISSION_PARTS, missions=missions, left=left, **_shown(), ticked=ticked
    )


@bp.get("/<key>")
def show(key: str) -> ResponseReturnValue:
    """Show one mission, which becomes the current one."""
    mission = _mission(key)
    if key not in open_missions():
        return _not_open()
    TRACK.open(key)
    return _page(mission)


@bp.post("/<key>")
def answer(key: str) -> ResponseReturnValue:
    """Compare an answer with what this shop has stored."""
    mission = _mission(key)
    if key not in open_missions():
        return _not_open()
    given = request.form.get("answer", "")[:MAX_ANSWER]
    TRACK.open(key)
    g.is_mission_solved = TRACK.answer(key, given)
    g.wrong_answer = given if mission.asks and not g.is_mission_solved else ""
    if key in TRACK.ticked():
        return redirect(url_for("missions.show", key=key), 303)
    return _page(mission, given=given, is_wrong=True)


def current_mission() -> CurrentMission | None:
    """Return the current mission for the demo's bar."""
    key = TRACK.current() if settings_of_app().simulated else ""
    ticked = TRACK.ticked() if key or room() else ()  # in a room, each page copies its ticks to the cookie
    if not key:
        return None
    title = in_brand(MISSIONS[key].text(language()).title)
    return CurrentMission(key, NUMBERS[key], len(open_missions()), title, key in ticked)


def open_missions() -> Mapping[str, Mission]:
    """Return the missions of the parts that the teacher has opened; all of them without a room."""
    status = room()
    return {key: each for key, each in MISSIONS.items() if status is None or each.part in status.open_parts}


def in_brand(text: str) -> str:
    """Return a text with the brand of this shop's market."""
    return text % {"brand": settings_of_app().brand}


def _mission(key: str) -> Mission:
    return MISSIONS.get(key) or abort(404)


def _not_open() -> ResponseReturnValue:
    flash(_("Your teacher has not opened this part yet."), "info")
    return redirect(url_for("missions.index"), 303)


def _shown() -> Mapping[str, Any]:
    """Return what both pages need: the language of the texts, which may be another one than the page's."""
    return {
        "in_brand": in_brand,
        "numbers": NUMBERS,
        "text_language": language() if language() in TEXT_LANGUAGES else "en",
    }


def _page(mission: Mission, **given: Any) -> str:
    missions = open_missions()
    after = [each for each in missions.values() if NUMBERS[each.key] > NUMBERS[mission.key]]
    return render_template(
        "demo/mission.html",
        mission=mission,
        text=mission.text(language()),
        next=after[0] if after else None,
        total=len(missions),
        is_solved=mission.key in TRACK.ticked(),
        chapter=chapter(mission.chapter),
        show_code=source.show,
        **_shown(),
        **given,
    )
