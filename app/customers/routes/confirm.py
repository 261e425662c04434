"""Re-authenticate a customer before an important change: by the password, or in the Vipps app."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.customers import lookup, rate_limits
from app.customers.forms import ConfirmationForm
from app.customers.models import Customer, LoginMethod
from app.customers.passwords.password_login import lock_if_correct
from app.customers.sessions import session_cookie
from app.customers.sessions.reauthentication import has_proof_without_vipps, record_reauthentication
from app.database import db
from app.logging import log
from app.security import limit_per_client
from app.settings import settings_of_app
from app.vipps.purposes import LoginPurpose
from app.vipps.return_path import local_path
from app.vipps.routes import begin, is_suspended

bp = Blueprint("confirm", __name__)


@bp.get("/account/confirm")
@session_cookie.login_required
def page() -> ResponseReturnValue:
    """Ask the customer to re-authenticate."""
    form = ConfirmationForm(formdata=None)
    form.next.data = _target(request.args.get("next"))
    return _page(form)


@bp.post("/account/confirm")
@limit_per_client(rate_limits.LOGIN_PER_CLIENT)
@rate_limits.limit_per_customer(rate_limits.LOGIN_PER_ACCOUNT)
@session_cookie.login_required
def by_password() -> ResponseReturnValue:
    """Re-authenticate by the password, and redirect to the page that the customer asked for."""
    form, customer = ConfirmationForm(), session_cookie.required_customer()
    form.next.data = _target(form.next.data)
    is_right = form.validate_on_submit() and lock_if_correct(customer, form.password.data or "", lookup.lock_customer)
    # The session may have been ended while the password was being checked.
    if not is_right or not session_cookie.lock_current_session():
        db.session.rollback()
        log.info("confirmation_refused", method=LoginMethod.PASSWORD)
        return _page(form, wrong=True), 422
    token = record_reauthentication(customer, LoginMethod.PASSWORD)
    db.session.commit()
    return session_cookie.redirect_with_session(form.next.data, token)


@bp.post("/account/confirm/vipps")
@session_cookie.login_required
def by_vipps() -> ResponseReturnValue:
    """Send the customer to Vipps to re-authenticate, for the purpose that `_purpose` returns."""
    target, customer = _target(request.form.get("next")), session_cookie.required_customer()
    if lookup.link_of(customer) is None:
        return redirect(url_for("confirm.page", next=target), 303)
    return begin(_purpose(customer), target, session_cookie.session_identifier())


def _purpose(customer: Customer) -> LoginPurpose:
    """Return the purpose: a confirmation in the app, or a plain login if the customer has no other proof.

    With `VIPPS_PLAN=advanced` a plain login never counts: a person could remove `acr_values` from the URL.
    """
    if settings_of_app().vipps_plan == "advanced" or has_proof_without_vipps(customer):
        return LoginPurpose.CONFIRM
    return LoginPurpose.CONFIRM_BY_LOGIN


def _target(candidate: str | None) -> str:
    return local_path(candidate, url_for("account.overview"))


def _page(form: ConfirmationForm, *, wrong: bool = False) -> str:
    customer = session_cookie.required_customer()
    return render_template(
        "customers/confirm_it_is_you.html",
        form=form,
        customer=customer,
        has_vipps=lookup.link_of(customer) is not None,
        has_other=has_proof_without_vipps(customer),
        vipps_suspended=is_suspended(),
        wrong=wrong,
    )
