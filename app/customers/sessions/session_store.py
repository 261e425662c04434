"""Store the sessions behind the session cookies: the customer, the browser, the start and the limits.

The browser holds 256 random bits, and the row holds their hash. So the shop can end a session, and a copy of its cookie
stops working (ASVS 7.2.1, 7.4.1); a signed cookie cannot do that. The caller commits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from app.customers.models import Customer, CustomerSession, EndReason, LoginMethod
from app.customers.user_agent import user_agent_of_request
from app.database import db, insert_row, utcnow
from app.signals import send_on_commit, session_began, sessions_ended
from app.tokens import new_token, secret_hash

# Vipps recommends no length. Two hours allow an interrupted visit to a shop that keeps no card numbers and asks again
# before irreversible actions; twelve end every session before the next day (ASVS 7.3.1, 7.3.2).
IDLE_LIMIT = timedelta(hours=2)
ABSOLUTE_LIMIT = timedelta(hours=12)
# The precision of "last seen"; a finer one would cost a write per page.
SEEN_INTERVAL = timedelta(minutes=1)


def add(customer: Customer, method: LoginMethod, *, confirmed: bool) -> tuple[CustomerSession, str]:
    """Add a session of this request's browser, and return its row and the token for the browser."""
    token, now = new_token(), utcnow()
    row = insert_row(
        CustomerSession(
            customer_id=customer.id,
            token_hash=secret_hash(token),
            method=method,
            user_agent=user_agent_of_request(),
            created_at=now,
            last_seen_at=now,
            expires_at=_expiry(now, now),
            confirmed_at=now if confirmed else None,
        )
    )
    send_on_commit(session_began, method=method)
    return row, token


# Every page of a customer runs this statement. It is built once, because building costs as much as running.
_OPEN = select(CustomerSession, Customer).join(CustomerSession.customer)
_OPEN = _OPEN.where(CustomerSession.token_hash == bindparam("token_hash"), CustomerSession.ended_at.is_(None))
_OPEN = _OPEN.where(CustomerSession.expires_at > bindparam("now"), Customer.blocked_at.is_(None))


def find(token: str) -> tuple[CustomerSession, Customer] | None:
    """Return the session with this token and its customer, with one query; None if it has ended or expired."""
    found = db.session.execute(_OPEN, {"token_hash": secret_hash(token), "now": utcnow()}).one_or_none()
    return (found[0], found[1]) if found else None


def end_reason(token: str) -> str:
    """Return why the session of a token was ended, at most ABSOLUTE_LIMIT ago; empty if it expired or is open."""
    of_token = select(CustomerSession.ended_reason).where(CustomerSession.token_hash == secret_hash(token))
    before_its_expiry = of_token.where(CustomerSession.ended_at < CustomerSession.expires_at)
    lately = before_its_expiry.where(CustomerSession.ended_at > utcnow() - ABSOLUTE_LIMIT)
    return db.session.scalar(lately) or ""


def lock_if_open(row: CustomerSession) -> bool:
    """Lock a session until this transaction ends, and tell whether it is still open."""
    open_row = select(CustomerSession.id).where(CustomerSession.id == row.id, CustomerSession.ended_at.is_(None))
    return db.session.scalar(open_row.with_for_update()) is not None


def rotate(row: CustomerSession) -> str:
    """Give a session a new token and return it; the old token stops working (ASVS 7.2.4)."""
    row.token_hash = secret_hash(token := new_token())
    return token


def open_sessions(customer: Customer) -> Sequence[CustomerSession]:
    """Return a customer's sessions that have neither ended nor expired, the last used first."""
    still_open = (CustomerSession.ended_at.is_(None), CustomerSession.expires_at > utcnow())
    of_customer = select(CustomerSession).where(CustomerSession.customer_id == customer.id, *still_open)
    return db.session.scalars(of_customer.order_by(CustomerSession.last_seen_at.desc())).all()


def end(row: CustomerSession, reason: EndReason) -> None:
    """End one session."""
    row.ended_at = utcnow()
    row.ended_reason = reason
    send_on_commit(sessions_ended, reason=reason, number=1)


def end_all(customer: Customer, reason: EndReason, keep: int | None = None, method: LoginMethod | None = None) -> None:
    """End a customer's open sessions except the one to keep, all or those of one login method (ASVS 7.4.2, 7.4.3)."""
    of_customer = update(CustomerSession).where(CustomerSession.customer_id == customer.id)
    ending = of_customer.where(CustomerSession.ended_at.is_(None))
    if keep is not None:
        ending = ending.where(CustomerSession.id != keep)
    if method is not None:
        ending = ending.where(CustomerSession.method == method)
    ended = db.session.execute(ending.values(ended_at=utcnow(), ended_reason=reason))
    send_on_commit(sessions_ended, reason=reason, number=ended.rowcount)  # type: ignore[attr-defined]  # an update has a row count


def is_visit_due(row: CustomerSession) -> bool:
    """Tell whether to record a visit: not if the last recorded one is recent."""
    return utcnow() - row.last_seen_at > SEEN_INTERVAL


def record_visit(session_id: int, created_at: datetime) -> None:
    """Extend the idle limit of a session, unless it has ended meanwhile."""
    now = utcnow()
    still_open = update(CustomerSession).where(CustomerSession.id == session_id, CustomerSession.ended_at.is_(None))
    db.session.execute(still_open.values(last_seen_at=now, expires_at=_expiry(created_at, now)))


def _expiry(created_at: datetime, seen_at: datetime) -> datetime:
    return min(seen_at + IDLE_LIMIT, created_at + ABSOLUTE_LIMIT)
