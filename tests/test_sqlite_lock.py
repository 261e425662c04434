"""SQLite's writers wait for each other, a locked database is an error within seconds, and a lock is always released."""

import contextlib
import gc
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, g
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError

from app import sqlite_lock
from app.database import begin_write, db
from app.shop.models import Product
from tests.threads import at_once

SHORT = 0.3  # seconds to wait for a lock that is not released


@contextlib.contextmanager
def locked_from_outside(app: Flask) -> Iterator[None]:
    """Let another process hold the write lock."""
    with app.app_context():
        other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def write(app: Flask) -> None:
    """Write a row, as a request does."""
    with app.app_context():
        db.session.execute(update(Product).values(stock=Product.stock))
        db.session.commit()


def test_the_last_of_several_slow_writers_waits_for_all(demo_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_lock, "BUSY_MS", int(SHORT * 1000))
    failed: list[Exception] = []

    def write_slowly() -> None:
        try:
            with demo_app.app_context():
                begin_write()
                time.sleep(SHORT * 0.6)
                db.session.commit()
        except OperationalError as error:
            failed.append(error)

    at_once(*[write_slowly] * 4)
    assert failed == []


def test_a_request_that_has_used_up_its_time_does_not_wait(app: Flask) -> None:
    with app.test_request_context():
        g.started = time.perf_counter() - 8
        assert 1 < sqlite_lock._seconds_left() <= 1.5, "an answer within ten seconds"
        g.started = time.perf_counter() - 20
        assert sqlite_lock._seconds_left() <= 0
        write(app)  # no other transaction writes, so this one need not wait


def test_a_writer_waits_some_seconds_for_another_process(demo_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_lock, "BUSY_MS", int(SHORT * 1000))
    with locked_from_outside(demo_app):
        began = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            write(demo_app)
        assert SHORT <= time.monotonic() - began < SHORT + 1
    write(demo_app)


def test_all_writers_together_wait_no_longer_than_a_request_may(
    demo_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_lock, "BUSY_MS", int(SHORT * 1000))
    monkeypatch.setattr(sqlite_lock, "MAX_WAIT_SECONDS", SHORT * 2)
    failed: list[float] = []

    def write_in_vain() -> None:
        began = time.monotonic()
        with contextlib.suppress(OperationalError):
            write(demo_app)
        failed.append(time.monotonic() - began)

    with locked_from_outside(demo_app):
        at_once(*[write_in_vain] * 8)
    assert len(failed) == 8
    assert max(failed) < SHORT * 2 + 1


def test_the_next_request_can_write_however_the_last_one_ended(demo_app: Flask) -> None:
    for end in ("commit", "rollback", "remove", "an exception"):
        with contextlib.suppress(ZeroDivisionError), demo_app.app_context():
            begin_write()
            db.session.execute(text("UPDATE product SET stock = 5"))
            if end == "an exception":
                raise ZeroDivisionError
            getattr(db.session, end)()
        write(demo_app)

    def die() -> None:
        with demo_app.app_context():
            connection = db.engine.connect()
        connection.execute(text("UPDATE product SET stock = 5"))

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    gc.collect()  # garbage collection comes by itself sooner or later
    write(demo_app)


def test_a_second_transaction_of_a_request_fails_at_once(demo_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_lock, "BUSY_MS", int(SHORT * 1000))
    with demo_app.app_context():
        begin_write()
        with db.engine.connect() as second, pytest.raises(OperationalError, match="locked"):
            second.execute(text("UPDATE product SET stock = 5"))
        db.session.rollback()
    write(demo_app)


def test_a_writer_that_waits_does_not_delay_readers(demo_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_lock, "BUSY_MS", 2000)
    with locked_from_outside(demo_app):
        waiting = threading.Thread(target=write, args=(demo_app,))
        waiting.start()
        began = time.monotonic()
        assert demo_app.test_client().get("/", base_url="http://localhost:8000").status_code == 200
        assert time.monotonic() - began < 1.5
        assert waiting.is_alive()
    waiting.join()


def test_every_transaction_that_writes_begins_as_a_writer(demo_app: Flask) -> None:
    """A deferred one would fail at once if another transaction wrote after its first read."""
    begun: list[Any] = []
    with demo_app.app_context(), db.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.set_trace_callback(begun.append)
        connection.execute(text("UPDATE product SET stock = 5"))
        connection.rollback()
        raw.set_trace_callback(None)
    assert [statement for statement in begun if statement.startswith("BEGIN")] == ["BEGIN IMMEDIATE"]
