"""A person's phone, with the app open where it lists who knows what: companies with access, remembered browsers.

The app is what the person sees; beside it stands what the app never shows, namely what became of telling a company
that the sharing is over. Every button posts and leads back to this page.
"""

from datetime import datetime

from babel.dates import format_datetime, get_timezone
from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import get_locale
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from simulator import i18n, merchants, remembered_browsers, revocations, sharing, views
from simulator.context import simulator
from simulator.database import fetch, utcnow
from simulator.models import Delivery, Person, SalesUnit
from simulator.random_values import hashed

bp = Blueprint("phone", __name__, url_prefix="/persons/<key>")

TIME_ZONE = "Europe/Oslo"
SHOWN_DELIVERIES = 10


@bp.app_template_filter("moment")
def moment(at: datetime) -> str:
    """Write a moment as the clock of the phone shows it."""
    return str(format_datetime(at, "d MMM y, HH:mm", tzinfo=get_timezone(TIME_ZONE), locale=get_locale()))


@bp.get("/phone")
def show(key: str) -> str:
    """Show the phone; after a sharing has been ended, also what became of telling the company."""
    with simulator().store.read() as session:
        person = fetch(session, Person, key) or abort(404)
        companies = sharing.companies(session, key)
        ended = fetch(session, SalesUnit, request.args.get("ended", ""))
        deliveries = revocations.newest(session, key, SHOWN_DELIVERIES)
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
        )


@bp.post("/revoke")
def revoke(key: str) -> Response:
    """End the sharing with a company; it is told once, however often the button is pressed."""
    with simulator().store.write() as session:
        person, unit = _person(session, key), fetch(session, SalesUnit, request.form.get("client_id", "")) or abort(404)
        delivery = revocations.revoke(session, person, unit.client_id)
    if delivery:
        revocations.send_new(simulator().store, delivery)
    return redirect(url_for("phone.show", key=key, ended=unit.client_id), 303)


@bp.post("/deliveries/<delivery_id>/send")
def send(key: str, delivery_id: str) -> Response:
    """Tell a company again."""
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


def _person(session: Session, key: str) -> Person:
    return fetch(session, Person, key) or abort(404)
