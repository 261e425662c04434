"""Read SQLite files of shops and simulators, and tell whether one has been written since the last look."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine


@contextmanager
def read_only(file: Path) -> Iterator[Connection | None]:
    """Open a file for the length of a block, without the right to write; None if there is no such file."""
    if not file.is_file():
        yield None
        return
    with _engine(file).connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        yield connection


def version(file: Path) -> tuple[int, ...] | None:
    """Return what changes when the database is written; None if there is no such file."""
    if not file.is_file():
        return None
    values = []
    for path in (file, file.with_name(f"{file.name}-wal")):  # the write-ahead log is written first
        with suppress(OSError):  # there may be none
            values += [path.stat().st_mtime_ns, path.stat().st_size]
    return tuple(values)


@lru_cache(maxsize=128)
def _engine(file: Path) -> Engine:
    """Return the engine of a file, which keeps compiled statements and no connection."""
    return create_engine(f"sqlite:///{file}", poolclass=NullPool)
