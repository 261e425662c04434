"""The simulator's own database: one engine per app, every bit of state in tables, nothing in a worker's
memory.

Transactions come in two kinds, `read` and `write`. SQLite lets one writer in at a time; a transaction that
begins as a reader and writes later fails at once when another writer was faster, so a writer says so when it
begins and waits its turn.

The content is disposable. A stamp in the database names the schema (and the test persons) it was built for;
another stamp means that all the simulator's tables are dropped and made anew. Only tables named `sim_...` are
ever touched.
"""

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
"""Any number that nobody else uses: the advisory lock taken while tables are made."""


def utcnow() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, always aware and always UTC, on databases that keep no time zone too."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return UTC, also where the database forgot the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of all the simulator's tables."""


class Stamp(Base):
    """What the tables were built for; one row."""

    __tablename__ = "sim_stamp"

    schema: Mapped[str] = mapped_column(String(100), primary_key=True)


class Store:
    """The engine and the two ways to use it."""

    def __init__(self, url: str) -> None:
        """Connect lazily to the database at `url`."""
        self.engine = _engine(url)
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        self._writers = sessionmaker(self.engine.execution_options(writes=True), expire_on_commit=False)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session that only reads."""
        with self._readers() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session that is committed at the end, or rolled back on an exception."""
        with self._writers.begin() as session:
            yield session

    def build(self, schema: str, seed: Callable[[Session], None]) -> None:
        """Make the tables unless they are there in this schema, then seed; safe when several workers start at once."""
        with self.engine.execution_options(writes=True).begin() as connection:
            _wait_for_turn(connection)
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
    """Return a row by its key; PostgreSQL cannot even be asked for a text with U+0000 in it."""
    return None if "\0" in key else session.get(table, key)


def changed(session: Session, statement: Update) -> bool:
    """Execute an update and tell whether it found a row: the way to do something once, whoever else tries."""
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


def _wait_for_turn(connection: Connection) -> None:
    """Let one worker at a time make tables. On SQLite the write transaction is the lock."""
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
