"""SQLite's writers, one after the other in the order in which they came.

SQLite lets one writer in at a time, and the others ask again and again, ever more seldom: of a crowd, whoever asks at
the right moment is next, and some are never. Here the threads of a process queue up for the write lock, so that one
per process asks for it, and often. The turn is held while the lock is asked for and not a moment longer, so nothing
that a request does afterwards, and no way in which it may end, can keep it from the next.

Every transaction that writes begins with `BEGIN IMMEDIATE`, whatever its first statement is: it never finds out at its
second one that somebody else was faster. PostgreSQL needs none of this.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import g, has_request_context
from sqlalchemy import Engine, event

BEGIN = "BEGIN IMMEDIATE"
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
# A queue that moves is worth waiting in. When nobody of it got the lock for so long, somebody outside holds it.
STUCK_SECONDS = 3.0
# Since the request began: after this no write waits any more, so that the answer comes within 10 seconds.
ANSWER_SECONDS = 9.5
ASK_MS = 2  # how long SQLite itself tries before it is asked again
BUSY_MS = 3000  # for what is no such write: the migrations, the switch to the write-ahead log


class Turns:
    """A lock that is handed over in the order in which it was asked for, and can be given back by any thread."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._queue: deque[threading.Lock] = deque()
        self.moved_at = 0.0

    @contextmanager
    def turn(self, patience: "Patience") -> Iterator[bool]:
        """Wait for one's turn while there is patience, and have it in the block; yields whether it came."""
        came = self._take(patience)
        try:
            yield came
        finally:
            if came:
                self._give_back()

    def move(self) -> None:
        """Note that somebody got what they queued up for."""
        self.moved_at = time.monotonic()

    def _take(self, patience: "Patience") -> bool:
        with self._mutex:
            if not self._taken:
                self._taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._queue.append(mine)
        while (seconds := patience.left(self.moved_at)) > 0:
            if mine.acquire(timeout=seconds):
                return True
        with self._mutex:
            if mine in self._queue:
                self._queue.remove(mine)
                return False
        return True  # it was handed over at the last moment

    def _give_back(self) -> None:
        with self._mutex:
            if self._queue:
                self._queue.popleft().release()  # still taken: by the next
            else:
                self._taken = False


class Patience:
    """How long one write waits."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        began = g.get("started") if has_request_context() else None  # on the clock of `perf_counter`
        spent = time.perf_counter() - began if began is not None else 0.0
        self._until = self._since + ANSWER_SECONDS - spent

    def left(self, moved_at: float) -> float:
        """Return for how many seconds to wait on, if the queue moved last at a moment; none or less is too long."""
        return min(self._until, max(self._since, moved_at) + STUCK_SECONDS) - time.monotonic()


def take_turns(engine: Engine) -> None:
    """Let the writers of an engine queue up, if its database is SQLite."""
    if engine.dialect.name != "sqlite":
        return
    turns = Turns()

    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        """Begin a write before its first statement; tell whether that was the statement."""
        is_begin = statement == BEGIN
        if is_begin or (statement.startswith(WRITES) and not cursor.connection.in_transaction):
            _begin(turns, cursor.connection)
        return is_begin

    event.listen(engine, "do_execute", execute)
    event.listen(engine, "do_executemany", execute)


def _begin(turns: Turns, connection: sqlite3.Connection) -> None:
    """Take the write lock in turn; raises what SQLite raises when it stays locked."""
    patience = Patience()
    with turns.turn(patience) as came:
        if not came:
            raise sqlite3.OperationalError("database is locked: too many wait to write")
        connection.execute(f"PRAGMA busy_timeout={ASK_MS}")
        try:
            while not _has_begun(connection, insist=patience.left(turns.moved_at) > 0):
                pass
        finally:
            connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        turns.move()


def _has_begun(connection: sqlite3.Connection, *, insist: bool) -> bool:
    try:
        connection.execute(BEGIN)
    except sqlite3.OperationalError as error:
        if insist and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            return False
        raise
    return True
