"""The guided tour at /demo/tour: ten steps that the visitor does in the real shop, each ticked when it has happened.

A step is noticed from what the shop and the inspector store anyway, never by a call in the shop's own code. The ticks
are kept in a cookie of the browser, which has only the names of the steps. They are renewed after a request that may
have done a step, so a page that shows the next step reads no database. The texts are in `tour.toml`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, g, render_template, request
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.exc import SQLAlchemyError

from app.customers.account_activity import Kind
from app.customers.consents import ledger
from app.customers.consents.models import ConsentRecord
from app.customers.dates import format_period
from app.customers.models import Activity, Customer, EndReason, ProfileChange, WebhookDelivery
from app.customers.profile.fields import Source
from app.customers.sessions import session_store
from app.customers.sessions.session_cookie import SESSION_COOKIE, current_session
from app.database import db
from app.guide import tables
from app.guide.chapters import chapter
from app.guide.inspector import store
from app.guide.inspector.store import RecordedLogin
from app.guide.login_requests import is_callback
from app.logging import failure
from app.security import cookie_name, read_cookie, set_cookie
from app.settings import settings_of_app
from app.shop import privacy_notice
from app.shop.privacy_notice import Cookie
from app.vipps.matching import Verdict
from app.vipps.purposes import LoginPurpose

bp = Blueprint("tour", __name__)

COOKIE = "tour"
LIFETIME = timedelta(days=30)
KARI = "kari.nordfjell@example.com"


@dataclass(frozen=True)
class TourStep:
    """One step: what to do, where, why it matters, and the chapter to read on. The texts may use `%(brand)s`."""

    key: str
    title: str
    text: str
    link: str
    action: str
    why: str
    chapter: str
    account: str = ""


STEPS = tables.rows(TourStep, tables.load(Path(__file__).with_name("tour.toml"), "steps")["steps"])


class Visit:
    """What this browser did in the shop, read when a step asks for it."""

    @cached_property
    def logins(self) -> list[RecordedLogin]:
        """Return this browser's logins with Vipps that have come back."""
        return [each for each in store.list_for_browser() if each.callback]

    @cached_property
    def accounts(self) -> list[tuple[int, datetime]]:
        """Return the accounts that this browser was logged in to, each with a time since when."""
        current = current_session()
        mine = [(each.customer_id, each.at) for each in self.logins if each.customer_id is not None]
        return [*mine, *([(current.customer_id, current.created_at)] if current else [])]

    def refusals(self) -> Iterator[str]:
        """Yield the names of the refusals that this browser's logins ended in; empty for one that was not refused."""
        return (each.callback["failure"] for each in self.logins if each.callback)

    def finished(self, purpose: LoginPurpose) -> Iterator[Mapping[str, Any]]:
        """Yield what userinfo returned in each login for a purpose that was not refused."""
        for each in self.logins:
            callback = each.callback or {}
            if callback.get("purpose") == purpose and not callback["failure"]:
                yield from (call["answer"] or {} for call in callback["calls"] if call["url"].endswith("/userinfo"))

    def has_row(self, customer: Any, at: Any, *conditions: ColumnElement[bool]) -> bool:
        """Tell whether a table has a row about an account, since this browser was logged in to it."""
        mine = [and_(customer == number, at >= since) for number, since in self.accounts]
        return bool(mine) and bool(db.session.scalar(select(exists().where(or_(*mine), *conditions))))


def _logged_out(visit: Visit) -> bool:
    token = read_cookie(SESSION_COOKIE)
    return bool(token) and session_store.end_reason(token) == EndReason.LOGGED_OUT


NOTICED: Mapping[str, Callable[[Visit], bool]] = {
    "log_in": lambda visit: any(each.get("email") == KARI for each in visit.finished(LoginPurpose.LOG_IN)),
    "see_steps": lambda visit: False,  # only the request itself shows it
    "log_out": _logged_out,
    "prove": lambda visit: visit.has_row(
        Activity.customer_id, Activity.at, Activity.kind == Kind.LOGGED_IN, Activity.decision == Verdict.LINK
    ),
    "say_no": lambda visit: "access_denied" in visit.refusals(),
    "connect": lambda visit: any(True for each in visit.finished(LoginPurpose.CONNECT)),
    "consent": lambda visit: visit.has_row(
        ConsentRecord.customer_id, ConsentRecord.received_at, ConsentRecord.source == ledger.MY_PAGE
    ),
    "refresh": lambda visit: visit.has_row(
        ProfileChange.customer_id,
        ProfileChange.at,
        ProfileChange.field == "phone_number",
        ProfileChange.source == Source.VIPPS,
        ProfileChange.customer_id.in_(select(Customer.id).where(Customer.email == KARI)),
    ),
    "revoke": lambda visit: visit.has_row(
        WebhookDelivery.customer_id, WebhookDelivery.received_at, WebhookDelivery.outcome == "revoked"
    ),
    "forged": lambda visit: any(code.startswith("id_token_") for code in visit.refusals()),
}


def init_app(app: Flask) -> None:
    """Add the page and its cookie. Call it before the inspector's `init_app`, whose hook has to run first."""
    app.register_blueprint(bp)
    app.after_request(_keep_ticks)
    app.add_template_global(next_step, "tour_next")
    privacy_notice.register_cookie(app, _cookie)


@bp.get("/demo/tour")
def page() -> str:
    """Show the steps, with a tick at each that is done."""
    if not settings_of_app().simulated:
        abort(404)
    notice()
    return render_template("demo/tour.html", steps=STEPS, ticked=ticked(), chapter=chapter)


def ticked() -> frozenset[str]:
    """Return the steps that are done. It reads no database."""
    done = {*read_cookie(COOKIE).split("."), *g.get("noticed", ()), *_done_by_this_request()}
    return frozenset(done & NOTICED.keys())


def next_step() -> TourStep | None:
    """Return the first step that is not done; None after the last one, and without the simulator."""
    left = (each for each in STEPS if each.key not in ticked())
    return next(left, None) if settings_of_app().simulated else None


def notice() -> None:
    """Look in the database for the steps that are not ticked yet."""
    visit, done = Visit(), ticked()
    g.noticed = frozenset(each.key for each in STEPS if each.key not in done and NOTICED[each.key](visit))


def _done_by_this_request() -> Iterator[str]:
    """Yield the step that this request does, so that its own page shows the one after it."""
    if request.endpoint == "inspector.show":
        yield "see_steps"
    if failure() == "access_denied":
        yield "say_no"
    if failure().startswith("id_token_"):
        yield "forged"


def _keep_ticks(response: Response) -> Response:
    """Set the cookie after a request that may have done a step; an error here is the demo's alone."""
    # A file is the same for every visitor, and a shared cache would give this browser's cookie to others.
    if response.mimetype != "text/html" or (response.status_code >= 400 and not is_callback()):
        return response
    if is_callback() or request.method == "POST":
        try:
            notice()
        except SQLAlchemyError:
            db.session.rollback()
    done = ticked()
    value = ".".join(each.key for each in STEPS if each.key in done)
    if value != read_cookie(COOKIE):
        set_cookie(response, COOKIE, value, max_age=LIFETIME)
    return response


def _cookie() -> Cookie:
    return Cookie(cookie_name(COOKIE), _("Keeps the steps of the tour that you have done."), format_period(LIFETIME))
