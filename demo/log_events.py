"""The log events of the demo and the guide."""

from app.log_events import EVENTS, Event, Interest

DEMO_EVENTS = {
    "demo_started_over": Event(Interest.ROUTINE, "A visitor of the demo reset its accounts."),
    "inspection_failed": Event(Interest.ALARM, "The login inspector failed; the login itself did not."),
}


def register() -> None:
    """Add the events to the shop's list: an event that is not listed there is masked in the log."""
    EVENTS.update(DEMO_EVENTS)
