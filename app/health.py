"""Serve `/healthz` (the process answers) and `/readyz` (it reaches its database; and the state of Vipps)."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.database import db
from app.logging import log
from app.vipps.breaker import Breaker, State
from app.vipps.routes import integration

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """Answer that the process lives; restart it if there is no answer."""
    return {"status": "alive"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Answer 503 if the database is unreachable, so that no visitors are sent here; report the state of Vipps.

    An outage of Vipps does not take a host out of service: the shop still sells, and customers log in with a password.
    The state comes from earlier logins. A probe makes no call, because every host is probed every few seconds.
    """
    provider = provider_state(integration().client.breaker)
    try:
        db.session.execute(text("SELECT 1 FROM alembic_version"))
    except SQLAlchemyError as error:
        log.error("database_unreachable", error=type(error).__name__)
        return {"status": "not ready", "database": "unreachable or not set up", "provider": provider}, 503
    return {"status": "ready", "database": "ok", "provider": provider}


def provider_state(breaker: Breaker) -> str:
    """Return the state of Vipps as the logins of this process found it."""
    since = breaker.since
    if breaker.state is not State.CLOSED and since is not None:
        return f"unreachable since {since.isoformat(timespec='seconds')}"
    return "ok" if breaker.has_heard else "unknown"
