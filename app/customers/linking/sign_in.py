"""From a decision to a session: the one place where somebody is let in, whatever their way was.

A login is one transaction: what was decided, the session and its line in the activity list are committed together.
`in_one_transaction` runs it, and once more if a unique constraint says that somebody else was faster. A Vipps login
that may not be let in leaves its line and raises `LoginRefused` with the verdict's name.
"""

from collections.abc import Callable
from typing import NoReturn, TypeVar

from flask import redirect
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from werkzeug.wrappers import Response

from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.consents import consent_prompt
from app.customers.linking import account_links, callback_replay, login_messages, pending_link
from app.customers.linking.account_links import Resolution
from app.customers.models import Customer, LoginMethod, PendingLink
from app.customers.profile.change_history import has_proposals
from app.customers.sessions.session_cookie import forget_current, set_session_cookie, start_session
from app.database import begin_write, db
from app.i18n import language
from app.logging import log
from app.signals import login_ended, send
from app.vipps.attempts import Attempt
from app.vipps.errors import LoginRefused
from app.vipps.matching import Decision, Way
from app.vipps.purposes import Purpose

T = TypeVar("T")


def in_one_transaction(work: Callable[[], T]) -> T:
    """Run what reads, writes and commits; of two at the same moment, the second finds what the first did."""
    try:
        return _once(work)
    except IntegrityError:
        return _once(work)


def _once(work: Callable[[], T]) -> T:
    """Run it; what fails or is refused leaves no transaction open, in which others would wait."""
    try:
        begin_write()
        return work()
    except (SQLAlchemyError, LoginRefused):
        db.session.rollback()
        forget_current()
        raise


def sign_in(
    customer: Customer,
    method: LoginMethod,
    target: str,
    *,
    confirmed: bool = True,
    decision: Decision | None = None,
    attempt: Attempt | None = None,
) -> Response:
    """Log the customer in, note it with what was decided, commit, and go to a path of this site.

    `confirmed` says whether this login proved who is at the keyboard. `attempt` is the login in progress whose callback
    this answers; None for every other way in.
    """
    if customer.locale != language():  # what is set is written, even to what it was
        customer.locale = language()  # mails follow the language that was last read here
    row, token = start_session(customer, method, confirmed=confirmed)
    asks = consent_prompt.is_due(customer, decision)
    line = account_activity.record(customer, Kind.LOGGED_IN, method=method, decision=decision)
    news = decision is not None and has_proposals(customer)
    if attempt:
        callback_replay.record_session(attempt, row)
    db.session.commit()
    log.info("logged_in", method=method, customer=customer.id, decision=decision.verdict if decision else None)
    send(login_ended, method=method, outcome=decision.verdict if decision else "let_in")
    if decision:
        login_messages.greet(customer, line, news=news)
    if asks:
        consent_prompt.ask_on_next_page(customer)
    response = redirect(target, 303)
    set_session_cookie(response, token)
    return response


def customer_or_refuse(settled: Resolution) -> Customer:
    """Return the customer whom a decision led to; raises `LoginRefused`, noted and committed, if it led to nobody."""
    if settled.link is None:
        refuse_login(settled.decision)
    return settled.link.customer


def refuse_login(decision: Decision) -> NoReturn:
    """Note a refusal with its reasons, commit that, and raise it."""
    customer = db.session.get(Customer, decision.account_id) if decision.account_id else None
    account_activity.record(customer, Kind.LOGIN_REFUSED, method=LoginMethod.VIPPS, decision=decision)
    db.session.commit()
    raise LoginRefused(decision.verdict, reasons=decision.reasons)


def link_and_sign_in(waiting: PendingLink, way: Way, attempt: Attempt | None = None) -> Response:
    """Connect a Vipps user who waited (see `pending.take`), after proof that the account is theirs, and let them in.

    Whoever proved an address that had never been confirmed gets the account without what others may have left in it.
    """
    customer, info = waiting.customer, pending_link.userinfo_of(waiting)
    who, target, logged_in_at = pending_link.identity_of(waiting), waiting.next_path, waiting.created_at
    pending_link.delete_pending(waiting)
    will_link = account_links.would_link(who, info, customer)  # a proof that is refused changes nothing
    if will_link and customer.email_verified_at is None:
        if way is Way.MAIL:
            account_links.take_over(customer, info)
        customer.mark_email_verified()
    settled = account_links.resolve(Purpose.PROVE, who, info, logged_in_at, customer)
    return sign_in(customer_or_refuse(settled), LoginMethod.VIPPS, target, decision=settled.decision, attempt=attempt)


def create_and_sign_in(waiting: PendingLink) -> Response:
    """Make a new account for a Vipps user who waited and says that the account they match is somebody else's.

    It gets no address that the other account holds; nothing of the other account is shown or changed. Where logging in
    makes no accounts, this does not either.
    """
    info, who, target = pending_link.userinfo_of(waiting), pending_link.identity_of(waiting), waiting.next_path
    logged_in_at, may_create = waiting.created_at, pending_link.may_create_account(waiting)
    pending_link.delete_pending(waiting)
    settled = account_links.resolve_as_new(who, info, logged_in_at, may_create=may_create)
    return sign_in(customer_or_refuse(settled), LoginMethod.VIPPS, target, confirmed=False, decision=settled.decision)
