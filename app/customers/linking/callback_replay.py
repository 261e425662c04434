"""What a login led to, for its callback that comes a second time: by a double click, a reload, the back button.

It is noted on the attempt in the login's own transaction, so that whoever was let in is known to a repetition, wherever
a process may die. A row is named by its number and its moment, because after a backup was restored the number can be
another row's.
"""

from datetime import timedelta
from typing import TypeVar

from app.customers.models import CustomerSession, EndReason, PendingLink
from app.customers.sessions import session_store
from app.database import db, utcnow
from app.vipps.attempts import Attempt
from app.vipps.routes import browser_cookie, integration

SESSION, PENDING, DONE = "session", "held", "done"
# How long after a login its callback may be repeated by the same browser and still lead into it: long enough for
# a double click or a reload, too short for the back button after lunch.
REPEATABLE = timedelta(minutes=1)

Row = TypeVar("Row", CustomerSession, PendingLink)


def record_session(attempt: Attempt, row: CustomerSession) -> None:
    """Note that the login began a session. The caller commits."""
    _note(attempt, f"{SESSION}.{_name(row)}")


def record_pending(attempt: Attempt, row: PendingLink) -> None:
    """Note that the login waits for a proof. The caller commits."""
    _note(attempt, f"{PENDING}.{_name(row)}")


def record_done(attempt: Attempt) -> None:
    """Note that it was done for somebody who is logged in, with nothing to give out again. The caller commits."""
    _note(attempt, DONE)


def session_of(outcome: str | None) -> CustomerSession | None:
    """Return the open session that a login began less than a minute ago."""
    row = _row(CustomerSession, SESSION, outcome)
    return row if row and row.ended_at is None else None


def pending_of(outcome: str | None) -> PendingLink | None:
    """Return what has waited since a login of less than a minute ago."""
    return _row(PendingLink, PENDING, outcome)


def end_replayable_sessions(reason: EndReason) -> None:
    """End what the logins of this browser can still be led into again. The caller commits.

    A repeated callback gets a session of its own, so its browser holds the key of one and has left another open: by
    that the back button would undo a logout (ASVS 7.4.1).
    """
    vipps = integration()
    led_to = vipps.attempts.outcomes_of(browser_cookie(vipps), db.session.connection())
    for session in filter(None, map(session_of, led_to)):
        session_store.end(session, reason)


def _note(attempt: Attempt, outcome: str) -> None:
    integration().attempts.finish(attempt, outcome, db.session.connection())


def _row(kind: type[Row], word: str, outcome: str | None) -> Row | None:
    led_to, _dot, name = (outcome or "").partition(".")
    number = name.partition(".")[0]
    row = db.session.get(kind, int(number)) if led_to == word else None
    fresh = row is not None and _name(row) == name and row.created_at >= utcnow() - REPEATABLE
    return row if fresh else None


def _name(row: CustomerSession | PendingLink) -> str:
    return f"{row.id}.{row.created_at.timestamp():.6f}"
