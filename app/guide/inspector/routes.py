"""The inspector's pages: this browser's logins, one of them step by step, two side by side, and one as a file."""

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.guide.inspector import recorded_names, store
from app.guide.inspector.comparison import essence, groups
from app.guide.inspector.timeline import PARTICIPANTS, Story, passed, told
from app.guide.sequence import Arrow, cut, draw
from app.security import clear_cookie

bp = Blueprint("inspector", __name__, url_prefix="/guide/inspector")


@bp.get("")
def index() -> str:
    """Show this browser's logins."""
    stories = [told(each) for each in store.of_this_browser()]
    return render_template("guide/inspector/index.html", stories=stories, age=store.AGE, most=store.PER_BROWSER)


@bp.get("/<int:number>")
def show(number: int) -> str:
    """Show a login step by step."""
    story = _story(number)
    arrows = [
        Arrow(step.sender, step.receiver, cut(step.label), f"#step-{number}", number, step.failed)
        for number, step in enumerate(story.steps, start=1)
    ]
    return render_template(
        "guide/inspector/login.html",
        story=story,
        words=recorded_names,
        passed=passed(story),
        diagram=draw(arrows, f"The login in {len(arrows)} steps, which are told below", PARTICIPANTS),
    )


@bp.get("/latest")
def latest() -> ResponseReturnValue:
    """Lead to this browser's newest login, or to the one with a reference number; without any, to the index.

    A page that ends a login links to here: it is sent before the login is kept, and does not know its number.
    """
    wanted = request.args.get("reference")
    found = next((each.id for each in store.of_this_browser() if wanted in (None, each.reference)), None)
    if found is None:
        return redirect(url_for("inspector.index"), 303)
    return redirect(url_for("inspector.show", number=found), 303)


@bp.get("/<int:number>.json")
def download(number: int) -> Response:
    """Hand over a login as it was recorded, with what became of each check."""
    story = _story(number)
    login = story.login
    checks = [{"check": each.check.title, "clause": each.check.clause, "result": each.result} for each in story.checks]
    answer = jsonify(
        at=login.at.isoformat(),
        reference=login.reference,
        outcome=story.outcome,
        refusal=story.refusal.code if story.refusal else "",
        start=login.start,
        callback=login.callback,
        checks=checks,
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="login-{number}.json"'
    return answer


@bp.get("/compare")
def compare() -> ResponseReturnValue:
    """Lay two logins side by side."""
    numbers = request.args.getlist("login", type=int)
    if len(numbers) != 2:
        return redirect(url_for("inspector.index"), 303)
    earlier, later = sorted((_story(number) for number in numbers), key=lambda story: story.login.id)
    return render_template(
        "guide/inspector/compare.html",
        both={"Earlier": earlier, "Later": later},
        essence=essence(earlier, later),
        groups=groups(earlier, later),
        words=recorded_names,
    )


@bp.post("/forget")
def forget() -> ResponseReturnValue:
    """Forget this browser's logins."""
    store.forget()
    response = redirect(url_for("inspector.index"), 303)
    clear_cookie(response, store.COOKIE)
    return response


@bp.after_request
def keep_private(response: Response) -> Response:
    """Keep these pages out of every cache: they show who logged in."""
    response.headers["Cache-Control"] = "no-store"
    return response


def _story(number: int) -> Story:
    login = store.one_of(number)
    if login is None:
        abort(404)
    return told(login)
