"""Store the staff's sessions: the browser has a random token, the row its hash.

Staff see other people's data, so their sessions expire sooner than a customer's: after half an hour without a page,
and after a working day in any case (ASVS 7.3.1, 7.3.2). The caller commits. The store is apart from the customers' one:
tables, limits and cookies differ, and one mistake in a shared condition must not open the back office to a customer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.database import db, utcnow
from app.staff.models import Staff, StaffSession
from app.tokens import new_token, secret_hash

IDLE_LIMIT = timedelta(minutes=30)
ABSOLUTE_LIMIT = timedelta(hours=8)
# The precision of "last seen"; a finer one would cost a write per page.
RECORD_VISIT_EVERY = timedelta(minutes=1)
MAX_USER_AGENT = 200


@dataclass(frozen=True)
class CurrentStaff:
    """The staff member who is logged in in this browser, read once per request."""

    staff_id: int
    name: str
    email: str
    session_id: int
    created_at: datetime
    last_seen_at: datetime


def add(staff: Staff, user_agent: str) -> str:
    """Add a session and return the token for the browser."""
    token, now = new_token(), utcnow()
    row = StaffSession(
        staff=staff,
        token_hash=secret_hash(token),
        user_agent=user_agent.replace("\0", "")[:MAX_USER_AGENT],
        created_at=now,
        last_seen_at=now,
        expires_at=_expiry(now, now),
    )
    db.session.add(row)
    return token


def find(token: str) -> CurrentStaff | None:
    """Return the staff member of a token; None if the session has ended or expired, or the account is disabled."""
    found = select(
        Staff.id, Staff.name, Staff.email, StaffSession.id, StaffSession.created_at, StaffSession.last_seen_at
    ).join(StaffSession.staff)
    row = db.session.execute(
        found.where(
            StaffSession.token_hash == secret_hash(token),
            StaffSession.ended_at.is_(None),
            StaffSession.expires_at > utcnow(),
            Staff.disabled_at.is_(None),
        )
    ).one_or_none()
    return CurrentStaff(*row) if row else None


def visit_due(here: CurrentStaff) -> bool:
    """Tell whether this visit must be recorded: not if the last one is recent."""
    return utcnow() - here.last_seen_at > RECORD_VISIT_EVERY


def record_visit(here: CurrentStaff) -> None:
    """Extend the idle limit, unless the session has ended meanwhile."""
    now = utcnow()
    mine = update(StaffSession).where(StaffSession.id == here.session_id, StaffSession.ended_at.is_(None))
    db.session.execute(mine.values(last_seen_at=now, expires_at=_expiry(here.created_at, now)))


def end(session_id: int) -> None:
    """End one session."""
    mine = update(StaffSession).where(StaffSession.id == session_id, StaffSession.ended_at.is_(None))
    db.session.execute(mine.values(ended_at=utcnow()))


def end_all(staff: Staff) -> None:
    """End every session of a staff account."""
    theirs = update(StaffSession).where(StaffSession.staff_id == staff.id, StaffSession.ended_at.is_(None))
    db.session.execute(theirs.values(ended_at=utcnow()))


def _expiry(created_at: datetime, seen_at: datetime) -> datetime:
    return min(seen_at + IDLE_LIMIT, created_at + ABSOLUTE_LIMIT)
