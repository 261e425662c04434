"""Add the room to the shop of a learner's world: a strip in the demo's bar, a page while the teacher pauses, and notes.

A mission that a learner opens, the hints that they take and a right answer are noted from the requests to the missions'
pages (`demo.missions.routes`), which know of no room. What else solves a mission is noticed by `board`.

Rule: only pages that a browser opens are held back while a room is paused. A callback, a form or a webhook goes on, or
a login that had begun would be lost.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, g, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app.database import name_of
from app.forms import one_line
from app.logging import log
from demo.workshop.board import MissionWatcher
from demo.workshop.codes import spaced
from demo.workshop.rooms import Rooms, RoomStatus

MISSIONS = "missions"  # the blueprint of the missions' pages
# The pages for a visitor without a room, and those of a learner, whose room knows what they solved.
TAKE_HOME = {"teaching.certificate": "/workshop/room/certificate", "teaching.notes": "/workshop/room/notes.md"}
GOES_ON = frozenset({"static", "vipps.callback", "vipps.go_to_vipps", "i18n.choose"})


def add_to_world(workshop: Flask, shop: Flask, world_id: str) -> None:
    """Show the room on the pages of a world's shop."""
    rooms: Rooms = workshop.extensions["workshop.rooms"]
    watcher: MissionWatcher = workshop.extensions["workshop.watcher"]

    def room_status(*, is_fresh: bool = False) -> RoomStatus | None:
        with tolerated():
            return rooms.status(world_id, is_fresh=is_fresh)
        return None

    def hold_back_while_paused() -> ResponseReturnValue | None:
        if request.method != "GET" or request.endpoint in GOES_ON:
            return None
        status = room_status(is_fresh=request.blueprint == MISSIONS)  # another worker may have noted an answer just now
        if status is None:
            return None
        with tolerated():
            watcher.check_world(world_id)
        g.is_personal = True  # the strip is not in the front page that the shop caches
        return redirect("/workshop/room", 303) if status.is_paused else None

    def lead_to_room() -> ResponseReturnValue | None:
        address = TAKE_HOME.get(request.endpoint or "")
        with tolerated():
            return redirect(address, 303) if address and rooms.learner_of(world_id) else None
        return None

    def note_mission(response: Response) -> Response:
        key = (request.view_args or {}).get("key")
        if request.blueprint == MISSIONS and key and room_status():
            with tolerated():
                is_solved = g.get("is_mission_solved", False)  # by what this world has stored, not by the ticks
                wrong, hints = one_line(g.get("wrong_answer")), request.args.get("hints", 0, int)
                rooms.record(world_id, key, hints=hints, solved=is_solved, wrong=wrong)
        return response

    shop.after_request(note_mission)
    shop.before_request(hold_back_while_paused)
    shop.before_request(lead_to_room)
    shop.extensions["demo.room"] = room_status  # the missions take the ticks from it
    shop.add_template_global(room_status, "room_status")
    shop.add_template_filter(spaced, "room_code")  # the shop renders `workshop/logins.html` too


@contextmanager
def tolerated() -> Iterator[None]:
    """Log that the workshop's database failed, and go on: the shop does not depend on it."""
    try:
        yield
    except SQLAlchemyError as error:
        log.warning("workshop_read_failed", error=name_of(error))
