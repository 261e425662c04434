"""The list of all orders, newest first. Opening a page of it is recorded in the audit log, as it names recipients."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.database import begin_write, db
from app.pagination import cursor_in_query, paginate
from app.shop.models import Order
from app.staff import audit_log
from app.staff.audit_log import AuditAction
from app.staff.models import PER_PAGE
from app.staff.sessions import required_staff

bp = Blueprint("orders", __name__)


@bp.get("/orders")
def page() -> ResponseReturnValue:
    """Show the orders."""
    staff = required_staff()
    before = cursor_in_query("before")
    begin_write()
    listing = paginate(select(Order), Order.id, PER_PAGE, after=before, descending=True)
    audit_log.record(staff.staff_id, AuditAction.ORDERS, detail=str(len(listing.rows)))
    html = render_template("staff/orders.html", listing=listing)
    db.session.commit()
    return html
