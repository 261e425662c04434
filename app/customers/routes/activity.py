"""The activity list: what happened to the account, and for every login with Vipps why it ended as it did."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from app.customers.activity import account_activity
from app.customers.activity.descriptions import describe_decision, describe_reasons
from app.customers.sessions.session_cookie import login_required, required_customer
from app.database import MAX_ID

LAST_PAGE = 10_000

bp = Blueprint("activity", __name__)


@bp.get("/account/activity")
@login_required
def page() -> ResponseReturnValue:
    """Show the list, newest first; a page after the last one is the last one."""
    customer, number = required_customer(), min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    found = account_activity.activity_page(customer, number)
    if number > found.pages:
        found = account_activity.activity_page(customer, found.pages)
    return render_template("customers/activity.html", listing=found)


@bp.get(f"/account/activity/<int(max={MAX_ID}):activity_id>")
@login_required
def why(activity_id: int) -> ResponseReturnValue:
    """Show one line: when, how, what was decided and why."""
    line = account_activity.find(required_customer(), activity_id) or abort(404)
    return render_template(
        "customers/why.html", line=line, decided=describe_decision(line), reasons=describe_reasons(line.reasons)
    )
