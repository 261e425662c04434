"""Let the threads of a process wait for each other before they write to SQLite.

SQLite's writers poll, with growing pauses, so some of 100 writers never succeed. Here a thread first takes a lock of
this process, so that only one thread per process polls, without long pauses. The thread holds the lock only while it
begins its transaction, so a request cannot keep the lock, however it ends. Every transaction that writes begins with
`BEGIN IMMEDIATE`: a deferred one fails, without waiting, if another transaction has written since its first read.
"""

import sqlite3
import threading
import time
from typing import Any

from flask import g, has_request_context
from sqlalchemy import Engine, event

BEGIN = "BEGIN IMMEDIATE"
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
MAX_WAIT_SECONDS = 9.5  # since the request began, so that it is answered within 10 seconds
BUSY_MS = 3000  # the longest time that one writer polls while another process holds the write lock
POLL_MS = 2  # SQLite's own pauses grow with the time it polls: up to 100 ms


def serialize_writers(engine: Engine) -> None:
    """Let the writers of an engine wait for each other, if its database is SQLite."""
    if engine.dialect.name != "sqlite":
        return
    lock = threading.Lock()

    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        """Begin a transaction before its first write; return whether the statement was only the request to begin."""
        is_begin = statement == BEGIN
        if is_begin or (statement.startswith(WRITES) and not cursor.connection.in_transaction):
            _begin(lock, cursor.connection)
        return is_begin

    event.listen(engine, "do_execute", execute)
    event.listen(engine, "do_executemany", execute)


def _begin(lock: threading.Lock, connection: sqlite3.Connection) -> None:
    """Begin a transaction that writes; raise what SQLite raises if the database stays locked."""
    seconds = max(_seconds_left(), 0)
    until = time.monotonic() + seconds
    if not lock.acquire(timeout=seconds):
        raise sqlite3.OperationalError("database is locked: too many writers wait")
    try:
        until = min(until, time.monotonic() + BUSY_MS / 1000)
        connection.execute(f"PRAGMA busy_timeout={POLL_MS}")
        while True:
            may_wait = time.monotonic() < until
            try:
                connection.execute(BEGIN)
                return
            except sqlite3.OperationalError as error:
                if not may_wait or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        lock.release()


def _seconds_left() -> float:
    """Return how long the request may still wait; outside of a request, the whole time."""
    started = g.get("started") if has_request_context() else None
    return MAX_WAIT_SECONDS - (time.perf_counter() - started if started is not None else 0.0)
