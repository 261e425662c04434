"""Start a session after a login by any method: by Vipps, by password or by an emailed link.

A login is one transaction: the decision, the session and the entry in the activity log are committed together. A
refused Vipps login adds an entry to the activity log and raises `LoginRefused` with the verdict's name.
"""

from collections.abc import Callable
from typing import NoReturn, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from app.customers import account_activity
from app.customers.consents import consent_prompt
from app.customers.linking import account_links, callback_replay, login_messages, pending_link
from app.customers.linking.account_links import Resolution
from app.customers.models import Customer, Kind, LoginMethod, PendingLink
from app.customers.profile.change_history import has_proposals
from app.customers.sessions.session_cookie import forget_current, redirect_with_session, start_session
from app.database import begin_write, db, is_conflict
from app.i18n import language
from app.logging import log
from app.signals import login_ended, send
from app.vipps.attempts import Attempt
from app.vipps.errors import LoginRefused
from app.vipps.matching import Decision, ProofMethod
from app.vipps.purposes import LoginPurpose

# Two conflicts can follow each other, a deadlock and a unique constraint: on the subject and on the phone number.
MAX_CONFLICTS = 2

T = TypeVar("T")


def in_one_transaction(work: Callable[[], T], retries: int = MAX_CONFLICTS) -> T:
    """Run `work` and commit; after a conflict with a concurrent request, retry, and find that request's changes.

    `work` may commit before it returns.
    """
    try:
        begin_write()
        result = work()
        db.session.commit()
        return result
    except (SQLAlchemyError, LoginRefused) as error:
        db.session.rollback()  # an open transaction would make other requests wait
        forget_current()
        if not retries or isinstance(error, LoginRefused) or not is_conflict(error):
            raise
    return in_one_transaction(work, retries - 1)


def sign_in(
    customer: Customer,
    method: LoginMethod,
    target: str,
    *,
    confirmed: bool = True,
    decision: Decision | None = None,
    attempt: Attempt | None = None,
) -> Response:
    """Log the customer in, record it with the decision, commit, and redirect to a path of this site.

    `confirmed` tells whether this login proved who uses the browser. `attempt` is the Vipps login whose callback this
    answers; None for every other method.
    """
    if customer.locale != language():  # assigning an unchanged value would still cause an UPDATE
        customer.locale = language()  # emails use the language of the latest login
    row, token = start_session(customer, method, confirmed=confirmed)
    asks = consent_prompt.is_due(customer, decision)
    line = account_activity.record(customer, Kind.LOGGED_IN, method=method, decision=decision)
    news = decision is not None and has_proposals(customer)
    if attempt:
        callback_replay.record(attempt, row)
    db.session.commit()
    log.info("logged_in", method=method, customer=customer.id, decision=decision.verdict if decision else None)
    send(login_ended, method=method, outcome=decision.verdict if decision else "logged_in")
    if decision:
        login_messages.greet(customer, line, news=news)
    if asks:
        consent_prompt.ask_on_next_page(customer)
    return redirect_with_session(target, token)


def customer_or_refuse(resolution: Resolution) -> Customer:
    """Return the customer of a decision; if there is none, record the refusal, commit and raise `LoginRefused`."""
    if resolution.link is None:
        refuse(resolution.decision)
    return resolution.link.customer


def refuse(decision: Decision) -> NoReturn:
    """Record a refusal with its reasons, commit, and raise `LoginRefused`."""
    customer = db.session.get(Customer, decision.account_id) if decision.account_id else None
    account_activity.record(customer, Kind.LOGIN_REFUSED, method=LoginMethod.VIPPS, decision=decision)
    db.session.commit()
    raise LoginRefused(decision.verdict, reasons=decision.reasons)


def link_and_sign_in(pending: PendingLink, way: ProofMethod, attempt: Attempt | None = None) -> Response:
    """Link a pending Vipps user (see `pending_link.lock`) after proof that the account is theirs, and log them in."""
    customer, who, info = pending.customer, pending_link.identity_of(pending), pending_link.userinfo_of(pending)
    pending_link.delete_pending(pending)
    will_link = account_links.would_link(who, info, customer)  # a refused proof must change nothing
    if will_link and customer.email_verified_at is None:
        if way is ProofMethod.MAIL:  # removes what an attacker may have left in the account
            account_links.take_over(customer, info)
        # A password does not prove the address, so it is confirmed only if Vipps has verified the same address.
        if way is ProofMethod.MAIL or (info.email_verified and info.email == customer.email):
            customer.mark_email_verified()
    resolution = account_links.resolve(LoginPurpose.PROVE, who, info, pending.created_at, customer)
    customer, decision = customer_or_refuse(resolution), resolution.decision
    return sign_in(customer, LoginMethod.VIPPS, pending.next_path, decision=decision, attempt=attempt)


def create_and_sign_in(pending: PendingLink) -> Response:
    """Create an account for a pending Vipps user who says that the matching account is not theirs.

    The new account gets no email address that the matching account has. That account is neither shown nor changed.
    """
    who, info = pending_link.identity_of(pending), pending_link.userinfo_of(pending)
    may_create = pending_link.may_create_account(pending)
    pending_link.delete_pending(pending)
    resolution = account_links.resolve_as_new(who, info, pending.created_at, may_create=may_create)
    customer, decision = customer_or_refuse(resolution), resolution.decision
    return sign_in(customer, LoginMethod.VIPPS, pending.next_path, confirmed=False, decision=decision)
