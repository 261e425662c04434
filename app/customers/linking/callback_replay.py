"""Answer a repeated callback (a double click, a reload, the back button) with what its login led to.

The outcome is written on the attempt in the login's own transaction, so it is known wherever a process may die. It
names a row by its id and its creation time, because after a restored backup another row can have the same id.
"""

from datetime import timedelta
from typing import TypeVar

from app.customers.models import CustomerSession, EndReason, PendingLink
from app.customers.sessions import session_store
from app.database import db, utcnow
from app.vipps.attempts import Attempt
from app.vipps.routes import browser_cookie, integration

SESSION, PENDING, DONE = "session", "held", "done"
# How long the same browser may repeat a callback: long enough for a double click or a reload, too short for the back
# button after lunch.
REPLAY_WINDOW = timedelta(minutes=1)

Row = TypeVar("Row", CustomerSession, PendingLink)


def record_session(attempt: Attempt, row: CustomerSession) -> None:
    """Record that the login began a session. The caller commits."""
    _record(attempt, f"{SESSION}.{_name(row)}")


def record_pending(attempt: Attempt, row: PendingLink) -> None:
    """Record that the login is pending until a proof. The caller commits."""
    _record(attempt, f"{PENDING}.{_name(row)}")


def record_done(attempt: Attempt) -> None:
    """Record that it was done for the customer who is logged in, with no cookie to repeat. The caller commits."""
    _record(attempt, DONE)


def session_of(outcome: str | None) -> CustomerSession | None:
    """Return the open session that a login began less than a minute ago."""
    row = _row(CustomerSession, SESSION, outcome)
    return row if row and row.ended_at is None else None


def pending_of(outcome: str | None) -> PendingLink | None:
    """Return the pending link of a login of less than a minute ago."""
    return _row(PendingLink, PENDING, outcome)


def end_replayable_sessions(reason: EndReason) -> None:
    """End the sessions that a repeated callback of this browser could still enter. The caller commits.

    A repeated callback gets a session of its own and leaves the first one open; by that one the back button would undo
    a logout (ASVS 7.4.1).
    """
    vipps = integration()
    outcomes = vipps.attempts.outcomes_of(browser_cookie(vipps), db.session.connection())
    for session in filter(None, map(session_of, outcomes)):
        session_store.end(session, reason)


def _record(attempt: Attempt, outcome: str) -> None:
    integration().attempts.finish(attempt, outcome, db.session.connection())


def _row(kind: type[Row], word: str, outcome: str | None) -> Row | None:
    led_to, _dot, name = (outcome or "").partition(".")
    number = name.partition(".")[0]
    row = db.session.get(kind, int(number)) if led_to == word else None
    fresh = row is not None and _name(row) == name and row.created_at >= utcnow() - REPLAY_WINDOW
    return row if fresh else None


def _name(row: CustomerSession | PendingLink) -> str:
    return f"{row.id}.{row.created_at.timestamp():.6f}"
