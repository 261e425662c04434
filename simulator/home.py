"""The start page at `/` with its controls, and the health check at `/healthz`."""

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from . import discovery, i18n, merchants, person_changes, persons, random_values, remembered_browsers, seed, views
from .clock import utcnow
from .context import simulator
from .database import fetch
from .models import Person, SalesUnit

bp = Blueprint("home", __name__)


@bp.get("/")
def index() -> str:
    """Show the persons, the merchants, the endpoints and whether this browser is remembered."""
    public_url = simulator().config.public_url
    with simulator().store.read() as session:
        remembered = remembered_browsers.remembered_person(session, utcnow())
        return render_template(
            "home.html",
            endpoints=discovery.document(public_url),
            discovery_url=public_url + discovery.DISCOVERY,
            remembered=remembered and persons.full_name(remembered.profile),
            **views.home_context(session, i18n.language()),
        )


@bp.post("/forget")
def forget() -> AnyResponse:
    """Forget this browser."""
    response = redirect(url_for("home.index", _anchor="browser"), 303)
    with simulator().store.write() as session:
        remembered_browsers.forget(session, response)
    return response


@bp.post("/persons/<key>/number")
def swap_number(key: str) -> AnyResponse:
    """Switch a person to the next of their phone numbers."""
    with simulator().store.write() as session:
        person = fetch(session, Person, key) or abort(404)
        person.profile = persons.swapped_number(person.profile)
    return redirect(url_for("home.index", _anchor=key), 303)


@bp.post("/persons/<key>/event")
def apply_event(key: str) -> AnyResponse:
    """Change a person; a merchant site sees the change at the next login."""
    with simulator().store.write() as session:
        person = fetch(session, Person, key) or abort(404)
        try:
            person_changes.apply_event(session, person, request.form.get("event", ""))
        except KeyError:
            abort(400)
    return redirect(url_for("home.index", _anchor=key), 303)


@bp.post("/plan")
def change_plan() -> AnyResponse:
    """Switch a merchant to the other plan."""
    with simulator().store.write() as session:
        unit = fetch(session, SalesUnit, request.form.get("client_id", "")) or abort(404)
        merchants.change_plan(unit)
    return redirect(url_for("home.index", _anchor="merchants"), 303)


@bp.post("/start-over")
def start_over() -> AnyResponse:
    """Delete all logins and consents, and undo every change."""
    with simulator().store.write() as session:
        seed.reset(session, simulator().config.merchants)
    random_values.restart(simulator().config.seed)
    return redirect(url_for("home.index"), 303)


@bp.get("/healthz")
def healthz() -> Response:
    """Report that the simulator is running."""
    return jsonify(status="ok")
