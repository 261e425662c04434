"""Change the email address: the customer requests it, a link to the new address proves it, the old address is told.

The page does not reveal whether another account has the new address; only an email to that address does (ASVS 6.3.8).
"""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import IntegrityError

from app.customers import email_tokens, rate_limits
from app.customers.forms import EmailForm
from app.customers.models import TokenPurpose
from app.customers.profile import email_change
from app.customers.sessions import reauthentication, session_cookie
from app.database import db
from app.errors import error_page
from app.logging import log
from app.security import limit_per_client, takes_equally_long

bp = Blueprint("email", __name__)


@bp.get("/account/email")
@reauthentication.required
def change() -> ResponseReturnValue:
    """Ask for the new address."""
    return render_template(
        "customers/email.html", form=EmailForm(formdata=None), customer=session_cookie.required_customer()
    )


@bp.post("/account/email")
@limit_per_client(rate_limits.FORGOT_PER_CLIENT)
@takes_equally_long
@reauthentication.required
def send_link() -> ResponseReturnValue:
    """Email a link to the new address, or a notice if another account has it. The page is the same in both cases."""
    form, customer = EmailForm(), session_cookie.required_customer()
    if form.validate_on_submit() and form.address == customer.email and customer.email_verified_at:
        form.email.errors = [_("That is already your email address.")]
    if form.errors:
        return render_template("customers/email.html", form=form, customer=customer), 422
    if email_change.send_link(customer, form.address):
        db.session.commit()
        log.info("email_change_asked", customer=customer.id)
    else:
        db.session.rollback()
    flash(_("We have sent a link to %(email)s. Your address changes when you open it.", email=form.address), "success")
    return redirect(url_for("account.overview"), 303)


@bp.get("/account/email/<token>")
@session_cookie.login_required
def confirm(token: str) -> ResponseReturnValue:
    """Show the effect of the emailed link. Only the button changes the address."""
    proof = email_tokens.find(token, TokenPurpose.CHANGE_EMAIL)
    if proof is None or proof.customer_id != session_cookie.required_customer().id:
        return _spent()
    return render_template("customers/email_confirm.html", token=token, email=proof.email)


@bp.post("/account/email/<token>")
@limit_per_client(rate_limits.LINKS_PER_CLIENT)
@session_cookie.login_required
def confirmed(token: str) -> ResponseReturnValue:
    """Change the account's address; its other sessions and its open links end."""
    customer = session_cookie.required_customer()
    try:
        changed = email_change.change(customer, token)
    except IntegrityError:  # another request was faster
        changed = False
    if not changed:
        db.session.rollback()
        return _spent()
    new_token = session_cookie.rotate_session()
    db.session.commit()
    log.info("email_changed", customer=customer.id)
    flash(_("Your email address is changed. Every other browser is logged out."), "success")
    return session_cookie.redirect_with_session(url_for("account.overview"), new_token)


def _spent() -> ResponseReturnValue:
    text = _("The link was used or replaced by a newer link, is over an hour old, or belongs to another account.")
    page = (_("Go to my page"), url_for("account.overview"))
    return error_page(410, _("This link no longer works"), text, actions=[page])
