"""The database handle: one SQLAlchemy session per request, one model base, timestamps in UTC.

SQLite is the default and PostgreSQL the step up; both behave alike here. SQLite gets foreign keys, a
write-ahead log (readers do not wait for the writer) and a busy timeout; its transactions begin with
`BEGIN IMMEDIATE` where the code says so through `begin_write`, because a reader that turns writer in the
middle of a transaction fails at once under concurrency, whatever the busy timeout. What is deleted is overwritten with
zeros in its file: SQLite would otherwise leave an erased customer readable there until the space is used again.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")

# The largest number of a row that both databases can be asked for; a larger one in an address is no page.
LARGEST_ID = 2**31 - 1

# Constraint names that Alembic can find again on both databases.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every model; subclass it and set `__tablename__`."""

    metadata = MetaData(naming_convention=NAMING)


# One session serves one request, so what it has read need not be read again after a commit.
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate(directory=str(Path(__file__).resolve().parent.parent / "migrations"), render_as_batch=True)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases; SQLite would hand back a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive value: nobody knows which hour it means."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a datetime without a time zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give the value back with its zone."""
        if value is None:
            return None
        moment: datetime = value
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_in_models(name: str | None, kind: str, parents: object) -> bool:
    """Tell Alembic what to compare with the models: all but the search index, which only migrations can write."""
    return not (name or "").startswith("product_search")


def utcnow() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


def begin_write() -> None:
    """Start the request's transaction as a writer; call it before the first read that a write depends on.

    PostgreSQL needs nothing here: its row locks and unique constraints decide at the statement.
    """
    if db.engine.dialect.name == "sqlite":
        db.session.rollback()
        db.session.execute(text("BEGIN IMMEDIATE"))


def writes_alone() -> bool:
    """Tell whether whoever writes keeps all others from it, so that after `begin_write` nothing read can be changed."""
    return db.engine.dialect.name == "sqlite"


def if_possible(ask: Callable[[], T], otherwise: T) -> T:
    """Return what the database answers, or something else if it fails: for what an error page can do without."""
    try:
        return ask()
    except SQLAlchemyError:
        db.session.rollback()
        return otherwise


PRAGMAS = ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=3000", "secure_delete=ON")


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def engine_options(url: str) -> dict[str, Any]:
    """Return the pool's settings: room for the threads of a worker, and a short wait when there is none.

    PostgreSQL gets fewer connections, because every worker of every host has a pool of its own there, and a dead
    connection is noticed before it is used.
    """
    # An error's text would otherwise carry the statement's values, and so personal data, into the log (ASVS 16.2.5).
    always = {"hide_parameters": True, "pool_timeout": 3}
    if url.startswith("postgresql"):
        # No statement and no lock may outlast a callback's 10 seconds.
        limits = {"connect_timeout": 3, "options": "-c lock_timeout=3000 -c statement_timeout=5000"}
        return {**always, "pool_pre_ping": True, "pool_size": 10, "max_overflow": 20, "connect_args": limits}
    return {**always, "pool_size": 20, "max_overflow": 120}
