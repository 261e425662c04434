"""A person's phone: the app's lists of companies with access and of remembered browsers.

Beside the app, the page shows what the real app never shows: whether the revocation event reached the company. Every
button posts and redirects back to this page.
"""

from datetime import datetime

from babel.dates import format_datetime, get_timezone
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import get_locale
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from . import i18n, merchants, remembered_browsers, revocations, sharing, views
from .clock import utcnow
from .context import simulator
from .database import fetch
from .models import Delivery, Person, SalesUnit
from .random_values import hashed

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


def _variant() -> revocations.Variant:
    """Return how the event is to be delivered, in the ordinary way if nothing was chosen."""
    try:
        return revocations.variant_named(request.form.get("event"))
    except ValueError:
        abort(400)


def _person(session: Session, key: str) -> Person:
    return fetch(session, Person, key) or abort(404)
