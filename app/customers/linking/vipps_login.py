"""The shop's part of a Vipps login: the `Merchant` that the integration calls, with one function per purpose.

All changes of a login are one transaction: find, link or create the customer, store the profile from Vipps, record
consents (all these in `account_links.resolve`), log the decision with its reasons, start a session, and store the
outcome in the attempt. A failure at any step leaves no changes.
"""

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from app.customers import account_activity, email_tokens, lookup, rate_limits
from app.customers.account_activity import describe_reasons
from app.customers.linking import account_links, callback_replay, login_messages, pending_link, revocation
from app.customers.linking.account_links import Resolution
from app.customers.linking.sign_in import customer_or_refuse, in_one_transaction, link_and_sign_in, refuse, sign_in
from app.customers.lookup import Identity
from app.customers.models import Customer, Kind, LoginMethod, PendingLink, TokenPurpose
from app.customers.profile.change_history import has_proposals
from app.customers.sessions import session_cookie, session_store
from app.customers.sessions.reauthentication import has_proof_without_vipps, record_reauthentication
from app.database import db, query_or
from app.logging import log, reference, set_failure
from app.security import client_network, client_site, limit_per_client, limiter, set_cookie
from app.settings import settings_of_app
from app.signals import event_received, login_ended, send
from app.vipps.attempts import Attempt
from app.vipps.errors import LoginRefused
from app.vipps.id_token import IN_APP
from app.vipps.matching import Decision, ProofMethod, Verdict
from app.vipps.purposes import LoginPurpose
from app.vipps.revocation_event import Delivery
from app.vipps.routes import Login, Merchant

RETRY_SECONDS = 5


class VippsLogin(Merchant):
    """The shop's part of a Vipps login."""

    def offer(self, next_path: str) -> ResponseReturnValue:
        """Show the login page to a visitor, because another site tried to start the login."""
        return redirect(url_for("login.page", next=next_path), 303)

    def count_start(self) -> None:
        """Count a login that begins, by network address. A request that another site caused is not counted."""
        try:
            count_client()
            if client_site() != client_network():
                count_site()
        except TooManyRequests:
            raise LoginRefused("too_many_starts") from None

    def lead_on(self, url: str) -> ResponseReturnValue:
        """Show the page between a form of this shop and Vipps."""
        return render_template("vipps/lead_on.html", url=url)

    def is_theirs(self, attempt: Attempt) -> bool:
        """Tell whether the session that began this login is still logged in; logging in itself needs no session."""
        if attempt.purpose in (LoginPurpose.LOG_IN, LoginPurpose.MEMBERS, LoginPurpose.PROVE):
            return True
        return bool(attempt.owner) and attempt.owner == session_cookie.session_identifier()

    def accept(self, login: Login) -> ResponseReturnValue:
        """Do the work of the login's purpose; the later one of two concurrent logins finds the first one's changes."""
        if login.userinfo.problems:
            log.warning("claims_unreadable", problems=list(login.userinfo.problems))
        return in_one_transaction(lambda: ACCEPT[login.attempt.purpose](login))

    def repeat(self, attempt: Attempt, outcome: str | None) -> ResponseReturnValue:
        """Redirect a repeated callback to the page of the first one, within a minute."""
        if session_cookie.current_customer() is not None:
            return redirect(attempt.next_path, 303)
        if pending := callback_replay.fresh_row(PendingLink, outcome):
            key = pending_link.renew_key(pending)
            db.session.commit()
            return redirect_to_proof(key)
        session = callback_replay.session_of(outcome)
        if session is None:
            raise LoginRefused("state_used")
        # Start a second session: the browser may keep the cookie of either answer, and both must work.
        _row, token = session_store.add(session.customer, LoginMethod.VIPPS, confirmed=False)
        db.session.commit()
        return session_cookie.redirect_with_session(attempt.next_path, token)

    def refuse(self, error: LoginRefused, next_path: str, purpose: LoginPurpose | None) -> ResponseReturnValue:
        """Show the refusal's page and write its log line, both with the same reference number."""
        db.session.rollback()
        session_cookie.forget_current()
        refusal, brand = error.refusal, settings_of_app().brand
        set_failure(refusal.code)
        getattr(log, refusal.level)(
            "vipps_login_refused", refusal=refusal.code, detail=error.detail, cause=refusal.cause
        )
        send(login_ended, method=LoginMethod.VIPPS, outcome=refusal.code)
        customer = query_or(session_cookie.current_customer, None)
        html = render_template(
            "vipps/refused.html",
            title=_(refusal.page.title, brand=brand),
            explanation=_(refusal.page.explanation, brand=brand),
            reasons=describe_reasons(error.reasons),
            calm=refusal.level == "info",
            earlier=reference() if login_messages.is_about_earlier_account(error.reasons) else None,
            no_way=login_messages.is_without_a_way(refusal, customer, purpose),
            actions=login_messages.actions_after_refusal(refusal.code, customer, next_path, reference(), purpose),
            back=login_messages.back_action(customer is not None, next_path),
            reference=reference(),
        )
        response = make_response(html, refusal.status)
        if refusal.status == 503:
            response.headers["Retry-After"] = str(error.retry_after or RETRY_SECONDS)
        return response

    def receive(self, delivery: Delivery) -> bool:
        """Process a webhook event; if equal events come at once, the later ones find the first one's changes."""
        try:
            outcome = process_event(delivery)
        except TooManyRequests:
            send(event_received, outcome="too_many")
            raise
        except SQLAlchemyError as error:
            log.error("database_error", error=type(error).__name__)
            send(event_received, outcome="database_error")
            raise
        understood = outcome in revocation.UNDERSTOOD
        send(event_received, outcome=outcome if understood else "unreadable")
        (log.info if understood else log.warning)("webhook_delivery", outcome=outcome)
        return understood


