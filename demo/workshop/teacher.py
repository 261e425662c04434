"""The teacher's pages: rooms, the board, the projector, a learner, and the logins of a learner's world.

Rule: every page but the link itself asks for the teacher's cookie, and every change is a form with a CSRF token. Wrong
links are limited for each address, and a right one is not: its token has 256 bits, so no number of tries finds it.
"""

from typing import Any

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.forms import one_line
from app.security import clear_cookie, client_network, limiter, read_cookie, set_cookie
from demo.workshop import codes, learner_logins
from demo.workshop.board import MissionWatcher, board_csv, build_board
from demo.workshop.feedback import FEEDBACK_QUESTIONS, answers_in
from demo.workshop.models import MAX_MESSAGE, MAX_NICKNAME, Learner, Room
from demo.workshop.rooms import KEEP, Rooms
from demo.workshop.store import TEACHER_LIFETIME

bp = Blueprint("teacher", __name__, url_prefix="/workshop/teach")

TEACHER_COOKIE = "workshop-teacher"
REFRESH_SECONDS = 5
WRONG_LINKS = "20 per minute"
CHANGES = "'pause', 'go-on', 'message', 'close-door', 'open-door', 'next-part', 'ranking', 'end', 'delete'"
OPEN = frozenset({"teacher.link", "teacher.use_link"})


@bp.before_request
def require_teacher() -> ResponseReturnValue | None:
    """Show other visitors how a browser becomes the teacher's."""
    if request.endpoint in OPEN or _rooms().is_teacher(read_cookie(TEACHER_COOKIE)):
        return None
    return render_template("workshop/no_teacher.html"), 403


@bp.get("/open/<token>")
def link(token: str) -> ResponseReturnValue:
    """Show a button. The link works once, so a program that looks at links ahead must not use it up."""
    return (
        render_template("workshop/link.html", token=token, is_valid=True) if _rooms().has_link(token) else _wrong_link()
    )


@bp.post("/open/<token>")
def use_link(token: str) -> ResponseReturnValue:
    """Make this browser the teacher's."""
    cookie = _rooms().use_link(token)
    if cookie is None:
        return _wrong_link()
    response = redirect(url_for("teacher.index"), 303)
    set_cookie(response, TEACHER_COOKIE, cookie, max_age=TEACHER_LIFETIME)
    return response


@limiter.shared_limit(WRONG_LINKS, scope="workshop-links", key_func=client_network)
def _wrong_link() -> ResponseReturnValue:
    """Say that a link does not work; answer 429 after too many of an address."""
    return render_template("workshop/link.html", is_valid=False), 404


@bp.post("/log-out")
def log_out() -> ResponseReturnValue:
    """End the teacher's session of this browser."""
    _rooms().forget_teacher(read_cookie(TEACHER_COOKIE))
    response = redirect(url_for("room.index"), 303)
    clear_cookie(response, TEACHER_COOKIE)
    return response


@bp.get("")
def index() -> str:
    """Show the rooms of this server."""
    return render_template("workshop/rooms.html", rooms=_rooms().list_rooms(), keep=KEEP)


@bp.post("/rooms")
def open_room() -> ResponseReturnValue:
    """Open a room."""
    room = _rooms().create()
    if room is None:
        flash(_("There are too many rooms. Please delete a room that has ended."), "error")
        return redirect(url_for("teacher.index"), 303)
    return redirect(url_for("teacher.board", code=room.code), 303)


@bp.get("/<code>")
def board(code: str) -> str:
    """Show the board of a room."""
    room = _checked(code)
    return render_template(
        "workshop/board.html",
        board=build_board(_rooms(), room),
        room=room,
        address=_address(room),
        refresh=0 if "still" in request.args else REFRESH_SECONDS,
        max_message=MAX_MESSAGE,
        keep=KEEP,
    )


@bp.get("/<code>/projector")
def projector(code: str) -> str:
    """Show the room to the class: how to join, and how many solved what. It has no names."""
    room = _checked(code)
    return render_template(
        "workshop/projector.html",
        board=build_board(_rooms(), room),
        room=room,
        address=_address(room),
        qr=codes.qr_code(_address(room)),
        refresh=0 if "still" in request.args else REFRESH_SECONDS,
    )


