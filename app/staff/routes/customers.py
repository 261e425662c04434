"""One customer, as far as support needs them. Opening the page is a look, and the look is written down first."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from app.database import MAX_ID, begin_write, db
from app.staff import audit_log, customer_view
from app.staff.audit_log import Action
from app.staff.numbers import number_in_query
from app.staff.sessions import required_staff

ONE = f"/customers/<int(max={MAX_ID}):customer_id>"

bp = Blueprint("customers", __name__)


@bp.get(ONE)
def page(customer_id: int) -> ResponseReturnValue:
    """Show a customer."""
    staff = required_staff()
    begin_write()
    found = customer_view.read(customer_id) or abort(404)
    audit_log.note(staff.staff_id, Action.CUSTOMER, customer_id)
    db.session.commit()
    return render_template("staff/customer.html", dossier=found, customer=found.customer)


@bp.get(f"{ONE}/activity")
def activity(customer_id: int) -> ResponseReturnValue:
    """Show what happened to a customer's account, a page at a time."""
    staff = required_staff()
    begin_write()
    customer = customer_view.somebody(customer_id) or abort(404)
    listing = customer_view.activity_of(customer, number_in_query("before"))
    audit_log.note(staff.staff_id, Action.ACTIVITY, customer_id)
    db.session.commit()
    return render_template("staff/activity.html", customer=customer, listing=listing)
