"""Connect to the database: one SQLAlchemy session per request, one base class for models, timestamps in UTC.

SQLite is the default and PostgreSQL for larger shops; both behave alike here. SQLite has foreign keys, a write-ahead
log (readers do not wait for the writer), and its writers wait in turn (`sqlite_lock`). Call `begin_write` if a write
depends on a read: on SQLite a reader that becomes a writer fails, without waiting, if another has written meanwhile.
SQLite overwrites deleted data with zeros, or the data of an erased customer could still be read in its file.
"""

import sqlite3
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.types import TypeDecorator

from app.settings import Settings
from app.sqlite_lock import BEGIN, BUSY_MS, serialize_writers

T = TypeVar("T")
Row = TypeVar("Row", bound="Base")

MAX_ID = 2**31 - 1  # the largest id that both databases accept; a larger one in an address gets a 404

# The first two characters of PostgreSQL's SQLSTATE if the database cannot work just now: connection, transaction
# state (read-only among them), login, rollback by the database, resources, locks, intervention, system (appendix A).
UNAVAILABLE = frozenset({"08", "25", "28", "40", "53", "55", "57", "58"})
READ_ONLY = "25006"

SETUP_LOCK = 7_641_002  # any number that no other program uses for an advisory lock in this database
KEY = "key_of_row"  # the parameter for the row's key in `update_row`; no column may have this name
ON_COMMIT = "on_commit"  # in the session's `info`: the functions to call

# Constraint names that are the same on both databases, so that Alembic finds them.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of every model; subclass it and set `__tablename__`."""

    metadata = sa.MetaData(naming_convention=NAMING)


class RequestSession(FlaskSession):
    """A session that can be closed after the database has closed the connection, and so has rolled back.

    SQLAlchemy raises an error then. It would come at the end of a request and replace a page that is ready.
    """

    def close(self) -> None:
        """Return the connection to the pool, or discard it."""
        try:
            super().close()
        except DBAPIError:
            self.invalidate()


# A session serves one request, so that it need not read rows again after a commit.
db = SQLAlchemy(model_class=Base, session_options={"class_": RequestSession, "expire_on_commit": False})
migrate = Migrate(directory=str(Path(__file__).resolve().parent.parent / "migrations"), render_as_batch=True)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on both databases; SQLite would return a naive one."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Refuse a value without a time zone, because its hour is ambiguous."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a datetime without a time zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        """Return the value with its time zone."""
        if value is None:
            return None
        moment: datetime = value
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def connect(app: Flask) -> None:
    """Connect the shop to its database."""
    db.init_app(app)
    migrate.init_app(app, db)
    with app.app_context():
        serialize_writers(db.engine)
        weakref.finalize(app, db.engine.dispose)  # an app that is dropped closes its idle connections


# Tables that parts of the app create without a migration. Alembic must not propose to remove these tables.
unmanaged_tables: set[str] = set()


def is_in_models(name: str | None, kind: str, parents: object) -> bool:
    """Tell whether Alembic compares a table or index with the models. Only a migration defines the search index."""
    return not (kind == "table" and name in unmanaged_tables) and not (name or "").startswith("product_search")


def utcnow() -> datetime:
    """Return the current time, in UTC."""
    return datetime.now(UTC)


def begin_write() -> None:
    """Begin the request's transaction as a writer; call it before the first read that a write depends on."""
    # PostgreSQL needs nothing here: its row locks and unique constraints work per statement.
    if db.engine.dialect.name == "sqlite":
        db.session.rollback()
        db.session.connection().exec_driver_sql(BEGIN)


def on_commit(function: Callable[[], None]) -> None:
    """Call a function after the current transaction is committed, and never if it, or its savepoint, is rolled back.

    The function must not use the session: its transaction is over.
    """
    session = db.session()
    session.connection()  # begins a transaction if there is none, so that a rollback is noticed
    began_in = session.get_nested_transaction() or session.get_transaction()
    session.info.setdefault(ON_COMMIT, []).append((function, began_in))


@event.listens_for(Session, "after_commit")
def _call_on_commit(session: Session) -> None:
    if session.in_nested_transaction():  # only a savepoint: its transaction can still be rolled back
        return
    for function, _began_in in session.info.pop(ON_COMMIT, []):
        function()


@event.listens_for(Session, "after_soft_rollback")
def _drop_rolled_back(session: Session, rolled_back: SessionTransaction) -> None:
    def is_within(began_in: SessionTransaction | None) -> bool:
        return began_in is rolled_back or (began_in is not None and is_within(began_in.parent))

    if waiting := session.info.get(ON_COMMIT):
        waiting[:] = [each for each in waiting if not is_within(each[1])]


