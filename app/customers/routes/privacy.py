"""The copy of all data about the customer, and the deletion of the account: both after re-authentication."""

from flask import Blueprint, Response, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers import account_activity, account_emails, lookup
from app.customers.models import EndReason, Kind
from app.customers.privacy import export, retention
from app.customers.privacy.erasure import erase
from app.customers.rate_limits import COPIES_PER_CUSTOMER, limit_per_customer
from app.customers.sessions import reauthentication, session_cookie
from app.database import begin_write, db
from app.logging import log
from app.security import clear_cookie

bp = Blueprint("privacy", __name__)


@bp.get("/account/export")
@reauthentication.required
def copy() -> ResponseReturnValue:
    """Show the contents of the copy."""
    return render_template("customers/export.html", titles=export.titles())


@bp.post("/account/export")
@limit_per_customer(COPIES_PER_CUSTOMER)
@reauthentication.required
def download() -> ResponseReturnValue:
    """Make the copy and send it to the browser; the shop does not store it."""
    customer = session_cookie.required_customer()
    account_activity.record(customer, Kind.DATA_EXPORTED)
    db.session.commit()
    response = Response(export.archive(export.copy_of(customer)), mimetype="application/zip")
    response.headers.set("Content-Disposition", "attachment", filename=export.FILE_NAME)
    log.info("data_exported", customer=customer.id, bytes=response.content_length)
    return response


@bp.get("/account/delete")
@reauthentication.required
def deletion() -> ResponseReturnValue:
    """Show which data is deleted and which must be kept."""
    connected = lookup.link_of(session_cookie.required_customer()) is not None
    kept = {"consent_proof": retention.consent_proof(), "mails": retention.MAILS}
    return render_template("customers/delete.html", connected=connected, **kept)


@bp.post("/account/delete")
@reauthentication.required
def delete() -> ResponseReturnValue:
    """Erase the customer; orders and consent proofs stay without the customer's details."""
    customer_id = session_cookie.required_customer().id
    begin_write()
    customer = lookup.lock_customer(customer_id)
    if (
        customer is not None and not session_cookie.lock_current_session()
    ):  # ended meanwhile, by a new password for example
        db.session.rollback()
        return redirect(url_for("login.page", next=url_for("privacy.deletion")), 303)
    if customer is not None:  # a second click finds it gone
        account_emails.send(customer, "account_deleted")
        session_cookie.end_current_session(EndReason.DELETED)
        erase(customer)
    db.session.commit()
    log.info("account_deleted", customer=customer_id)
    flash(_("Your account is deleted. Thank you for your time with us."), "success")
    response = redirect(url_for("shop.home"), 303)
    clear_cookie(response, session_cookie.SESSION_COOKIE)
    return response
