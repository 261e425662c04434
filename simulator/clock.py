"""Tells the simulator's time: the real one, unless the control API stopped it or set it ahead.

Each request reads the clock once, so its answers agree. The setting is a row in the database: all workers have it.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask, g, has_request_context, request
from sqlalchemy import delete
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from .models import Clock

MAX_AHEAD_SECONDS = 10 * 365 * 24 * 3600
MIN_YEAR, MAX_YEAR = 2015, 2100


def utcnow() -> datetime:
    """Return the simulator's current time, timezone-aware, in UTC."""
    return _time_of(g.get("clock") if has_request_context() else None)


def init_app(app: Flask) -> None:
    """Read the clock at the start of each request, before it holds a connection to the database."""
    app.before_request(_read)


def _read() -> None:
    from .context import simulator
    from .models import Clock

    if request.endpoint != "static":
        with simulator().store.read() as session:
            g.clock = session.get(Clock, 1)


def as_json(clock: "Clock | None") -> dict[str, Any]:
    """Return the time and how it is set."""
    return {
        "now": _time_of(clock).isoformat(),
        "stopped": bool(clock and clock.stopped_at),
        "ahead": clock.ahead if clock else 0,
    }


def change(session: Session, wanted: dict[str, Any]) -> "Clock | None":
    """Stop the clock (`stopped_at`), set it ahead by seconds (`ahead`), or make it the real one (`{}`)."""
    from .models import Clock

    if unknown := sorted(set(wanted) - {"stopped_at", "ahead"}):
        raise ValueError(f"unknown members: {', '.join(unknown)}")
    stopped_at, ahead = wanted.get("stopped_at"), wanted.get("ahead", 0)
    if isinstance(ahead, bool) or not isinstance(ahead, int | float) or not abs(ahead) <= MAX_AHEAD_SECONDS:
        raise ValueError(f"ahead: must be a number of seconds up to {MAX_AHEAD_SECONDS}")
    session.execute(delete(Clock))
    g.pop("clock", None)
    clock = Clock(id=1, stopped_at=None if stopped_at is None else _parsed(stopped_at), ahead=ahead)
    if clock.stopped_at is None and not ahead:
        return None
    session.add(clock)
    return clock


def _time_of(clock: "Clock | None") -> datetime:
    if clock is None:
        return datetime.now(UTC)
    return (clock.stopped_at or datetime.now(UTC)) + timedelta(seconds=clock.ahead)


def _parsed(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise ValueError("stopped_at: must be a time such as 2026-11-28T12:00:00Z") from None
    if moment.tzinfo is None or not MIN_YEAR <= moment.year <= MAX_YEAR:
        raise ValueError(f"stopped_at: must have a time zone and be between {MIN_YEAR} and {MAX_YEAR}")
    return moment.astimezone(UTC)
