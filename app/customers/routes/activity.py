"""The activity list: what happened to the account, and for every login with Vipps why it ended as it did."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from app.customers import account_activity
from app.customers.account_activity import PER_PAGE, describe_decision, describe_reasons
from app.customers.models import Activity
from app.customers.sessions.session_cookie import login_required, required_customer
from app.database import MAX_ID
from app.pagination import paginate_as_asked

bp = Blueprint("activity", __name__)


@bp.get("/account/activity")
@login_required
def page() -> ResponseReturnValue:
    """Show the list, newest first."""
    mine = account_activity.of_customer(required_customer())
    return render_template("customers/activity.html", listing=paginate_as_asked(mine, Activity.id, PER_PAGE))


@bp.get(f"/account/activity/<int(max={MAX_ID}):activity_id>")
@login_required
def why(activity_id: int) -> ResponseReturnValue:
    """Show one line: when, how, what was decided and why."""
    line = account_activity.find(required_customer(), activity_id) or abort(404)
    return render_template(
        "customers/why.html", line=line, decided=describe_decision(line), reasons=describe_reasons(line.reasons)
    )
