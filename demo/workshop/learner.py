"""The learner's pages: enter a room's code, join with a nickname, come back with three words, see the room.

Rule: a code or words are looked up first, and `WRONG_TRIES` refuses only wrong ones: a class has one address, and a
learner who mistypes must not keep the others out. But an attacker who may try without end recognizes a right code:
it is the one that gets no 429. So `MAX_WRONG_TRIES` closes an address, for right codes too. People who type never reach
it. An attacker with 600 tries an hour needs two weeks on average to find one of 50 rooms, and five months to find the
words of one of 60 learners; a room lives for three weeks at most. A program in the class's own network can still keep
others from joining for an hour. Learners who have joined do not notice it.
"""

from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from app.forms import Form, one_line
from app.security import clear_cookie, client_network, client_site, limiter, read_cookie, set_cookie
from app.settings import settings_of_app
from demo.workshop import board, codes
from demo.workshop.feedback import form_of
from demo.workshop.models import MAX_NICKNAME, Learner, Room
from demo.workshop.rooms import KEEP, RefusedError, Rooms
from demo.world_cookie import COOKIE, cookie_of, world_in

bp = Blueprint("room", __name__, url_prefix="/workshop")

TICKS = ("missions", "tour")  # cookies of `demo.missions.track`
WRONG_TRIES = "20 per minute; 200 per hour"  # then a wrong one gets 429
MAX_WRONG_TRIES = "600 per hour"  # of an IPv6 site, or an IPv4 address; then a right one gets 429 too
JOINS = "60 per minute; 240 per hour"  # a class behind one address, and then another one
NICKNAMES = "1200 per hour"  # also those that are refused
VERDICTS = "900 per minute"  # a class behind one address: 30 learners, whose checks tell each of 15 stages, twice
REFRESH_SECONDS = 5
MAX_CASES, MAX_STAGE = 100, 99
MAX_TEXT = 400
VERDICT_WORDS = frozenset({"safe", "unsafe", "unclear", "not applicable"})


def _is_wrong(response: Response) -> bool:
    return bool(g.get("is_wrong_try"))


def _has_joined(response: Response) -> bool:
    return response.status_code == 303  # a nickname that is refused keeps no other learner out


# One count for all routes that accept a code or words.
limit_guessing = limiter.shared_limit(
    MAX_WRONG_TRIES, scope="workshop-guesses", key_func=client_site, deduct_when=_is_wrong
)


@limiter.shared_limit(WRONG_TRIES, scope="workshop-codes", key_func=client_network)
def _refuse_too_many() -> None:
    """Abort with 429 after too many calls for an address."""


def note_wrong_try() -> None:
    """Count a wrong code or wrong words; abort with 429 if there were too many."""
    g.is_wrong_try = True
    _refuse_too_many()


class JoinForm(Form):
    """A nickname."""

    nickname = StringField(
        _l("Nickname"),
        filters=[one_line],
        validators=[
            DataRequired(_l("Please write a nickname.")),
            Length(max=MAX_NICKNAME, message=_l("A nickname has at most 24 characters.")),
        ],
        render_kw={"maxlength": MAX_NICKNAME},
    )


class ReturnForm(Form):
    """The three words of a learner."""

    words = StringField(
        _l("Your three words"),
        filters=[lambda typed: codes.read_words(typed or "")],
        validators=[DataRequired(_l("Please write your three words."))],
        render_kw={"maxlength": codes.MAX_TYPED, "autocapitalize": "none", "spellcheck": "false"},
    )


@bp.get("")
def index() -> ResponseReturnValue:
    """Ask for a room's code, and go to the room."""
    typed = request.args.get("code", "")
    if code := codes.read_room_code(typed):
        return redirect(url_for("room.join", code=code), 303)
    return render_template("workshop/index.html", typed=typed[: codes.MAX_TYPED], learner=_learner())


@bp.route("/<code>", methods=["GET", "POST"])
@limiter.limit(JOINS, key_func=client_network, methods=["POST"], deduct_when=_has_joined)
@limiter.limit(NICKNAMES, key_func=client_network, methods=["POST"])
@limit_guessing
def join(code: str) -> ResponseReturnValue:
    """Join a room with a nickname; a learner of the room goes on to their own page."""
    room = _open_room(code)
    learner, form = _learner(), JoinForm()
    if learner and learner.room_id == room.id:
        return redirect(url_for("room.mine"), 303)
    if form.validate_on_submit():
        try:
            return _enter(_rooms().join(room.code, form.nickname.data or ""))
        except RefusedError as refusal:
            form.nickname.errors = [_refusals()[refusal.args[0]]]
    return _join_page(room, form, ReturnForm(formdata=None))


@bp.post("/<code>/return")
@limit_guessing
def come_back(code: str) -> ResponseReturnValue:
    """Let a learner go on in their own world in this browser."""
    room, form = _open_room(code), ReturnForm()
    if form.validate_on_submit():
        if learner := _rooms().learner_by_words(room.code, form.words.data or ""):
            return _enter(learner)
        note_wrong_try()
        form.words.errors = [_("No learner of this room has these words. The teacher can read your words to you.")]
        return _join_page(room, JoinForm(formdata=None), form), 404
    return _join_page(room, JoinForm(formdata=None), form)


