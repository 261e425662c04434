"""Show the inspector's pages: this browser's logins, one login step by step, a comparison, and a download."""

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.guide.inspector import live, recorded_names, store
from app.guide.inspector.checks import Result
from app.guide.inspector.comparison import difference_groups, summarize
from app.guide.inspector.timeline import PARTICIPANTS, Timeline, build_timeline, in_brand
from app.guide.sequence import Arrow, draw, shorten
from app.security import clear_cookie

bp = Blueprint("inspector", __name__, url_prefix="/guide/inspector")
bp.add_url_rule("/live", view_func=live.live)
bp.add_url_rule("/live/events", view_func=live.live_events)


@bp.get("")
def index() -> str:
    """Show this browser's logins."""
    timelines = [build_timeline(each) for each in store.list_for_browser()]
    return render_template(
        "guide/inspector/index.html", timelines=timelines, age=store.RETENTION, most=store.MAX_PER_BROWSER
    )


@bp.get("/<int:number>")
def show(number: int) -> str:
    """Show a login step by step."""
    timeline = _timeline(number)
    arrows = [
        Arrow(
            in_brand(step.sender), in_brand(step.receiver), shorten(in_brand(step.label)), f"#step-{n}", n, step.failed
        )
        for n, step in enumerate(timeline.steps, start=1)
    ]
    title = f"The login in {len(arrows)} steps, which are explained below"
    diagram = draw(arrows, title, [in_brand(each) for each in PARTICIPANTS])
    passed = sum(each.result is Result.PASSED for each in timeline.checks)
    return render_template(
        "guide/inspector/login.html", timeline=timeline, names=recorded_names, passed=passed, diagram=diagram
    )


@bp.get("/latest")
def latest() -> ResponseReturnValue:
    """Redirect to this browser's newest login, or to the one with a reference number; to the index if there is none.

    The page that ends a login links here, because it is sent before the login is saved and gets its number.
    """
    reference = request.args.get("reference")
    found = next((each.id for each in store.list_for_browser() if reference in (None, each.reference)), None)
    if found is None:
        return redirect(url_for("inspector.index"), 303)
    return redirect(url_for("inspector.show", number=found), 303)


@bp.get("/<int:number>.json")
def download(number: int) -> Response:
    """Download a login as it was recorded, with the result of each check."""
    timeline = _timeline(number)
    login, refusal = timeline.login, timeline.refusal.code if timeline.refusal else ""
    checks = [
        {"check": each.check.title, "clause": each.check.clause, "result": each.result} for each in timeline.checks
    ]
    told = {"at": login.at.isoformat(), "reference": login.reference, "outcome": timeline.outcome, "refusal": refusal}
    answer = jsonify(**told, start=login.start, callback=login.callback, checks=checks)
    answer.headers["Content-Disposition"] = f'attachment; filename="login-{number}.json"'
    return answer


@bp.get("/compare")
def compare() -> ResponseReturnValue:
    """Compare two logins."""
    numbers = request.args.getlist("login", type=int)
    if len(numbers) != 2:
        return redirect(url_for("inspector.index"), 303)
    earlier, later = sorted((_timeline(number) for number in numbers), key=lambda timeline: timeline.login.id)
    return render_template(
        "guide/inspector/compare.html",
        both={"Earlier": earlier, "Later": later},
        summary=summarize(earlier, later),
        groups=difference_groups(earlier, later),
        names=recorded_names,
    )


@bp.post("/forget")
def forget() -> ResponseReturnValue:
    """Delete this browser's recorded logins."""
    store.delete_for_browser()
    response = redirect(url_for("inspector.index"), 303)
    clear_cookie(response, store.COOKIE)
    return response


@bp.after_request
def keep_private(response: Response) -> Response:
    """Forbid caches to store these pages, because they show who logged in."""
    response.headers["Cache-Control"] = "no-store"
    return response


def _timeline(number: int) -> Timeline:
    login = store.find_login(number)
    if login is None:
        abort(404)
    return build_timeline(login)
