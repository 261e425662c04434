"""Serve `/healthz` (the process answers) and `/readyz` (it can write to its database; state of Vipps)."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.database import READ_ONLY, db, name_of, sqlstate
from app.logging import log
from app.vipps.breaker import BreakerState
from app.vipps.routes import integration

bp = Blueprint("health", __name__)

# A read-only PostgreSQL refuses the second statement, which changes no row and waits for none. On SQLite a write would
# queue behind all other writes.
PROBES = {
    "sqlite": "SELECT 1 FROM alembic_version",
    "postgresql": "UPDATE alembic_version SET version_num = version_num WHERE false",
}


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """Answer that the process is alive; without an answer the platform restarts it."""
    return {"status": "alive"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Answer 503 if the database cannot be written, so that no visitors are sent here; report on Vipps.

    An outage of Vipps does not take a host out of service: the shop still sells. The state of Vipps comes from earlier
    logins, because every host is probed every few seconds. Emails are not reported: any visitor can ask, and while the
    mail server is down, a queued email would reveal that the address on a form has an account (ASVS 6.3.8).
    """
    breaker = integration().client.breaker
    provider = "ok" if breaker.has_heard else "unknown"
    if breaker.state is not BreakerState.CLOSED and breaker.since is not None:
        provider = f"unreachable since {breaker.since.isoformat(timespec='seconds')}"
    try:
        db.session.execute(text(PROBES[db.engine.dialect.name]))
    except SQLAlchemyError as error:
        log.error("database_unreachable", error=name_of(error))
        state = "read-only" if sqlstate(error) == READ_ONLY else "unreachable or not set up"
        return {"status": "not ready", "database": state, "provider": provider}, 503
    return {"status": "ready", "database": "ok", "provider": provider}
