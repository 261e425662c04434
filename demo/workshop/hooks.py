"""Add the room to the shop of a learner's world: a strip in the demo's bar, and a page while the teacher pauses.

Rule: only pages that a browser opens are held back while a room is paused. A callback, a form or a webhook goes on, or
a login that had begun would be lost.
"""

from flask import Flask, g, redirect, request
from flask.typing import ResponseReturnValue

from demo.workshop.codes import spaced
from demo.workshop.rooms import Rooms, RoomStatus

GOES_ON = frozenset({"static", "vipps.callback", "vipps.go_to_vipps", "i18n.choose"})


def add_to_world(workshop: Flask, shop: Flask, world_id: str) -> None:
    """Show the room on the pages of a world's shop."""
    rooms: Rooms = workshop.extensions["workshop.rooms"]

    def room_status() -> RoomStatus | None:
        return rooms.status(world_id)

    def hold_back_while_paused() -> ResponseReturnValue | None:
        if request.method != "GET" or request.endpoint in GOES_ON:
            return None
        status = rooms.status(world_id)
        g.is_personal = status is not None  # the strip is not in the front page that the shop caches
        return redirect("/workshop/room", 303) if status and status.is_paused else None

    shop.before_request(hold_back_while_paused)
    shop.add_template_global(room_status, "room_status")
    shop.add_template_filter(spaced, "room_code")  # the shop renders `workshop/logins.html` too
