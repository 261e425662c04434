"""Delete the account: at once, and for good."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers import lookup
from app.customers.accounts import emails
from app.customers.models import EndReason
from app.customers.privacy import retention
from app.customers.privacy.erasure import erase
from app.customers.sessions import reauthentication
from app.customers.sessions.session_cookie import (
    SESSION_COOKIE,
    end_current_session,
    lock_current_session,
    required_customer,
)
from app.database import begin_write, db
from app.logging import log
from app.security import clear_cookie

bp = Blueprint("delete", __name__)


@bp.get("/account/delete")
@reauthentication.required
def page() -> ResponseReturnValue:
    """Show what goes and what has to stay."""
    connected = lookup.link_of(required_customer()) is not None
    return render_template(
        "customers/delete.html", connected=connected, consent_proof=retention.consent_proof(), mails=retention.MAILS
    )


@bp.post("/account/delete")
@reauthentication.required
def delete() -> ResponseReturnValue:
    """Erase the customer; receipts and proofs stay, without them."""
    customer_id = required_customer().id
    begin_write()
    customer = lookup.lock_customer(customer_id)
    if customer is not None and not lock_current_session():  # ended meanwhile, by a new password for example
        db.session.rollback()
        return redirect(url_for("login.page", next=url_for("delete.page")), 303)
    if customer is not None:  # a second click finds it gone
        emails.send(customer, "account_deleted")
        end_current_session(EndReason.DELETED)
        erase(customer)
    db.session.commit()
    log.info("account_deleted", customer=customer_id)
    flash(_("Your account is deleted. Thank you for your time with us."), "success")
    response = redirect(url_for("shop.home"), 303)
    clear_cookie(response, SESSION_COOKIE)
    return response
