"""The demo's own page: whom to be, in each way that a login can go, and how to begin again. There in the demo only."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers.sessions.session_cookie import clear_session_cookie
from app.database import begin_write, db
from app.logging import log
from app.settings import settings_of_app
from app.vipps.return_path import local_path
from samples import customers

bp = Blueprint("demo", __name__)


@bp.before_request
def only_in_the_demo() -> None:
    """Hide the page from a real shop's visitors."""
    if not settings_of_app().in_demo:
        abort(404)


@bp.get("/demo")
def page() -> ResponseReturnValue:
    """Show the stories, also to who is logged in."""
    return render_template("demo/page.html", next=local_path(request.args.get("next"), "/account"))


@bp.post("/demo/start-over")
def start_over() -> ResponseReturnValue:
    """Make the demo's accounts anew, and take away the ones that its stories made."""
    if not settings_of_app().simulated:
        abort(404)
    begin_write()
    customers.start_over(db.session())
    db.session.commit()
    log.info("demo_started_over")
    flash(_("Every account of the demo is as it was at the beginning."), "success")
    response = redirect(url_for("demo.page"), 303)
    clear_session_cookie(response)
    return response
