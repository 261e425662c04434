"""Signals about what happens in the shop, for the metrics.

A signal about a transaction is sent after the commit, and never after a rollback, so the counts agree with the
database. Receivers get numbers and words from fixed lists, never personal data. A signal without receivers costs
nothing.
"""

from functools import partial
from typing import Any

from blinker import NamedSignal, Namespace

from app.database import on_commit

_signal = Namespace().signal

# `outcome` is a matching decision, the name of a refusal, or a word of the login form.
login_ended = _signal("login-ended", "A login ended: `method`, `outcome`.")
session_began = _signal("session-began", "A session began: `method`.")
sessions_ended = _signal("sessions-ended", "Sessions were ended: `reason`, and `number` of them.")
consent_recorded = _signal("consent-recorded", "An answer was added to the consent ledger: `channel`, and `answer`.")
event_received = _signal("event-received", "The webhook received an event: `outcome`.")
mail_tried = _signal("mail-tried", "An attempt to send an email ended: `outcome`.")


def send(signal: NamedSignal, **facts: Any) -> None:
    """Send a signal now: after a commit, or about an event without a transaction."""
    if signal.receivers:
        signal.send(**facts)


def send_on_commit(signal: NamedSignal, **facts: Any) -> None:
    """Send a signal about the current transaction when it is committed."""
    if signal.receivers:
        on_commit(partial(send, signal, **facts))
