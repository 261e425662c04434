"""Create an account, and confirm its address.

The browser keeps a mark of its registration, which only the emailed link can match; in any other browser the link asks
for the password as well.
"""

import secrets

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers import account_emails, email_tokens, rate_limits
from app.customers.accounts import registration
from app.customers.accounts.registration import WrongPasswordError
from app.customers.forms import ConfirmForm, RegisterForm
from app.customers.linking.sign_in import sign_in
from app.customers.models import LoginMethod, TokenPurpose
from app.customers.sessions.session_cookie import current_customer
from app.database import db
from app.errors import error_page
from app.i18n import language
from app.logging import log
from app.security import limit_per_client, takes_equally_long
from app.tokens import new_token, secret_hash
from app.vipps.return_path import local_path
from app.vipps.routes import is_suspended

# Keys in the form cookie: the mark of this browser's latest registration, and the page to show after it.
REGISTERED = "registered"
REGISTERED_NEXT = "registered_next"

bp = Blueprint("register", __name__)


@bp.get("/register")
def show() -> ResponseReturnValue:
    """Show the form."""
    target = local_path(request.args.get("next"), url_for("account.overview"))
    if current_customer() is not None:
        return redirect(target, 303)
    return _page(RegisterForm(formdata=None), target)


@bp.post("/register")
@limit_per_client(rate_limits.REGISTER_PER_CLIENT)
@takes_equally_long
def create() -> ResponseReturnValue:
    """Create the account, or email the owner of an existing one. The page is the same in both cases."""
    form = RegisterForm()
    target = local_path(form.next.data, url_for("account.overview"))
    if not form.validate_on_submit():
        return _page(form, target), 422
    customer, token = registration.register(form.name.data or "", form.address, form.password.data or "", language())
    if account_emails.send(customer, "confirm_address" if token else "already_registered", token=token):
        db.session.commit()
        log.info("registered")
    else:
        db.session.rollback()
    session[REGISTERED], session[REGISTERED_NEXT] = _mark(token or new_token()), target
    return redirect(url_for("register.sent"), 303)


@bp.get("/register/sent")
def sent() -> ResponseReturnValue:
    """Say that an email is on its way."""
    return render_template("customers/register_sent.html")


@bp.get("/confirm/<token>")
def confirm(token: str) -> ResponseReturnValue:
    """Show the effect of the emailed link. Only the button confirms the address."""
    proof = email_tokens.find(token, TokenPurpose.CONFIRM)
    if proof is None:
        return _spent()
    return _confirm_page(ConfirmForm(), token, proof.email)


@bp.post("/confirm/<token>")
@limit_per_client(rate_limits.LINKS_PER_CLIENT)
def confirmed(token: str) -> ResponseReturnValue:
    """Confirm the address and log in."""
    form = ConfirmForm()
    target = local_path(session.get(REGISTERED_NEXT), url_for("account.overview"))
    try:
        customer = registration.confirm_address(token, None if _registered_here(token) else form.password.data or "")
    except WrongPasswordError:
        form.password.errors = [_("That is not the password that you chose when you registered.")]
        proof = email_tokens.find(token, TokenPurpose.CONFIRM)
        return (_confirm_page(form, token, proof.email), 422) if proof else _spent()
    if customer is None:
        db.session.rollback()
        return _spent()
    return sign_in(customer, LoginMethod.MAIL, target)


def _page(form: RegisterForm, target: str) -> str:
    form.next.data = target
    return render_template("customers/register.html", form=form, next=target, vipps_suspended=is_suspended())


def _confirm_page(form: ConfirmForm, token: str, email: str) -> str:
    here = _registered_here(token)
    return render_template("customers/confirm.html", form=form, token=token, email=email, registered_here=here)


def _spent() -> ResponseReturnValue:
    text = _(
        "The link has been used, was replaced by a newer link, or is more than a day old. Try to log in. If "
        "your address is not confirmed yet, we send you a new link."
    )
    actions = [(_("Log in"), url_for("login.page")), (_("Create an account"), url_for("register.show"))]
    return error_page(410, _("This link no longer works"), text, actions=actions)


def _mark(token: str) -> str:
    return secret_hash(f"registered here: {token}")


def _registered_here(token: str) -> bool:
    return secrets.compare_digest(str(session.get(REGISTERED, "")), _mark(token))
