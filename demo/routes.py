"""The page /demo: the login scenarios, and the reset of the demo. Outside of the demo it answers 404."""

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers.sessions.session_cookie import SESSION_COOKIE
from app.security import clear_cookie, client_network, limiter
from app.settings import settings_of_app
from app.vipps.return_path import local_path
from demo.start_over import start_over

bp = Blueprint("demo", __name__, template_folder="templates")

# A reset makes all other writers wait, and calls the simulator.
RATE_LIMIT = "6 per minute"


def shop_or_network() -> str:
    """Name the shop of one visitor, whose class shares one address; else the client's network."""
    world = current_app.extensions.get("demo.world")
    return world.id if world else client_network()


@bp.before_request
def require_demo() -> None:
    """Hide the page from the visitors of a real shop."""
    if not settings_of_app().in_demo:
        abort(404)


@bp.get("/demo")
def page() -> ResponseReturnValue:
    """Show the scenarios, also to a customer who is logged in."""
    return render_template("demo/page.html", next=local_path(request.args.get("next"), "/account"))


@bp.post("/demo/start-over")
@limiter.limit(RATE_LIMIT, key_func=shop_or_network)
def reset() -> ResponseReturnValue:
    """Reset the demo's accounts and stock, delete the accounts that scenarios created, and reset the simulator."""
    if not settings_of_app().simulated:
        abort(404)
    if start_over():
        flash(_("The shop and the simulator are reset."), "success")
    else:
        flash(_("Only the shop is reset. To reset the simulator too, press “Start over” there."), "warning")
    response = redirect(url_for("demo.page"), 303)
    clear_cookie(response, SESSION_COOKIE)
    return response
