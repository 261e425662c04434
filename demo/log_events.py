"""The log events of the demo and the guide."""

from app.log_events import EVENTS, Event, Severity

DEMO_EVENTS = {
    "demo_started_over": Event(Severity.INFO, "A visitor reset the demo.", frozenset()),
    "inspection_failed": Event(
        Severity.ALERT, "The login inspector failed. The login that it recorded did not.", frozenset({"error"})
    ),
}


def register() -> None:
    """Add the events to the shop's list; the log keeps only the fields of listed events."""
    EVENTS.update(DEMO_EVENTS)
