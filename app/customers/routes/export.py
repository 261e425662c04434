"""A copy of everything about the customer, handed to who has just confirmed that they are the customer."""

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue

from app.customers import account_activity
from app.customers.account_activity import Kind
from app.customers.privacy import export
from app.customers.rate_limits import COPIES_PER_CUSTOMER, limit_per_customer
from app.customers.sessions import reauthentication
from app.customers.sessions.session_cookie import required_customer
from app.database import db
from app.logging import log

bp = Blueprint("export", __name__)


@bp.get("/account/export")
@reauthentication.required
def page() -> ResponseReturnValue:
    """Say what the copy holds."""
    return render_template("customers/export.html", titles=export.titles())


@bp.post("/account/export")
@limit_per_customer(COPIES_PER_CUSTOMER)
@reauthentication.required
def download() -> ResponseReturnValue:
    """Make the copy and hand it over; it is kept nowhere."""
    customer = required_customer()
    account_activity.record(customer, Kind.DATA_EXPORTED)
    db.session.commit()
    response = Response(export.archive(export.copy_of(customer)), mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=export.FILE_NAME)
    response.headers["Cache-Control"] = "no-store"
    log.info("data_exported", customer=customer.id, bytes=response.content_length)
    return response
