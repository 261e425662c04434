"""My page: what the shop knows about the customer, where it came from, and how they log in."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.customers import account_activity, lookup
from app.customers.accounts.phone_number import readable
from app.customers.consents import ledger, preferences
from app.customers.linking.login_messages import is_about_earlier_account
from app.customers.profile import change_history
from app.customers.profile.from_vipps import addresses_of, vipps_profile_of
from app.customers.sessions import session_store
from app.customers.sessions.session_cookie import login_required, required_customer
from app.vipps.matching import Verdict

LOGINS_SHOWN = 5

bp = Blueprint("account", __name__)


@bp.get("/account")
@login_required
def overview() -> ResponseReturnValue:
    """Show the customer's own page."""
    customer = required_customer()
    logins = account_activity.latest_logins(customer, LOGINS_SHOWN)
    new_beside = [each for each in logins if each.decision == Verdict.CREATE and is_about_earlier_account(each.reasons)]
    return render_template(
        "customers/overview.html",
        customer=customer,
        phone=readable(customer.phone_number),
        link=lookup.link_of(customer),
        profile=vipps_profile_of(customer),
        addresses=addresses_of(customer),
        answers=ledger.latest(customer),
        standings=preferences.channel_statuses(customer),
        logins=logins,
        earlier=new_beside[0].reference if new_beside else None,
        asked=len(change_history.proposals(customer)),
        sessions=len(session_store.open_sessions(customer)),
    )