@bp.get("/<code>/board.csv")
def export(code: str) -> Response:
    """Download the board."""
    room = _checked(code)
    response = Response(board_csv(build_board(_rooms(), room)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="workshop-{room.code}.csv"'
    return response


@bp.get("/<code>/feedback")
def feedback(code: str) -> str:
    """Show what the learners answered at the end, without nicknames."""
    room = _room(code)
    answers = answers_in(room)
    asked = [
        (text, [each[number] for each in answers if each[number]]) for number, text in enumerate(FEEDBACK_QUESTIONS)
    ]
    return render_template("workshop/feedback.html", room=room, asked=asked, count=len(answers))


@bp.post(f"/<code>/<any({CHANGES}):action>")
def change(code: str, action: str) -> ResponseReturnValue:
    """Do what a button of the board says."""
    room, rooms = _room(code), _rooms()
    if action in ("pause", "go-on"):
        rooms.pause(room.code, action == "pause")
    elif action == "message":
        rooms.change(room.code, message=one_line(request.form.get("message"))[:MAX_MESSAGE])
    elif action in ("close-door", "open-door"):
        rooms.change(room.code, is_closed=action == "close-door")
    elif action == "next-part":
        rooms.open_next_part(room.code, request.form.get("shown", 0, int))
    elif action == "ranking":
        rooms.change(room.code, has_ranking=request.form.get("on") == "1")
    elif action == "end":
        rooms.end(room.code)
    elif action == "delete":
        rooms.delete(room.code)
        flash(_("The room %(code)s is deleted, with all that belonged to it.", code=room.code), "success")
        return redirect(url_for("teacher.index"), 303)
    return redirect(url_for("teacher.board", code=room.code), 303)


@bp.get("/<code>/learners/<int:number>")
def learner(code: str, number: int) -> str:
    """Show a learner: words, nickname, progress, verdicts."""
    room = _checked(code)
    mine = _learner(room, number)
    rows = build_board(_rooms(), room)
    row = next((each for each in rows.rows if each.learner.id == number), None)
    return render_template(
        "workshop/learner.html", room=room, learner=mine, row=row, board=rows, max_nickname=MAX_NICKNAME
    )


@bp.post("/<code>/learners/<int:number>/<any('rename', 'hide', 'show', 'reset', 'remove'):action>")
def change_learner(code: str, number: int, action: str) -> ResponseReturnValue:
    """Rename, hide, show, reset or remove a learner."""
    room, rooms = _room(code), _rooms()
    mine = _learner(room, number)
    if action == "rename":
        nickname = one_line(request.form.get("nickname"))[:MAX_NICKNAME]
        if not nickname or not rooms.rename(mine, nickname):
            flash(_("The nickname is empty, or another learner has it."), "error")
    elif action == "reset":
        if not rooms.reset(mine):
            abort(404)
        flash(_("%(name)s has a fresh shop and no solved missions.", name=mine.nickname), "success")
    elif action == "remove":
        rooms.leave(mine)
        flash(_("%(name)s is removed, with their shop.", name=mine.nickname), "success")
        return redirect(url_for("teacher.board", code=room.code), 303)
    else:
        rooms.hide(mine, action == "hide")
    return redirect(url_for("teacher.learner", code=room.code, number=number), 303)


@bp.get("/<code>/learners/<int:number>/logins")
def logins(code: str, number: int) -> str:
    """Look over a learner's shoulder: the logins that their world recorded, read only."""
    room = _room(code)
    mine = _learner(room, number)
    world = _rooms().worlds.find(mine.world_id)
    if world is None:
        abort(404)
    context: dict[str, Any] = {"room": room, "learner": mine, "workshop_path": request.path}
    return learner_logins.show_logins(_rooms().worlds.shop(world), request.args.get("login", type=int), **context)


def _rooms() -> Rooms:
    rooms: Rooms = current_app.extensions["workshop.rooms"]
    return rooms


def _room(code: str) -> Room:
    room = _rooms().find(codes.read_room_code(code))
    if room is None:
        abort(404)
    return room


def _checked(code: str) -> Room:
    """Return a room after a check of what is solved."""
    room = _room(code)
    watcher: MissionWatcher = current_app.extensions["workshop.watcher"]
    return _room(code) if watcher.check_room(room) else room


def _learner(room: Room, number: int) -> Learner:
    found = next((each for each in room.learners if each.id == number), None)
    if found is None:
        abort(404)
    return found


def _address(room: Room) -> str:
    return f"{current_app.extensions['settings'].public_url}{url_for('room.join', code=room.code)}"
