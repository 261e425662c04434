"""Passwords: an emailed link after a forgotten password, and a change by a logged-in customer."""

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers import email_tokens, rate_limits
from app.customers.forms import ChangePasswordForm, EmailForm, NewPasswordForm
from app.customers.linking.sign_in import sign_in
from app.customers.models import LoginMethod, TokenPurpose
from app.customers.passwords.password_login import change_password, reset_password, send_reset_link
from app.customers.sessions import session_cookie
from app.database import db
from app.errors import error_page
from app.logging import log
from app.security import limit_per_client, takes_equally_long

bp = Blueprint("password", __name__)


@bp.get("/password/forgot")
def forgot() -> ResponseReturnValue:
    """Ask for the address."""
    return render_template("customers/forgot.html", form=EmailForm(formdata=None))


@bp.post("/password/forgot")
@limit_per_client(rate_limits.FORGOT_PER_CLIENT)
@takes_equally_long
def send_link() -> ResponseReturnValue:
    """Email a link if the address has an account. The page is the same if it has none."""
    form = EmailForm()
    if not form.validate_on_submit():
        return render_template("customers/forgot.html", form=form), 422
    _mail_link(form.address)
    return redirect(url_for("password.sent"), 303)


@bp.get("/password/sent")
def sent() -> ResponseReturnValue:
    """Say that an email is on its way if there is an account."""
    return render_template("customers/forgot_sent.html")


@bp.get("/password/reset/<token>")
def reset(token: str) -> ResponseReturnValue:
    """Show the form for a new password. Sending the form uses up the link."""
    proof = email_tokens.find(token, TokenPurpose.RESET)
    if proof is None:
        return _spent()
    return _reset_page(NewPasswordForm(proof.email), token, proof.email)


@bp.post("/password/reset/<token>")
@limit_per_client(rate_limits.LINKS_PER_CLIENT)
def set_new(token: str) -> ResponseReturnValue:
    """Set the new password, end every session, and log in here: the emailed link has proved who the customer is."""
    proof = email_tokens.find(token, TokenPurpose.RESET)
    if proof is None:
        return _spent()
    form = NewPasswordForm(proof.email)
    if not form.validate_on_submit():
        return _reset_page(form, token, proof.email), 422
    customer = reset_password(token, form.password.data or "")
    if customer is None:
        db.session.rollback()
        return _spent()
    response = sign_in(customer, LoginMethod.MAIL, url_for("account.overview"))
    flash(_("Your new password is set, and you are logged in."), "success")
    return response


@bp.get("/account/password")
@session_cookie.login_required
def change() -> ResponseReturnValue:
    """Show the form to change the password, or how to get a first one."""
    return _change_page(ChangePasswordForm(_email()))


@bp.post("/account/password")
@limit_per_client(rate_limits.CHANGE_PER_CLIENT)
@session_cookie.login_required
def save_change() -> ResponseReturnValue:
    """Change the password and end the sessions in other browsers."""
    form = ChangePasswordForm(_email())
    if not form.validate_on_submit():
        return _change_page(form), 422
    customer = session_cookie.required_customer()
    if not change_password(customer, form.current.data or "", form.password.data or ""):
        db.session.rollback()
        form.current.errors = [_("That is not your current password.")]
        return _change_page(form), 422
    token = session_cookie.rotate_session()
    db.session.commit()
    log.info("password_changed", customer=customer.id)
    flash(_("Your password is changed. Every other browser is logged out."), "success")
    return session_cookie.redirect_with_session(url_for("account.overview"), token)


@bp.post("/account/password/link")
@limit_per_client(rate_limits.FORGOT_PER_CLIENT)
@session_cookie.login_required
def send_first_link() -> ResponseReturnValue:
    """Email a link to set a first password: a session alone is not enough to add a login method."""
    address = _email() or abort(400)
    _mail_link(address)
    flash(_("We have sent a link to %(email)s.", email=address), "success")
    return redirect(url_for("password.change"), 303)


def _mail_link(address: str) -> None:
    if not send_reset_link(address):
        db.session.rollback()
    db.session.commit()
    log.info("reset_requested")


def _reset_page(form: NewPasswordForm, token: str, email: str) -> str:
    return render_template("customers/reset.html", form=form, token=token, email=email)


def _change_page(form: ChangePasswordForm) -> str:
    return render_template("customers/change_password.html", form=form, customer=session_cookie.required_customer())


def _spent() -> ResponseReturnValue:
    text = _("The link has been used, was replaced by a newer link, or is more than an hour old. Ask for a new link.")
    actions = [(_("Send me a new link"), url_for("password.forgot")), (_("Log in"), url_for("login.page"))]
    return error_page(410, _("This link no longer works"), text, actions=actions)


def _email() -> str:
    return session_cookie.required_customer().email or ""
