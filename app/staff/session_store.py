"""The staff's sessions as rows: the browser has a random token, the row its hash.

Who sees other people's data is logged out sooner than a customer: after half an hour without a page, and after a
working day in any case (ASVS 7.3.1, 7.3.2). Nothing here commits; the caller does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from app.database import db, utcnow
from app.staff.models import Staff, StaffSession
from app.tokens import new_token, secret_hash

IDLE_LIMIT = timedelta(minutes=30)
ABSOLUTE_LIMIT = timedelta(hours=8)
# How exactly "last seen" is kept. Finer would be a write more per page.
SEEN_EVERY = timedelta(minutes=1)
MAX_USER_AGENT = 200


@dataclass(frozen=True)
class Here:
    """Who of the staff is logged in in this browser, read once per request."""

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


def find(token: str) -> Here | None:
    """Return who a token lets in; nobody if the session has ended or lapsed, or the account is closed."""
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
    return Here(*row) if row else None


def visit_is_due(here: Here) -> bool:
    """Tell whether this visit is to be noted; if the last note is recent enough, it is not."""
    return utcnow() - here.last_seen_at > SEEN_EVERY


def note_visit(here: Here) -> None:
    """Move the idle limit on, unless the session has ended meanwhile."""
    now = utcnow()
    mine = update(StaffSession).where(StaffSession.id == here.session_id, StaffSession.ended_at.is_(None))
    db.session.execute(mine.values(last_seen_at=now, expires_at=_expiry(here.created_at, now)))


def end(session_id: int) -> None:
    """End one session."""
    mine = update(StaffSession).where(StaffSession.id == session_id, StaffSession.ended_at.is_(None))
    db.session.execute(mine.values(ended_at=utcnow()))


def end_all(staff: Staff) -> None:
    """End every session of somebody."""
    theirs = update(StaffSession).where(StaffSession.staff_id == staff.id, StaffSession.ended_at.is_(None))
    db.session.execute(theirs.values(ended_at=utcnow()))


def _expiry(created_at: datetime, seen_at: datetime) -> datetime:
    return min(seen_at + IDLE_LIMIT, created_at + ABSOLUTE_LIMIT)
