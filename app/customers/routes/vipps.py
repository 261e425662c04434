"""Link and unlink Vipps, refresh the profile, and prove that an account is one's own.

Every request that sends a logged-in customer to Vipps is a form POST with a CSRF token (RFC 9700, section 4.7); Vipps
answers to the one callback. The proof pages belong to the browser of the pending login, by a cookie.
"""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.customers import account_emails, email_tokens, lookup, rate_limits
from app.customers.account_activity import describe_reasons
from app.customers.forms import ProofForm
from app.customers.linking import account_links, pending_link
from app.customers.linking.pending_link import PENDING_COOKIE
from app.customers.linking.sign_in import create_and_sign_in, in_one_transaction, link_and_sign_in
from app.customers.linking.vipps_login import VippsLogin
from app.customers.models import Customer, EmailToken, LoginMethod, PendingLink, TokenPurpose
from app.customers.passwords import hashing
from app.customers.sessions import reauthentication, session_cookie
from app.database import begin_write, db
from app.errors import error_page
from app.logging import log
from app.security import clear_cookie, limit_per_client
from app.settings import settings_of_app
from app.signals import login_ended, send
from app.vipps.errors import LoginRefused
from app.vipps.matching import ProofMethod
from app.vipps.purposes import LoginPurpose
from app.vipps.routes import begin, private

bp = Blueprint("vipps_account", __name__)


@bp.get("/account/vipps/link")
@reauthentication.required
def link() -> ResponseReturnValue:
    """Explain the effect of linking."""
    if lookup.link_of(session_cookie.required_customer()):
        return redirect(url_for("account.overview"), 303)
    return render_template("customers/vipps_link.html")


@bp.post("/account/vipps/link")
@reauthentication.required
def start_linking() -> ResponseReturnValue:
    """Send the customer to Vipps, to link the Vipps user who comes back to this account."""
    return begin(LoginPurpose.CONNECT, url_for("account.overview"), session_cookie.session_identifier())


@bp.get("/account/vipps/unlink")
@reauthentication.required
def unlink() -> ResponseReturnValue:
    """Explain the effect of unlinking, or what the customer must do first."""
    customer = session_cookie.required_customer()
    if lookup.link_of(customer) is None:
        return redirect(url_for("account.overview"), 303)
    possible = account_links.can_unlink(customer)
    return render_template("customers/vipps_unlink.html", customer=customer, possible=possible)


@bp.post("/account/vipps/unlink")
@reauthentication.required
def do_unlink() -> ResponseReturnValue:
    """Unlink the Vipps user, if another login method remains."""
    customer = session_cookie.required_customer()
    begin_write()
    held = lookup.lock_customer(customer.id)
    connected = lookup.link_of(held) if held and session_cookie.lock_current_session() else None
    if connected is None or not account_links.can_unlink(customer):
        db.session.rollback()
        return redirect(url_for("vipps_account.unlink"), 303)
    account_links.unlink_account(customer, connected)
    token = session_cookie.rotate_session()
    db.session.commit()
    log.info("vipps_disconnected", customer=customer.id)
    flash(_("%(brand)s is disconnected. You now log in with your password.", brand=settings_of_app().brand), "success")
    return session_cookie.redirect_with_session(url_for("account.overview"), token)


@bp.post("/account/vipps/refresh")
@session_cookie.login_required
def refresh() -> ResponseReturnValue:
    """Send the customer to Vipps, to refresh their profile."""
    if lookup.link_of(session_cookie.required_customer()) is None:
        return redirect(url_for("account.overview"), 303)
    return begin(LoginPurpose.REFRESH, url_for("profile.page"), session_cookie.session_identifier())


@bp.get("/login/vipps/prove")
def prove() -> ResponseReturnValue:
    """Ask a person who has just logged in with Vipps to prove that the matching account is theirs."""
    pending = pending_link.of_browser()
    return _proof_page(pending, ProofForm(formdata=None)) if pending else _nothing_pending()


@bp.post("/login/vipps/prove")
@limit_per_client(rate_limits.LOGIN_PER_CLIENT)
@rate_limits.limit_per_customer(rate_limits.LOGIN_PER_ACCOUNT, lambda: _owner_of_pending())
def prove_by_password() -> ResponseReturnValue:
    """Link the Vipps user if this is the account's password."""
    pending = pending_link.of_browser()
    if pending is None:
        return _nothing_pending()
    form, stored = ProofForm(), pending.customer.password_hash if ProofMethod.PASSWORD in pending.ways else None
    logged_in = _is_logged_in(pending)
    if not logged_in and not (form.validate_on_submit() and hashing.matches(form.password.data or "", stored)):
        log.info("login_refused", method=LoginMethod.PASSWORD)
        send(login_ended, method=LoginMethod.PASSWORD, outcome="refused")
        return _proof_page(pending, form, wrong=True), 422

    def link(again: PendingLink) -> ResponseReturnValue:
        """Link if the proof still holds: the session may have ended, or the password changed, a moment ago."""
        if logged_in:
            holds = _is_logged_in(again) and session_cookie.lock_current_session()
        else:
            holds = again.customer.password_hash == stored
        return link_and_sign_in(again, ProofMethod.PASSWORD) if holds else _nothing_pending()

    return _finish(pending.id, link)