@limit_per_client(rate_limits.STARTS_PER_CLIENT)
def count_client() -> None:
    """Count one login of this client that begins; raise `TooManyRequests` over the limit."""


@limit_per_client(rate_limits.STARTS_PER_SITE, client_site)
def count_site() -> None:
    """Count one login for the client's whole IPv6 site (a /48); raise `TooManyRequests` over the limit."""


@limiter.limit(rate_limits.EVENTS, key_func=lambda: "webhook")
def process_event(delivery: Delivery) -> str:
    """Process an event in one transaction; raise `TooManyRequests` over the limit."""
    return in_one_transaction(lambda: revocation.process(delivery))


def log_in(login: Login) -> ResponseReturnValue:
    """Log the customer in, or keep the login pending until they have proved that the account is theirs."""
    attempt, resolution = login.attempt, resolve(login.attempt.purpose, login)
    decision = resolution.decision
    if decision.verdict is Verdict.PROVE_OWNERSHIP:
        return ask_for_proof_of_ownership(login, decision)
    customer = customer_or_refuse(resolution)
    return sign_in(customer, LoginMethod.VIPPS, attempt.next_path, confirmed=False, decision=decision, attempt=attempt)


def ask_for_proof_of_ownership(login: Login, decision: Decision) -> ResponseReturnValue:
    """Store the login as pending for this browser, and ask the person for the proof."""
    pending, key = pending_link.store(login, decision)
    account_activity.record(pending.customer, Kind.LOGIN_HELD, method=LoginMethod.VIPPS, decision=decision)
    callback_replay.record(login.attempt, pending)
    db.session.commit()
    log.info("vipps_login_pending", decision=decision.verdict, reasons=list(decision.reasons))
    send(login_ended, method=LoginMethod.VIPPS, outcome=decision.verdict)
    return redirect_to_proof(key)


