"""What a learner takes home from a room: a certificate to print, and notes with the missions that they have solved.

Rule: both are those of the learner of this browser, and no address names another one. They stay until the room is
deleted, also after its end and for a learner whom the teacher has hidden.
"""

from flask import Blueprint, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.security import read_cookie
from app.settings import settings_of_app
from demo.missions import take_home
from demo.workshop.board import MissionWatcher
from demo.workshop.models import Learner
from demo.workshop.rooms import Rooms
from demo.world_cookie import COOKIE, world_in

bp = Blueprint("take_home", __name__, url_prefix="/workshop/room")


@bp.get("/certificate")
def certificate() -> ResponseReturnValue:
    """Show the learner's certificate; its date is that of the newest solved mission."""
    learner = _checked_learner()
    if learner is None:
        return redirect(url_for("room.index"), 303)
    solved = {each.mission: each.solved_at for each in learner.progress if each.solved_at}
    return render_template(
        "workshop/certificate.html",
        name=learner.nickname,
        solved=[each.title for each in _rooms().missions if each.id in solved],
        stages=sorted((each.stage for each in learner.stages if each.is_green), key=lambda stage: (len(stage), stage)),
        date=max([learner.since, *solved.values()]),
    )


@bp.get("/notes.md")
def notes() -> ResponseReturnValue:
    """Download the learner's notes."""
    learner = _checked_learner()
    if learner is None:
        return redirect(url_for("room.index"), 303)
    return take_home.notes({each.mission for each in learner.progress if each.solved_at})


def _rooms() -> Rooms:
    rooms: Rooms = current_app.extensions["workshop.rooms"]
    return rooms


def _checked_learner() -> Learner | None:
    """Return the learner of this browser, after a check of what is solved; in a room that has ended nothing changes."""
    world_id = world_in(settings_of_app(), read_cookie(COOKIE))
    learner = _rooms().learner_of(world_id)
    if learner is None or learner.room.ended_at:
        return learner
    watcher: MissionWatcher = current_app.extensions["workshop.watcher"]
    watcher.check_world(world_id)
    return _rooms().learner_of(world_id)
