"""The page /demo: the login scenarios, and the reset of the demo. Outside of the demo it answers 404."""

from importlib import import_module
from importlib.util import find_spec

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers.sessions.session_cookie import SESSION_COOKIE
from app.security import clear_cookie, client_network, client_site, limiter
from app.settings import settings_of_app
from app.vipps.return_path import local_path
from demo.start_over import start_over
from demo.worlds import own_settings
from demo.worlds.own_settings import WorldSettingsForm

bp = Blueprint("demo", __name__, template_folder="templates")

# A reset makes all other writers wait, and calls the simulator.
RATE_LIMIT = "6 per minute"
# To build a shop takes 70 ms of processor time; a class is behind one address.
BUILDS, BUILDS_BY_SITE = "200 per hour", "1000 per hour"
# Those of the inspector and of the tour, which a demo without the guide does not have.
GUIDE_COOKIES = "inspector", "tour"


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
    form = WorldSettingsForm(obj=settings_of_app()) if "demo.world" in current_app.extensions else None
    return render_template("demo/page.html", next=local_path(request.args.get("next"), "/account"), world_settings=form)


@bp.post("/demo/settings")
@limiter.limit(RATE_LIMIT, key_func=shop_or_network)
@limiter.limit(BUILDS, key_func=client_network)
@limiter.limit(BUILDS_BY_SITE, key_func=client_site)
def change_settings() -> ResponseReturnValue:
    """Build the visitor's own shop again with other settings; its customers and orders stay."""
    world, form = current_app.extensions.get("demo.world"), WorldSettingsForm()
    if world is None:
        abort(404)
    if not form.validate():
        abort(400)
    own_settings.write(world.settings_file, form)
    flash(_("Your shop now has these settings."), "success")
    return redirect(url_for("demo.page"), 303)


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
    if find_spec("app.guide"):
        import_module("app.guide.inspector.store").delete_for_browser()
    response = redirect(url_for("demo.page"), 303)
    for name in (SESSION_COOKIE, *GUIDE_COOKIES):
        clear_cookie(response, name)
    return response
