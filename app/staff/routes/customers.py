"""The pages about one customer, and the list of all orders, which names recipients.

Opening a page is recorded in the audit log before it is shown.
"""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.database import MAX_ID, begin_write, db
from app.pagination import Place, cursor_in_query, paginate_onwards
from app.shop.models import Order
from app.staff import audit_log, customer_view
from app.staff.audit_log import AuditAction
from app.staff.models import ROWS_PER_PAGE
from app.staff.sessions import required_staff

ONE = f"/customers/<int(max={MAX_ID}):customer_id>"

bp = Blueprint("customers", __name__)


@bp.get(ONE)
def page(customer_id: int) -> ResponseReturnValue:
    """Show a customer."""
    staff = required_staff()
    begin_write()
    found = customer_view.read(customer_id) or abort(404)
    audit_log.record(staff.staff_id, AuditAction.CUSTOMER, customer_id)
    db.session.commit()
    return render_template("staff/customer.html", view=found, customer=found["customer"])


@bp.get(f"{ONE}/activity")
def activity(customer_id: int) -> ResponseReturnValue:
    """Show the activity list of a customer's account, page by page."""
    staff = required_staff()
    begin_write()
    customer = customer_view.find_customer(customer_id) or abort(404)
    listing = customer_view.activity_of(customer, Place(after=cursor_in_query("before")))
    audit_log.record(staff.staff_id, AuditAction.ACTIVITY, customer_id)
    db.session.commit()
    return render_template("staff/activity.html", customer=customer, listing=listing)


@bp.get("/orders")
def orders() -> ResponseReturnValue:
    """Show the orders of all customers, the newest first."""
    staff = required_staff()
    begin_write()
    listing = paginate_onwards(select(Order), Order.id, ROWS_PER_PAGE)
    audit_log.record(staff.staff_id, AuditAction.ORDERS, detail=str(len(listing.rows)))
    html = render_template("staff/orders.html", listing=listing)
    db.session.commit()
    return html
