"""The clinic's page, and the button that begins a login which goes wrong."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import update

from app.customers.privacy.labels import format_period
from app.database import db
from app.guide.error_playground.ailments import AILMENTS, PREFIX, STARTERS, WARDS, Ailment
from app.guide.login_requests import CALLBACK, state_of_begun
from app.security import clear_cookie, cookie_name, read_cookie, set_cookie
from app.settings import settings_of_app
from app.shop import privacy_notice
from app.shop.privacy_notice import Cookie
from app.vipps.attempts import hash_of, login_attempt, random_value
from app.vipps.purposes import Purpose
from app.vipps.routes import begin, integration

bp = Blueprint("clinic", __name__, url_prefix=PREFIX)

COOKIE = "clinic"  # the ailment that this browser's login has
LIFETIME = timedelta(minutes=15)
REPEAT = "repeat"  # what the clinic itself does to a login when it is back


def init_app(app: Flask) -> None:
    """Open the clinic; a repeated callback needs a look at the answer to the first one."""
    app.register_blueprint(bp)
    app.after_request(_after_login)
    privacy_notice.register_cookie(app, _cookie)
    app.add_template_global(url, "clinic_url")


def url() -> str:
    """Return where in the clinic the login of this request began; empty if it began elsewhere."""
    name = (request.view_args or {}).get("name", "") if request.endpoint == "clinic.try_it" else read_cookie(COOKIE)
    return url_for("clinic.index", _anchor=name) if name in AILMENTS else ""


@bp.get("")
def index() -> str:
    """Show every ailment."""
    starters = [(AILMENTS[name], words) for name, words in STARTERS.items()]
    simulated = settings_of_app().simulated
    return render_template("guide/clinic/index.html", wards=WARDS, starters=starters, simulated=simulated)


@bp.post("/<name>/try")
def try_it(name: str) -> ResponseReturnValue:
    """Begin a login of this browser, and let it go wrong in one way."""
    ailment = AILMENTS.get(name)
    if ailment is None or not ailment.can_be_tried or not settings_of_app().simulated:
        abort(404)
    response = begin(Purpose.LOG_IN, "/guide/inspector")
    return _bent(ailment, response) if response.status_code == 302 else response


def _cookie() -> Cookie:
    purpose = "Says what is to go wrong in a login that you begin in the guide’s error clinic."
    return Cookie(cookie_name(COOKIE), purpose, format_period(LIFETIME))


def _bent(ailment: Ailment, response: Response) -> Response:
    """Let the login that this response begins go wrong."""
    if ailment.simulate:
        response.headers["Location"] += "&" + urlencode({"simulate": ailment.simulate})
    if ailment.here and ailment.here != REPEAT:
        HERE[ailment.here](response)
    set_cookie(response, COOKIE, ailment.name, max_age=LIFETIME)
    return response


def _lose_cookie(response: Response) -> None:
    response.delete_cookie(integration().cookie, httponly=True, samesite="Lax", secure=settings_of_app().https)


def _other_cookie(response: Response) -> None:
    response.set_cookie(
        integration().cookie, random_value(), httponly=True, samesite="Lax", secure=settings_of_app().https
    )


def _too_late(response: Response) -> None:
    state = state_of_begun(response)
    with db.engine.begin() as connection:
        mine = update(login_attempt).where(login_attempt.c.state_hash == hash_of(state))
        connection.execute(mine.values(expires_at=login_attempt.c.expires_at - 1000))


HERE: dict[str, Callable[[Response], None]] = {
    "lose_cookie": _lose_cookie,
    "other_cookie": _other_cookie,
    "too_late": _too_late,
}


def _after_login(response: Response) -> Response:
    """Forget the ailment when its login is back, or when another begins; repeat a callback that is to be repeated."""
    ailment = AILMENTS.get(read_cookie(COOKIE))
    if ailment is None or request.endpoint == "clinic.try_it":
        return response
    if request.endpoint == CALLBACK and ailment.here == REPEAT:
        response = _again(response)
    if request.endpoint == CALLBACK or state_of_begun(response):
        clear_cookie(response, COOKIE)
    return response


def _again(response: Response) -> Response:
    """Send the browser to the same callback once more, as a reload does."""
    again = redirect(request.full_path, 303)
    for cookie in response.headers.getlist("Set-Cookie"):
        again.headers.add("Set-Cookie", cookie)
    again.headers["Cache-Control"] = "no-store"
    return again  # type: ignore[return-value]  # werkzeug's response is what Flask's after_request gets as well
