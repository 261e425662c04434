"""Show the error playground: every error of a login, with a button that triggers it in the visitor's own.

The simulator injects most faults: the button begins an ordinary login whose authorization request names one, so no
other customer's login is touched. This module injects the few that belong to this shop or to the browser, such as a
lost cookie. The inspector then shows where the shop caught the error. The table of faults is the guide's.
"""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape
from sqlalchemy import update

from app.customers.privacy.retention import format_period
from app.database import db
from app.guide.faults import FAULT_CASES, FAULT_GROUPS, PREFIX, STARTERS, FaultCase
from app.guide.inspector.recording import is_callback, started_state
from app.security import clear_cookie, cookie_name, read_cookie, set_cookie
from app.settings import settings_of_app
from app.shop import privacy_notice
from app.shop.privacy_notice import Cookie
from app.strict_requests import request_target
from app.vipps.attempts import hash_of, login_attempt, random_value
from app.vipps.purposes import LoginPurpose
from app.vipps.routes import begin, integration

bp = Blueprint("error_playground", __name__, url_prefix=PREFIX)

COOKIE = "error-playground"  # its value is the case that this browser's login has
LIFETIME = timedelta(minutes=15)
CONTINUE = "vipps.go_to_vipps"
FAULT = "fault"  # the case's name in the address of the page that leads on to Vipps
REPEAT = "repeat"  # injected into the callback, and not into the start


def init_app(app: Flask) -> None:
    """Open the playground; repeating a callback needs the response to the first one."""
    app.register_blueprint(bp)
    app.after_request(_after_request)
    privacy_notice.register_cookie(app, _cookie)
    app.add_template_global(url, "error_playground_url")


def url() -> str:
    """Return the address of the fault case that this request's login was started for; empty for any other login."""
    name = (
        (request.view_args or {}).get("name", "")
        if request.endpoint == "error_playground.try_it"
        else read_cookie(COOKIE)
    )
    return url_for("error_playground.index", _anchor=name) if name in FAULT_CASES else ""


@bp.get("")
def index() -> str:
    """Show every fault."""
    starters = [(FAULT_CASES[name], why) for name, why in STARTERS.items()]
    simulated = settings_of_app().simulated
    return render_template(
        "guide/error_playground/index.html", groups=FAULT_GROUPS, starters=starters, simulated=simulated
    )


@bp.post("/<name>/try")
def try_it(name: str) -> ResponseReturnValue:
    """Begin a login in this browser, with one fault."""
    case = FAULT_CASES.get(name)
    if case is None or not case.can_be_tried or not settings_of_app().simulated:
        abort(404)
    response = begin(LoginPurpose.LOG_IN, "/guide/inspector")
    if started_state():
        response.headers["Location"] += "&" + urlencode({FAULT: case.name})
        set_cookie(response, COOKIE, case.name, max_age=LIFETIME)
    return response


def _cookie() -> Cookie:
    purpose = "Says which error to trigger in a login that you begin in the guide’s error playground."
    return Cookie(cookie_name(COOKIE), purpose, format_period(LIFETIME))


def _inject(case: FaultCase, response: Response) -> None:
    """Inject the fault into the login that this page leads on to Vipps."""
    if case.simulate:
        url = response.headers["Refresh"].partition("url=")[2]
        changed = f"{url}&" + urlencode({"simulate": case.simulate})
        response.headers["Refresh"] = f"0;url={changed}"
        response.set_data(response.get_data(as_text=True).replace(str(escape(url)), str(escape(changed))))
    if case.inject and case.inject != REPEAT:
        INJECTORS[case.inject](response)


def _lose_cookie(response: Response) -> None:
    response.delete_cookie(integration().cookie, httponly=True, samesite="Lax", secure=settings_of_app().https)


def _other_cookie(response: Response) -> None:
    response.set_cookie(
        integration().cookie, random_value(), httponly=True, samesite="Lax", secure=settings_of_app().https
    )


def _too_late(response: Response) -> None:
    state = request.args["state"]
    with db.engine.begin() as connection:
        mine = update(login_attempt).where(login_attempt.c.state_hash == hash_of(state))
        connection.execute(mine.values(expires_at=login_attempt.c.expires_at - 1000))


INJECTORS: dict[str, Callable[[Response], None]] = {
    "lose_cookie": _lose_cookie,
    "other_cookie": _other_cookie,
    "too_late": _too_late,
}


def _after_request(response: Response) -> Response:
    """Inject the case into its login. Forget it when that login comes back or another begins."""
    case = FAULT_CASES.get(read_cookie(COOKIE))
    if case is None or request.endpoint == "error_playground.try_it":
        return response
    if request.endpoint == CONTINUE and request.args.get(FAULT) == case.name and "Refresh" in response.headers:
        _inject(case, response)
    if is_callback() and case.inject == REPEAT:
        response = _repeat(response)
    if is_callback() or started_state():
        clear_cookie(response, COOKIE)
    return response


def _repeat(response: Response) -> Response:
    """Send the browser to the same callback again, as a reload does."""
    again = redirect(request_target(), 303)
    for cookie in response.headers.getlist("Set-Cookie"):
        again.headers.add("Set-Cookie", cookie)
    again.headers["Cache-Control"] = "no-store"
    return again  # type: ignore[return-value]  # after_request hooks also get Werkzeug's response