@bp.post("/login/vipps/prove/mail")
@limit_per_client(rate_limits.FORGOT_PER_CLIENT)
def mail_proof() -> ResponseReturnValue:
    """Email a link to the account's address."""
    pending = pending_link.of_browser()
    if pending is None:
        return _nothing_pending()
    begin_write()
    locked = pending_link.lock(pending.id)
    if locked and _mail_link(locked):
        db.session.commit()
        log.info("proof_mailed")
    else:  # the address has reached its limit of emails: the earlier link still works
        db.session.rollback()
    flash(_("We have sent a link to that account’s email address. The link works for an hour."), "success")
    return redirect(url_for("vipps_account.prove"), 303)


@bp.post("/login/vipps/prove/new")
def make_new() -> ResponseReturnValue:
    """Create an account for a person who says that the matching account is not theirs."""
    pending = pending_link.of_browser()
    return _finish(pending.id, create_and_sign_in) if pending else _nothing_pending()


@bp.get("/login/vipps/prove/<token>")
def prove_by_mail(token: str) -> ResponseReturnValue:
    """Show the effect of the emailed link. Only the button links the Vipps user."""
    found = _token_and_pending_link(token)
    if found is None:
        return _refused(LoginRefused("proof_spent"))
    pending = found[1]
    here, info = _is_pending_here(pending), pending_link.userinfo_of(pending)
    return render_template(
        "customers/prove_by_mail.html", token=token, same_browser=here, info=info, asked_at=pending.created_at
    )


@bp.post("/login/vipps/prove/<token>")
@limit_per_client(rate_limits.LINKS_PER_CLIENT)
def finish_by_mail(token: str) -> ResponseReturnValue:
    """Link the Vipps user in the pending login's browser. Another browser must first log in as that Vipps user."""
    found = _token_and_pending_link(token)
    if found is None:
        return _refused(LoginRefused("proof_spent"))
    proof, pending = found
    if not _is_pending_here(pending):
        return begin(LoginPurpose.PROVE, pending.next_path, proof.token_hash)

    def link(again: PendingLink) -> ResponseReturnValue:
        if email_tokens.use(token, TokenPurpose.CONNECT) is None:
            raise LoginRefused("proof_spent")
        return link_and_sign_in(again, ProofMethod.MAIL)

    return _finish(pending.id, link)


def _finish(pending_id: int, work: Callable[[PendingLink], ResponseReturnValue]) -> ResponseReturnValue:
    """Run the last step in one transaction, after reading the pending link again."""

    def step() -> ResponseReturnValue:
        pending = pending_link.lock(pending_id)
        return work(pending) if pending else _nothing_pending()

    try:
        response = private(in_one_transaction(step))
    except LoginRefused as error:
        return _refused(error)
    clear_cookie(response, PENDING_COOKIE)
    return response


def _mail_link(pending: PendingLink) -> bool:
    customer, email = pending.customer, pending.customer.email
    if ProofMethod.MAIL not in pending.ways or email is None:
        return False
    token = email_tokens.issue(customer, email, TokenPurpose.CONNECT, pending_link_id=pending.id)
    return account_emails.send(customer, "prove_ownership", token=token)


def _token_and_pending_link(token: str) -> tuple[EmailToken, PendingLink] | None:
    proof = email_tokens.find(token, TokenPurpose.CONNECT)
    if proof is None or proof.pending_link_id is None or proof.customer.email != proof.email:
        return None
    pending = pending_link.by_id(proof.pending_link_id)
    return (proof, pending) if pending else None


def _is_pending_here(pending: PendingLink) -> bool:
    here = pending_link.of_browser()
    return here is not None and here.id == pending.id


def _is_logged_in(pending: PendingLink) -> bool:
    """Tell whether this browser has just logged in to this account, by its password or by an emailed link."""
    is_recent = reauthentication.is_recent(session_cookie.current_session())
    return is_recent and session_cookie.current_customer() == pending.customer


def _owner_of_pending() -> Customer | None:
    pending = pending_link.of_browser()
    return pending.customer if pending else None


def _proof_page(pending: PendingLink, form: ProofForm, *, wrong: bool = False) -> str:
    return render_template(
        "customers/prove.html",
        form=form,
        wrong=wrong,
        ways=pending.ways,
        is_proved=_is_logged_in(pending),
        mailed=email_tokens.was_sent_for(pending),
        info=pending_link.userinfo_of(pending),
        may_become_new=pending_link.may_create_account(pending),
        reasons=describe_reasons(pending.reasons),
    )


def _nothing_pending() -> ResponseReturnValue:
    db.session.rollback()
    text = _("You have already answered, or more than an hour has passed. Nothing was changed. Please log in again.")
    login = (_("Log in"), url_for("login.page"))
    return error_page(410, _("There is nothing to confirm here"), text, actions=[login])


def _refused(error: LoginRefused) -> ResponseReturnValue:
    return private(VippsLogin().refuse(error, "/", None))
