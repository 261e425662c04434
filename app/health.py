"""`/healthz` (this process answers) and `/readyz` (it can write to its database, and what it knows of Vipps)."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.database import READ_ONLY, db, name_of, sqlstate
from app.logging import log
from app.vipps.breaker import Breaker, BreakerState
from app.vipps.routes import integration

bp = Blueprint("health", __name__)

# PostgreSQL refuses the second one where it is read-only; it changes no row and waits for none. On SQLite a write would
# queue up behind all others.
PROBES = {
    "sqlite": "SELECT 1 FROM alembic_version",
    "postgresql": "UPDATE alembic_version SET version_num = version_num WHERE false",
}


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """Say that the process answers; restart it if it does not."""
    return {"status": "alive"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Say whether the database can be written, and how Vipps does; send no visitors here if the database cannot.

    Without Vipps the shop still sells, and people log in by password, so that takes no host out of service. No call is
    made for it: a probe every few seconds from every host would be traffic that Vipps has to bear.
    """
    provider = provider_state(integration().client.breaker)
    try:
        db.session.execute(text(PROBES[db.engine.dialect.name]))
    except SQLAlchemyError as error:
        log.error("database_unreachable", error=name_of(error))
        state = "read-only" if sqlstate(error) == READ_ONLY else "unreachable or not set up"
        return {"status": "not ready", "database": state, "provider": provider}, 503
    return {"status": "ready", "database": "ok", "provider": provider}


def provider_state(breaker: Breaker) -> str:
    """Say what the logins of this process have shown of Vipps."""
    since = breaker.since
    if breaker.state is not BreakerState.CLOSED and since is not None:
        return f"unreachable since {since.isoformat(timespec='seconds')}"
    return "ok" if breaker.has_heard else "unknown"