def link_current_customer(login: Login) -> ResponseReturnValue:
    """Link the Vipps user to the account that is logged in here, and to no other account."""
    resolution = resolve(LoginPurpose.CONNECT, login, lock_current_customer())
    customer, decision = customer_or_refuse(resolution), resolution.decision
    line = account_activity.record(customer, Kind.CONNECTED_HERE, method=LoginMethod.VIPPS, decision=decision)
    token, news = session_cookie.rotate_session(), has_proposals(customer)
    callback_replay.record(login.attempt)
    db.session.commit()
    log.info("vipps_connected", customer=customer.id, decision=decision.verdict)
    login_messages.greet(customer, line, news=news)
    return session_cookie.redirect_with_session(login.attempt.next_path, token)


def refresh(login: Login) -> ResponseReturnValue:
    """Store the current profile from Vipps of the customer who is logged in here."""
    resolution = resolve(LoginPurpose.REFRESH, login, lock_current_customer())
    customer = customer_or_refuse(resolution)
    callback_replay.record(login.attempt)
    db.session.commit()
    log.info("profile_refreshed", customer=customer.id)
    if resolution.refreshed:
        login_messages.announce_refresh(resolution.refreshed)
    return redirect(login.attempt.next_path, 303)


def confirm(login: Login) -> ResponseReturnValue:
    """Record a re-authentication: in the app, or by this login if the customer has no other proof.

    For `CONFIRM`, `acr` was checked with the ID token. A login without confirmation in the app does not count once the
    customer has added a password or a confirmed address.
    """
    current = lock_current_customer()
    if login.id_token.acr != IN_APP and has_proof_without_vipps(current):
        raise LoginRefused("not_confirmed_in_app")
    customer = customer_or_refuse(resolve(LoginPurpose.CONFIRM, login, current))
    token = record_reauthentication(customer, LoginMethod.VIPPS)
    callback_replay.record(login.attempt)
    db.session.commit()
    flash(_("Thank you, you have confirmed that it is you."), "success")
    return session_cookie.redirect_with_session(login.attempt.next_path, token)


def prove(login: Login) -> ResponseReturnValue:
    """Finish the pending link of an emailed link that was opened in this browser, for the same Vipps user only."""
    proof = email_tokens.use_by_hash(login.attempt.owner, TokenPurpose.CONNECT)
    pending = pending_link.lock(proof.pending_link_id) if proof and proof.pending_link_id else None
    if pending is None:
        raise LoginRefused("proof_spent")
    if pending_link.identity_of(pending) != identity_of(login):
        db.session.rollback()  # the link must keep working for the right person
        refuse(Decision(Verdict.OTHER_PERSON, pending.customer_id, ("subject_is_not_yours",)))
    return link_and_sign_in(pending, ProofMethod.MAIL, login.attempt)


ACCEPT = {
    LoginPurpose.LOG_IN: log_in,
    LoginPurpose.MEMBERS: log_in,
    LoginPurpose.CONNECT: link_current_customer,
    LoginPurpose.REFRESH: refresh,
    LoginPurpose.CONFIRM: confirm,
    LoginPurpose.CONFIRM_BY_LOGIN: confirm,
    LoginPurpose.PROVE: prove,
}


def resolve(purpose: LoginPurpose, login: Login, current: Customer | None = None) -> Resolution:
    """Find, link or create the customer of a login."""
    return account_links.resolve(purpose, identity_of(login), login.userinfo, login.id_token.issued_at, current)


def lock_current_customer() -> Customer:
    """Lock and return the customer who is logged in; raise `LoginRefused` if their session has ended meanwhile.

    Lock the customer before the session, or two browsers of one customer can deadlock.
    """
    customer = session_cookie.current_customer()
    if customer is None or not lookup.lock_customer(customer.id) or not session_cookie.lock_current_session():
        raise LoginRefused("session_changed")
    return customer


def identity_of(login: Login) -> Identity:
    """Return the Vipps user who logged in."""
    return Identity(login.issuer, login.client_id, login.id_token.subject)


def redirect_to_proof(key: str) -> Response:
    """Redirect to the page that asks for the proof; its cookie survives closing the browser."""
    response = redirect(url_for("vipps_account.prove"), 303)
    set_cookie(response, pending_link.PENDING_COOKIE, key, max_age=pending_link.LIFETIME)
    return response