@bp.get("/room")
def mine() -> ResponseReturnValue:
    """Show a learner their room: words, the teacher's message, and the way to their shop."""
    learner = _learner()
    if learner is None:
        return redirect(url_for("room.index"), 303)
    room = _rooms().find(learner.room.code)
    return render_template(
        "workshop/room.html",
        learner=learner,
        room=room,
        ranking=board.ranking(_rooms(), room) if room else [],
        solved=sum(each.solved_at is not None for each in learner.progress),
        missions=_rooms().open_missions(learner.room),
        address=settings_of_app().public_url + url_for("room.join", code=learner.room.code),
        keep=KEEP,
        refresh=0 if learner.room.ended_at else REFRESH_SECONDS,
    )


@bp.route("/room/feedback", methods=["GET", "POST"])
def feedback() -> ResponseReturnValue:
    """Ask a learner for feedback; they can change it as long as the room is there."""
    learner = _learner()
    if learner is None:
        return redirect(url_for("room.index"), 303)
    form = form_of(learner)
    if form.validate_on_submit():
        _rooms().save_feedback(learner, form.answers)
        flash(_("Thank you. Your teacher can read your answers now."), "success")
        return redirect(url_for("room.mine"), 303)
    return render_template("workshop/feedback_form.html", form=form, room=learner.room)


@bp.post("/room/leave")
def leave() -> ResponseReturnValue:
    """Delete a learner, their progress and their world."""
    if learner := _learner():
        _rooms().leave(learner)
    response = redirect(url_for("room.index"), 303)
    _forget_ticks(response)
    return response


@bp.post("/<code>/verdicts")
@limiter.limit(VERDICTS, key_func=client_network)
@limit_guessing
def verdicts(code: str) -> ResponseReturnValue:
    """Store what the Build track's checker found in one stage of a learner's own shop.

    The body is JSON: `words`, `stage`, `verdicts` (a list with `case`, `verdict` and perhaps `did` of each), and
    `looked_up` if the learner opened the solution.
    """
    sent = request.get_json()  # of another media type: 415
    if not isinstance(sent, dict):
        abort(400)
    words, stage, cases = (sent.get(name) for name in ("words", "stage", "verdicts"))
    found = [_case(each) for each in cases] if isinstance(cases, list) and len(cases) <= MAX_CASES else None
    if not isinstance(words, str) or found is None or None in found:
        abort(400)
    if isinstance(stage, bool) or not isinstance(stage, int) or not 0 <= stage <= MAX_STAGE:
        abort(400)
    known, is_looked_up = codes.read_room_code(code), sent.get("looked_up") is True
    if not _rooms().save_verdicts(known, codes.read_words(words), str(stage), found, is_looked_up):
        note_wrong_try()
        abort(404)
    return jsonify(stored=len(found))


def _case(sent: Any) -> dict[str, str] | None:
    """Return one case as it is stored, or None if it is none."""
    if not isinstance(sent, dict) or sent.get("verdict") not in VERDICT_WORDS or not isinstance(sent.get("case"), str):
        return None
    did = sent.get("did")
    told = one_line(did)[:MAX_TEXT] if isinstance(did, str) else ""
    return {"case": one_line(sent["case"])[:40], "verdict": sent["verdict"], "did": told}


def _rooms() -> Rooms:
    rooms: Rooms = current_app.extensions["workshop.rooms"]
    return rooms


def _learner() -> Learner | None:
    """Return the learner of this browser."""
    world_id = world_in(settings_of_app(), read_cookie(COOKIE))
    return _rooms().learner_of(world_id) if world_id else None


def _open_room(typed: str) -> Room:
    """Return the room of a code, and abort with 404 if there is none; then the try counts as wrong."""
    code = codes.read_room_code(typed)
    room = _rooms().find(code) if code else None
    if room is None:
        note_wrong_try()
        abort(404)
    return room


def _enter(learner: Learner) -> ResponseReturnValue:
    """Give this browser the world of a learner."""
    response = redirect(url_for("room.mine"), 303)
    set_cookie(response, COOKIE, cookie_of(settings_of_app(), learner.world_id), max_age=KEEP * 3)
    _forget_ticks(response)
    return response


def _forget_ticks(response: Any) -> None:
    """Forget what this browser has solved in another world."""
    for name in TICKS:
        clear_cookie(response, name)


def _join_page(room: Room, form: JoinForm, words: ReturnForm) -> str:
    return render_template("workshop/join.html", room=room, form=form, words=words, keep=KEEP)


def _refusals() -> dict[str, str]:
    return {
        "full": _("This room is full. Please tell your teacher."),
        "ended": _("This room has ended."),
        "closed": _("This room is closed to new learners. Please ask your teacher to open it."),
        "taken": _("Another learner has this nickname. Please choose another one."),
    }
