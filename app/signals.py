"""What happens in the shop, for whoever counts: signals that are sent when it is certain, and cost nothing unheard.

A fact inside a transaction is told when that is committed and never if it is rolled back, so that what is counted
is what is in the database. Receivers get words from closed lists and numbers, never a value of a person.
"""

from functools import partial
from typing import Any

from blinker import NamedSignal, Namespace
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.database import db

_signals = Namespace()
WAITING = "happenings_waiting"

login_ended = _signals.signal("login-ended")
"""A login came to an end: `method`, and as `outcome` a decision, a refusal's name or a word of the password form."""

session_began = _signals.signal("session-began")
"""A session began: `method`."""

sessions_ended = _signals.signal("sessions-ended")
"""Sessions ended: `reason`, and `number` of them."""

consent_recorded = _signals.signal("consent-recorded")
"""An answer was added to the ledger: `channel`, `granted`."""

event_received = _signals.signal("event-received")
"""An event came to the webhook: `outcome`."""


def tell(signal: NamedSignal, **facts: Any) -> None:
    """Tell a fact now: for what stands in no transaction, or after its commit."""
    if signal.receivers:
        signal.send(**facts)


def tell_when_committed(signal: NamedSignal, **facts: Any) -> None:
    """Tell a fact of the current transaction, once it is committed."""
    if signal.receivers:
        db.session.info.setdefault(WAITING, []).append(partial(tell, signal, **facts))


@event.listens_for(Session, "after_commit")
def _commit(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint only: all of it can still be rolled back
        return
    for fact in session.info.pop(WAITING, []):
        fact()


@event.listens_for(Session, "after_rollback")
def _roll_back(session: Session) -> None:
    session.info.pop(WAITING, None)
