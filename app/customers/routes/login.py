"""Log in and log out.

Logging out ends this shop's session in this browser, and changes nothing at Vipps: a merchant cannot log a person out
there, because this would affect every other site too (Vipps Login API FAQ: "How can I log a user out?").
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests

from app.about import EMAIL
from app.customers import account_emails, email_tokens, lookup, rate_limits
from app.customers.forms import LoginForm
from app.customers.linking import callback_replay, pending_link
from app.customers.linking.login_messages import Action, back_action
from app.customers.linking.pending_link import PENDING_COOKIE
from app.customers.linking.sign_in import sign_in
from app.customers.models import Customer, EndReason, LoginMethod, TokenPurpose
from app.customers.passwords.password_login import lock_if_correct
from app.customers.sessions import session_cookie
from app.database import begin_write, db
from app.errors import error_page
from app.logging import log, reference
from app.security import clear_cookie, limit_per_client
from app.settings import settings_of_app
from app.signals import login_ended, send
from app.vipps.return_path import local_path
from app.vipps.routes import is_suspended
from app.vipps.values import normal_email

HOME = "/"

bp = Blueprint("login", __name__)


@bp.get("/login")
def page() -> ResponseReturnValue:
    """Show both ways to log in."""
    target = local_path(request.args.get("next"), HOME)
    if session_cookie.current_customer() is not None:
        return redirect(target, 303)
    return _page(LoginForm(formdata=None), target)


@bp.get("/login/password")
def password_page() -> ResponseReturnValue:
    """Redirect to the login page: the reload of a refused login requests this URL."""
    return redirect(url_for("login.page"), 303)


@bp.post("/login/password")
@limit_per_client(rate_limits.LOGIN_PER_CLIENT)
@rate_limits.limit_per_account(rate_limits.LOGIN_PER_ACCOUNT)
def password() -> ResponseReturnValue:
    """Log in by email address and password."""
    form = LoginForm()
    target, email = local_path(form.next.data, HOME), normal_email(form.email.data)
    if not form.validate_on_submit():
        return _page(form, target), 422
    customer = lookup.find_by_email(email) if email else None
    customer = lock_if_correct(customer, form.password.data or "", lookup.lock_customer)
    if customer and customer.blocked_at:
        db.session.rollback()
        return _closed()
    if customer and customer.email_verified_at:
        pending = pending_link.of_browser()
        # Never link without asking: another person may have left their Vipps login in this browser.
        asked = pending is not None and pending.customer_id == customer.id
        return sign_in(customer, LoginMethod.PASSWORD, url_for("vipps_account.prove") if asked else target)
    if not customer or not _mail_confirmation(customer):
        db.session.rollback()
    db.session.commit()
    # No account, no password, a wrong password or an unconfirmed address: the page does not tell which.
    log.info("login_refused", method=LoginMethod.PASSWORD)
    send(login_ended, method=LoginMethod.PASSWORD, outcome="refused")
    return _page(form, target, refused=True), 422


@bp.errorhandler(TooManyRequests)
def too_many(_error: TooManyRequests) -> ResponseReturnValue:
    """Say that password logins must wait, and which login methods still work."""
    target = local_path(request.form.get("next"), HOME)
    log.info("login_refused", method=LoginMethod.PASSWORD, too_many=True)
    send(login_ended, method=LoginMethod.PASSWORD, outcome="too_many")
    explanation = _(
        "There were too many attempts in a short time, so password login is paused for a little "
        "while. You can log in with %(brand)s or with an emailed link right away.",
        brand=settings_of_app().brand,
    )
    actions = [Action(target), Action(url_for("password.forgot"), _("Get a link by email"))]
    page = {"title": _("Please wait a moment"), "explanation": explanation, "reasons": (), "calm": True}
    back = back_action(False, target)
    return render_template("vipps/refused.html", **page, actions=actions, back=back, reference=reference()), 429


@bp.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session of this browser."""
    if customer := session_cookie.current_customer():
        begin_write()
        log.info("logged_out", customer=customer.id)
    session_cookie.end_current_session(EndReason.LOGGED_OUT)
    callback_replay.end_replayable_sessions(EndReason.LOGGED_OUT)
    if pending := pending_link.of_browser():
        pending_link.delete_pending(pending)  # otherwise the next user of this computer could finish it
    db.session.commit()
    response = redirect(url_for("login.logged_out"), 303)
    clear_cookie(response, session_cookie.SESSION_COOKIE)
    clear_cookie(response, PENDING_COOKIE)
    return response


@bp.get("/logged-out")
def logged_out() -> ResponseReturnValue:
    """Explain what logging out has ended and what it has not."""
    if session_cookie.current_customer() is not None:
        flash(_("You are logged in."), "info")
        return redirect(url_for("account.overview"), 303)
    return render_template("customers/logged_out.html")


def _mail_confirmation(customer: Customer) -> bool:
    """Email a new link to an address that was never confirmed; False if one was sent a short while ago."""
    if email_tokens.sent_recently(customer, TokenPurpose.CONFIRM):
        return False
    token = email_tokens.issue(customer, str(customer.email), TokenPurpose.CONFIRM)
    return account_emails.send(customer, "confirm_address", token=token)


def _closed() -> ResponseReturnValue:
    log.info("login_refused", method=LoginMethod.PASSWORD, blocked=True)
    send(login_ended, method=LoginMethod.PASSWORD, outcome="blocked")
    text = _(
        "We have blocked this account. Write to us and give the reference number below. We will sort it out together."
    )
    write = (_("Write to %(email)s", email=EMAIL), f"mailto:{EMAIL}?subject={reference()}")
    return error_page(403, _("This account is blocked for now"), text, actions=[write])


def _page(form: LoginForm, target: str, *, refused: bool = False) -> str:
    form.next.data = target
    return render_template(
        "customers/login.html",
        form=form,
        refused=refused,
        sharing_ended=session_cookie.ended_by_revocation(),
        waits=pending_link.of_browser() is not None,
        to_checkout=target.partition("?")[0] == "/checkout",
        vipps_suspended=is_suspended(),
        next=target,
    )
