"""`/healthz` (this process answers) and `/readyz` (it can reach its database)."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.database import db
from app.observability import log

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> ResponseReturnValue:
    """Say that the process answers; restart it if it does not."""
    return {"status": "alive"}


@bp.get("/readyz")
def ready() -> ResponseReturnValue:
    """Say whether the database answers; send no visitors here if it does not."""
    try:
        db.session.execute(text("SELECT 1 FROM alembic_version"))
    except SQLAlchemyError as error:
        log.error("database_unreachable", error=type(error).__name__)
        return {"status": "not ready", "database": "unreachable or not set up"}, 503
    return {"status": "ready", "database": "ok"}
