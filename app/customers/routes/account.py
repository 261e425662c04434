"""The account page, the activity list, and the list of the customer's sessions."""

from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_timedelta
from flask_babel import gettext as _

from app.customers import account_activity, lookup
from app.customers.account_activity import PER_PAGE, describe_decision, describe_reasons
from app.customers.accounts.phone_number import readable
from app.customers.consents import ledger, preferences
from app.customers.linking.login_messages import is_about_earlier_account
from app.customers.models import Activity, EndReason, Kind
from app.customers.profile import change_history
from app.customers.profile.from_vipps import addresses_in, vipps_profile_of
from app.customers.sessions import session_store
from app.customers.sessions.session_cookie import current_session, end_sessions_of, login_required, required_customer
from app.database import MAX_ID, begin_write, db
from app.logging import log
from app.pagination import paginate_as_asked
from app.vipps.matching import Verdict

LOGINS_SHOWN = 5

bp = Blueprint("account", __name__)


@bp.get("/account")
@login_required
def overview() -> ResponseReturnValue:
    """Show the data that the shop has about the customer, its sources, and the login methods."""
    customer = required_customer()
    profile = vipps_profile_of(customer)
    logins = account_activity.latest_logins(customer, LOGINS_SHOWN)
    new_beside = [each for each in logins if each.decision == Verdict.CREATE and is_about_earlier_account(each.reasons)]
    return render_template(
        "customers/overview.html",
        customer=customer,
        phone=readable(customer.phone_number),
        link=lookup.link_of(customer),
        profile=profile,
        addresses=addresses_in(profile),
        answers=ledger.latest(customer),
        standings=preferences.channel_statuses(customer),
        logins=logins,
        earlier=new_beside[0].reference if new_beside else None,
        asked=len(change_history.proposals(customer)),
        sessions=len(session_store.open_sessions(customer)),
    )


@bp.get("/account/activity")
@login_required
def activity() -> ResponseReturnValue:
    """Show the activity of the account, newest first."""
    entries = account_activity.of_customer(required_customer())
    return render_template("customers/activity.html", listing=paginate_as_asked(entries, Activity.id, PER_PAGE))


@bp.get(f"/account/activity/<int(max={MAX_ID}):activity_id>")
@login_required
def why(activity_id: int) -> ResponseReturnValue:
    """Show one entry of the list: its time, its method, the decision and its reasons."""
    line = account_activity.find(required_customer(), activity_id) or abort(404)
    return render_template(
        "customers/why.html", line=line, decided=describe_decision(line), reasons=describe_reasons(line.reasons)
    )


@bp.get("/account/sessions")
@login_required
def sessions() -> ResponseReturnValue:
    """Show every browser in which this customer is logged in, this one first."""
    current = current_session()
    open_ones = sorted(session_store.open_sessions(required_customer()), key=lambda row: row != current)
    limits = {"idle": _in_words(session_store.IDLE_LIMIT), "longest": _in_words(session_store.ABSOLUTE_LIMIT)}
    return render_template("customers/sessions.html", sessions=open_ones, current=current, **limits)


@bp.post(f"/account/sessions/<int(max={MAX_ID}):session_id>/end")
@login_required
def end_session(session_id: int) -> ResponseReturnValue:
    """End one of this customer's sessions; answer 404 for another customer's session (ASVS 8.2.2)."""
    customer = required_customer()
    begin_write()
    others = (row for row in session_store.open_sessions(customer) if row != current_session())
    session = next((row for row in others if row.id == session_id), None) or abort(404)
    session_store.end(session, EndReason.ENDED_BY_CUSTOMER)
    account_activity.record(customer, Kind.SESSION_ENDED)
    db.session.commit()
    log.info("session_ended", customer=customer.id)
    flash(_("That browser is logged out."), "success")
    return redirect(url_for("account.sessions"), 303)


@bp.post("/account/sessions/end-others")
@login_required
def end_other_sessions() -> ResponseReturnValue:
    """End every session of this customer except this one."""
    customer = required_customer()
    begin_write()
    end_sessions_of(customer, EndReason.ENDED_BY_CUSTOMER, except_current=True)
    account_activity.record(customer, Kind.SESSIONS_ENDED)
    db.session.commit()
    log.info("sessions_ended", customer=customer.id)
    flash(_("Every other browser is logged out."), "success")
    return redirect(url_for("account.sessions"), 303)


def _in_words(limit: timedelta) -> str:
    """Return a time limit in words; 90 minutes are not rounded to two hours."""
    return str(format_timedelta(limit, threshold=2))
