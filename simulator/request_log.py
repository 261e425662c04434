"""Logs calls to the protocol endpoints: endpoint, client and status, never a code or token.

Tests use it (“how many token requests did this login make?”), and developers who watch their merchant site.
"""

import time
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from .database import Store
from .models import ProviderCall

MAX_ROWS = 2000
MAX_WAIT_SECONDS = 20.0
_DELETE_EVERY = 200
_POLL_SECONDS = 0.05


def record(session: Session, endpoint: str, client_id: str | None, status: int, error: str | None) -> None:
    """Add one call; every 200 calls delete the oldest."""
    call = ProviderCall(endpoint=endpoint, client_id=client_id, status=status, error=error and error[:80])
    session.add(call)
    session.flush()
    if call.id % _DELETE_EVERY == 0:
        session.execute(delete(ProviderCall).where(ProviderCall.id <= call.id - MAX_ROWS))


def wait(store: Store, after: int, endpoint: str, seconds: float) -> None:
    """Wait until there is a call after number `after`, to an endpoint if one is named; at most so many seconds."""
    deadline = time.monotonic() + seconds
    query = select(ProviderCall.id).where(ProviderCall.id > after).limit(1)
    if endpoint:
        query = query.where(ProviderCall.endpoint == endpoint)
    while time.monotonic() < deadline:
        with store.read() as session:
            if session.scalars(query).first() is not None:
                return
        time.sleep(_POLL_SECONDS)


def counts(session: Session, after: int = 0) -> dict[str, int]:
    """Return how often each endpoint was called, leaving out calls up to number `after`."""
    query = (
        select(ProviderCall.endpoint, func.count())
        .where(ProviderCall.id > after)
        .group_by(ProviderCall.endpoint)
        .order_by(ProviderCall.endpoint)
    )
    return dict(iter(session.execute(query)))


def newest(session: Session, limit: int = 100, after: int = 0) -> list[dict[str, Any]]:
    """Return the last calls, newest first."""
    query = select(ProviderCall).where(ProviderCall.id > after).order_by(ProviderCall.id.desc()).limit(limit)
    return [
        {
            "id": call.id,
            "at": call.at.isoformat(),
            "endpoint": call.endpoint,
            "client_id": call.client_id,
            "status": call.status,
            "error": call.error,
        }
        for call in session.scalars(query)
    ]
