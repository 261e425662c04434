"""The simulator's database: one engine per app, all state in tables, none in a worker's memory.

Transactions come in two kinds, `read` and `write`. SQLite allows one writer at a time. A transaction that starts as a
reader and writes later fails at once if another writer was faster, so a writer takes the lock when it begins (`BEGIN
IMMEDIATE`) and waits for it.

The content is disposable. A stamp in the database identifies the schema (and the test persons) that it was built for;
if the stamp differs, all tables of the simulator are dropped and created again. Only tables named `sim_...` are
touched.
"""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from sqlalchemy import (
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    String,
    Update,
    create_engine,
    event,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from sqlalchemy.types import TypeDecorator

Row = TypeVar("Row")

TABLE_PREFIX = "sim_"
_POSTGRES_LOCK = 7_641_001
"""Any number unique in the database: the advisory lock that is held while tables are created."""


def utcnow() -> datetime:
    """Return the current time, timezone-aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware time in UTC, also on databases that store no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return UTC, also if the database stores no time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of all the simulator's tables."""


class Stamp(Base):
    """The schema that the tables were built for; one row."""

    __tablename__ = "sim_stamp"

    schema: Mapped[str] = mapped_column(String(100), primary_key=True)


class Store:
    """The engine and the two ways to use it."""

    def __init__(self, url: str) -> None:
        """Connect lazily to the database at `url`."""
        self.engine = _engine(url)
        weakref.finalize(self, self.engine.dispose)  # a simulator that is dropped closes its idle connections
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        self._writers = sessionmaker(self.engine.execution_options(writes=True), expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that only reads."""
        with self._readers() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session that is committed at the end, or rolled back on an exception."""
        with self._writers.begin() as session:
            yield session

    def build(self, schema: str, seed: Callable[[Session], None]) -> None:
        """Create the tables unless they exist in this schema, then seed; safe if several workers start at once."""
        with self.engine.execution_options(writes=True).begin() as connection:
            _lock_schema(connection)
            if not _is_stamped(connection, schema):
                _drop_own_tables(connection)
                Base.metadata.create_all(connection)
                connection.execute(insert(Stamp).values(schema=schema))
            with Session(connection, join_transaction_mode="create_savepoint") as session:
                seed(session)
                session.commit()
        # A server may fork its workers after this; they must not share a connection.
        self.engine.dispose()


def fetch(session: Session, table: type[Row], key: str) -> Row | None:
    """Return a row by its key, or None; PostgreSQL rejects a text with U+0000, so it is not queried."""
    return None if "\0" in key else session.get(table, key)


def changed(session: Session, statement: Update) -> bool:
    """Execute an update and return whether it changed a row: of concurrent calls, only one gets True."""
    result = session.execute(statement.execution_options(synchronize_session=False))
    return cast("CursorResult[Any]", result).rowcount > 0


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Set up a new SQLite connection; the busy timeout comes first because switching to WAL needs a lock too."""
    connection.isolation_level = None  # transactions begin in _begin_sqlite, not by the driver's guess
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lock_schema(connection: Connection) -> None:
    """Lock, so that one worker at a time creates tables. On SQLite the write transaction is the lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRES_LOCK})


def _is_stamped(connection: Connection, schema: str) -> bool:
    if not inspect(connection).has_table(Stamp.__tablename__):
        return False
    return connection.execute(select(Stamp.schema)).scalar_one_or_none() == schema


def _drop_own_tables(connection: Connection) -> None:
    names = [name for name in inspect(connection).get_table_names() if name.startswith(TABLE_PREFIX)]
    if not names:
        return
    old = MetaData()
    old.reflect(connection, only=names)
    old.drop_all(connection)