def insert_row(row: Row) -> Row:
    """Insert a new row with one statement and return it as a flush would leave it; the caller sets foreign keys.

    It is for the rows of a login only, elsewhere use `db.session.add`: a flush first works out the dependencies between
    all rows, so that with it a login takes 14 % more processor time (5.9 instead of 5.2 ms, `python -m bench`). Columns
    that are not set get their defaults, and are read from the database when they are first accessed.
    """
    insert, _update, columns, key_name = _statements(type(row))
    values = {name: value for name, value in vars(row).items() if name in columns}
    key = db.session.connection().execute(insert, values).inserted_primary_key
    set_committed_value(row, key_name, key[0] if key else None)
    make_transient_to_detached(row)
    # SQLite may reuse the key of a row that was rolled back, and this session may still hold that row.
    if gone := db.session.identity_map.get(db.session.identity_key(instance=row)):
        db.session.expunge(gone)
    db.session.add(row)
    return row


def update_row(row: Base, **values: Any) -> None:
    """Update a row with one statement, for logins like `insert_row`. These columns must have no pending changes."""
    _insert, update, _columns, key_name = _statements(type(row))
    changed = db.session.connection().execute(update, {**values, KEY: getattr(row, key_name)})
    if changed.rowcount != 1:
        raise StaleDataError(f"{changed.rowcount} rows of {type(row).__name__} were changed instead of one")
    for name, value in values.items():
        set_committed_value(row, name, value)


@lru_cache
def _statements(kind: type[Base]) -> tuple[sa.Insert, sa.Update, frozenset[str], str]:
    """Return the statements that write to a model's table, and the names of its columns and of its key."""
    table = cast(sa.Table, kind.__table__)
    (key,) = table.primary_key
    names = frozenset(column.name for column in table.columns)
    return sa.insert(table), sa.update(table).where(key == sa.bindparam(KEY)), names, key.name


@contextmanager
def setup_lock() -> Iterator[None]:
    """Let one host at a time set up PostgreSQL; its advisory lock ends with the connection. SQLite has one host."""
    if db.engine.dialect.name != "postgresql":
        yield
        return
    with db.engine.connect() as connection:
        for each in ("SET statement_timeout = 0", "SET lock_timeout = 0", f"SELECT pg_advisory_lock({SETUP_LOCK})"):
            connection.execute(sa.text(each))
        try:
            yield
        finally:
            connection.invalidate()  # do not return a connection with these timeouts to the pool


def writes_alone() -> bool:
    """Return whether only one transaction can write at a time, so that what was read after `begin_write` is current."""
    return db.engine.dialect.name == "sqlite"


def query_or(query: Callable[[], T], otherwise: T) -> T:
    """Return the result of a query, or `otherwise` if the database fails: for the optional parts of a page."""
    try:
        return query()
    except SQLAlchemyError:
        db.session.rollback()
        return otherwise


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error; None if PostgreSQL did not answer, and always None on SQLite."""
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def is_unavailable(error: SQLAlchemyError) -> bool:
    """Tell whether an error means that the database cannot work just now, and not that the app's statement is wrong."""
    if state := sqlstate(error):
        return state[:2] in UNAVAILABLE
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def is_conflict(error: SQLAlchemyError) -> bool:
    """Tell whether a concurrent transaction caused the error: a unique constraint, or class 40 (deadlock)."""
    return isinstance(error, IntegrityError) or (sqlstate(error) or "").startswith("40")


def name_of(error: SQLAlchemyError) -> str:
    """Return the driver's name of an error, which is more precise than SQLAlchemy's."""
    return type(getattr(error, "orig", None) or error).__name__


@event.listens_for(sa.Engine, "handle_error")
def _leave_read_only_server(context: ExceptionContext) -> None:
    """Close the pool's connections after a failover: a server that became read-only does not close them."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


PRAGMAS = ("foreign_keys=ON", f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")


@event.listens_for(sa.Engine, "connect")
def _prepare_sqlite(connection: Any, record: Any) -> None:
    for pragma in PRAGMAS if isinstance(connection, sqlite3.Connection) else ():
        connection.execute(f"PRAGMA {pragma}")


def engine_options(settings: Settings) -> dict[str, Any]:
    """Return the settings of the connection pool: large enough for a worker's threads, with a short wait when full.

    The connection that was used last is used next: its page cache, or its prepared statements, are the freshest.
    """
    is_postgresql = settings.database.startswith("postgresql")
    # PostgreSQL has fewer connections, because every worker of every host has its own pool.
    usual_size, usual_overflow = (10, 20) if is_postgresql else (64, 140)
    size, overflow = settings.database_pool_size, settings.database_pool_overflow
    options: dict[str, Any] = {
        "pool_size": usual_size if size is None else size,
        "max_overflow": usual_overflow if overflow is None else overflow,
        "pool_timeout": 3,
        "pool_use_lifo": True,
        # The text of an error would otherwise have the statement's values, and so personal data (ASVS 16.2.5).
        "hide_parameters": True,
    }
    if is_postgresql:
        # A callback must be answered within 10 seconds, so no statement or wait for a lock may take longer.
        limits = {"connect_timeout": 3, "options": "-c lock_timeout=3000 -c statement_timeout=5000"}
        options |= {"pool_pre_ping": True, "connect_args": limits}
    return options
