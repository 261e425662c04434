"""Answer a repeated callback (a double click, a reload, the back button) with the result of the first one.

The login's own transaction stores the outcome in the attempt, so both exist or neither does, even if the process dies.
The outcome names a row by id and creation time, because after a restored backup another row can have the same id.
"""

from datetime import timedelta
from typing import TypeVar

from app.customers.models import CustomerSession, EndReason, PendingLink
from app.customers.sessions import session_store
from app.database import db, utcnow
from app.vipps.attempts import Attempt
from app.vipps.routes import browser_cookie, integration

WORDS = {CustomerSession: "session", PendingLink: "held"}
DONE = "done"
# How long the same browser may repeat a callback: long enough for a double click or a reload, too short for the back
# button after lunch.
REPLAY_WINDOW = timedelta(minutes=1)

Row = TypeVar("Row", CustomerSession, PendingLink)


def record(attempt: Attempt, row: CustomerSession | PendingLink | None = None) -> None:
    """Record the result of a login: a session, a pending link, or none that a repeat needs. The caller commits."""
    outcome = f"{WORDS[type(row)]}.{_name(row)}" if row else DONE
    integration().attempts.finish(attempt, outcome, db.session.connection())


def session_of(outcome: str | None) -> CustomerSession | None:
    """Return the open session that a login began less than a minute ago."""
    row = fresh_row(CustomerSession, outcome)
    return row if row and row.ended_at is None else None


def end_replayable_sessions(reason: EndReason) -> None:
    """End the sessions that a repeated callback of this browser could still enter. The caller commits.

    A repeated callback starts a second session. If the first one stayed open, Back would undo a logout (ASVS 7.4.1).
    """
    vipps = integration()
    outcomes = vipps.attempts.outcomes_of(browser_cookie(vipps), db.session.connection())
    for session in filter(None, map(session_of, outcomes)):
        session_store.end(session, reason)


def fresh_row(kind: type[Row], outcome: str | None) -> Row | None:
    """Return the row that a login created less than a minute ago, if it is of this kind."""
    led_to, _dot, name = (outcome or "").partition(".")
    number = name.partition(".")[0]
    row = db.session.get(kind, int(number)) if led_to == WORDS[kind] else None
    fresh = row is not None and _name(row) == name and row.created_at >= utcnow() - REPLAY_WINDOW
    return row if fresh else None


def _name(row: CustomerSession | PendingLink) -> str:
    return f"{row.id}.{row.created_at.timestamp():.6f}"
