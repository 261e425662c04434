"""Where the customer is logged in, and how to end it there."""

from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_timedelta
from flask_babel import gettext as _

from app.customers import account_activity
from app.customers.account_activity import Kind
from app.customers.models import EndReason
from app.customers.sessions import session_store
from app.customers.sessions.session_cookie import current_session, end_sessions_of, login_required, required_customer
from app.database import MAX_ID, begin_write, db
from app.logging import log

bp = Blueprint("sessions", __name__)


@bp.get("/account/sessions")
@login_required
def page() -> ResponseReturnValue:
    """Show every browser in which this customer is logged in, this one first."""
    current = current_session()
    open_ones = sorted(session_store.open_sessions(required_customer()), key=lambda row: row != current)
    return render_template(
        "customers/sessions.html",
        sessions=open_ones,
        current=current,
        idle=_in_words(session_store.IDLE_LIMIT),
        longest=_in_words(session_store.ABSOLUTE_LIMIT),
    )


@bp.post(f"/account/sessions/<int(max={MAX_ID}):session_id>/end")
@login_required
def end(session_id: int) -> ResponseReturnValue:
    """End one session of this customer's; another customer's counts as none (ASVS 8.2.2)."""
    customer = required_customer()
    begin_write()
    row = session_store.open_session(customer, session_id)
    if row is None or row == current_session():
        abort(404)
    session_store.end(row, EndReason.ENDED_BY_CUSTOMER)
    account_activity.record(customer, Kind.SESSION_ENDED)
    db.session.commit()
    log.info("session_ended", customer=customer.id)
    flash(_("That browser is logged out."), "success")
    return redirect(url_for("sessions.page"), 303)


@bp.post("/account/sessions/end-others")
@login_required
def end_others() -> ResponseReturnValue:
    """End every session of this customer's but this one."""
    customer = required_customer()
    begin_write()
    end_sessions_of(customer, EndReason.ENDED_BY_CUSTOMER, except_current=True)
    account_activity.record(customer, Kind.SESSIONS_ENDED)
    db.session.commit()
    log.info("sessions_ended", customer=customer.id)
    flash(_("Every other browser is logged out."), "success")
    return redirect(url_for("sessions.page"), 303)


def _in_words(limit: timedelta) -> str:
    """Return a limit as people say it; 90 minutes are not rounded to two hours."""
    return str(format_timedelta(limit, threshold=2))
