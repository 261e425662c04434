"""A person's phone: requests to log in, companies with access and remembered browsers.

Beside the app, the page shows what the real app never shows: whether the revocation event reached the company. Every
button posts and redirects back to this page.
"""

from datetime import datetime

from babel.dates import format_datetime, get_timezone
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask import session as browser_session
from flask_babel import get_locale
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from . import backchannel, i18n, merchants, pings, remembered_browsers, revocations, sharing, views
from .clock import utcnow
from .context import simulator
from .database import fetch
from .models import Delivery, Login, Person, SalesUnit
from .protocol import BROWSER
from .random_values import hashed, new_value

bp = Blueprint("phone", __name__, url_prefix="/persons/<key>")

TIME_ZONE = "Europe/Oslo"
MAX_DELIVERIES = 10


@bp.app_template_filter("moment")
def moment(at: datetime) -> str:
    """Format a time as the phone shows it."""
    return str(format_datetime(at, "d MMM y, HH:mm", tzinfo=get_timezone(TIME_ZONE), locale=get_locale()))


@bp.get("/phone")
def show(key: str) -> str:
    """Show the phone; after a revocation, also whether the event reached the company."""
    with simulator().store.read() as session:
        person = fetch(session, Person, key) or abort(404)
        companies = sharing.companies(session, key)
        ended = fetch(session, SalesUnit, request.args.get("ended", ""))
        deliveries = revocations.newest(session, key, MAX_DELIVERIES)
        ended = ended if ended and ended.client_id not in [each.client_id for each in companies] else None
        return render_template(
            "phone.html",
            person=views.portrait(person, i18n.language()),
            requests=backchannel.open_requests(session, key, utcnow()),
            answered=_answered(session, key),
            companies=companies,
            browsers=sharing.browsers(session, key, remembered_browsers.oldest(utcnow())),
            this_browser=hashed(remembered_browsers.token_of_browser() or ""),
            units={unit.client_id: unit for unit in merchants.list_merchants(session)},
            deliveries=deliveries,
            ended=ended,
            ended_at=views.account_page(ended) if ended else "",
            told=next((each for each in deliveries if ended and each.client_id == ended.client_id), None),
            now=utcnow(),
            odd_events=revocations.ODD,
        )


@bp.post("/requests/<login_id>/open")
def open_request(key: str, login_id: str) -> Response:
    """Confirm that the code is the same; the missing consents follow on the usual screens of a login."""
    with simulator().store.write() as session:
        login = _waiting(session, key, login_id)
        if login is None:
            return _back(key, login_id)
        login.browser_hash = hashed(browser_session.setdefault(BROWSER, new_value()))
        login.confirmed_at = utcnow()
    return redirect(url_for("screens.show", login_id=login_id), 303)


@bp.post("/requests/<login_id>/decline")
def decline_request(key: str, login_id: str) -> Response:
    """Decline a request; a repeated press sends no second ping."""
    with simulator().store.write() as session:
        login = _waiting(session, key, login_id)
        declined = login is not None and backchannel.decline(session, login, utcnow())
    if declined:
        pings.send(simulator().store, login_id)
    return _back(key, login_id)


@bp.post("/revoke")
def revoke(key: str) -> Response:
    """Revoke the consent for a company; a repeated press sends no second event."""
    with simulator().store.write() as session:
        person, unit = _person(session, key), fetch(session, SalesUnit, request.form.get("client_id", "")) or abort(404)
        delivery = revocations.revoke(session, person, unit.client_id, _variant())
    if delivery:
        revocations.send_new(simulator().store, delivery)
    return redirect(url_for("phone.show", key=key, ended=unit.client_id), 303)


@bp.post("/deliveries/<delivery_id>/send")
def send(key: str, delivery_id: str) -> Response:
    """Send the event to a company again."""
    with simulator().store.read() as session:
        delivery = fetch(session, Delivery, delivery_id)
        if delivery is None or delivery.person_key != key:
            abort(404)
    revocations.send(simulator().store, delivery.id)
    return redirect(url_for("phone.show", key=key, _anchor="told"), 303)


@bp.post("/browsers/forget")
def forget_browsers(key: str) -> Response:
    """Forget all browsers that remember the person."""
    with simulator().store.write() as session:
        sharing.forget_browsers(session, _person(session, key).key)
    return redirect(url_for("phone.show", key=key, _anchor="browsers"), 303)


def _back(key: str, login_id: str) -> Response:
    return redirect(url_for("phone.show", key=key, answered=login_id), 303)


def _waiting(session: Session, key: str, login_id: str) -> Login | None:
    """Return a request that waits on this phone."""
    waiting = backchannel.open_requests(session, _person(session, key).key, utcnow())
    return next((login for _, login in waiting if login.id == login_id), None)


def _answered(session: Session, key: str) -> dict[str, str | bool] | None:
    """Return which company's request was answered just now, and how."""
    login = fetch(session, Login, request.args.get("answered", ""))
    if login is None or login.person_key != key or login.finished_at is None:
        return None
    return {"name": session.get_one(SalesUnit, login.client_id).name, "is_yes": not login.error_location}


def _variant() -> revocations.Variant:
    """Return how the event is to be delivered, in the ordinary way if nothing was chosen."""
    try:
        return revocations.variant_named(request.form.get("event"))
    except ValueError:
        abort(400)


def _person(session: Session, key: str) -> Person:
    return fetch(session, Person, key) or abort(404)
