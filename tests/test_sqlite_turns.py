"""SQLite's writers queue up: the first come is the first served, a locked database is told within seconds, and
whatever a request does with its turn, the next one gets it."""

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
from app.sqlite_lock import Patience, Turns

SHORT = 0.3  # seconds that the tests wait in vain


@contextlib.contextmanager
def locked_from_outside(app: Flask) -> Iterator[None]:
    """Let another process have the write lock."""
    with app.app_context():
        other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


def write(app: Flask) -> None:
    """Change something, as a request does."""
    with app.app_context():
        db.session.execute(update(Product).values(stock=Product.stock))
        db.session.commit()


def stand_in_line(turns: Turns, came: list[int], number: int) -> threading.Thread:
    """Let a thread queue up, and return when it does."""
    waiting = len(turns._queue)

    def wait() -> None:
        with turns.turn(Patience()) as mine:
            assert mine
            came.append(number)

    thread = threading.Thread(target=wait)
    thread.start()
    while len(turns._queue) == waiting:
        time.sleep(0.001)
    return thread


def test_whoever_came_first_is_next() -> None:
    turns, came = Turns(), []
    with turns.turn(Patience()):
        threads = [stand_in_line(turns, came, number) for number in range(8)]
    for thread in threads:
        thread.join()
    assert came == list(range(8))


def test_whoever_gave_up_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    turns, came = Turns(), []
    with turns.turn(Patience()):
        first = stand_in_line(turns, came, 1)
        monkeypatch.setattr(sqlite_lock, "STUCK_SECONDS", 0.05)
        with turns.turn(Patience()) as mine:
            assert not mine
        monkeypatch.undo()
        last = stand_in_line(turns, came, 2)
    first.join()
    last.join()
    assert came == [1, 2]
    with turns.turn(Patience()) as mine:
        assert mine, "everybody has given the turn back"


def test_a_queue_that_moves_is_waited_in_and_one_that_stands_still_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_lock, "STUCK_SECONDS", SHORT)
    patience, turns = Patience(), Turns()
    assert 0 < patience.left(turns.moved_at) <= SHORT
    time.sleep(SHORT)
    assert patience.left(turns.moved_at) <= 0
    turns.move()
    assert patience.left(turns.moved_at) > 0


def test_the_last_of_several_slow_writers_waits_longer_than_a_lock_may_stand_still(
    demo_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_lock, "STUCK_SECONDS", SHORT)
    failed: list[Exception] = []

    def write_slowly() -> None:
        try:
            with demo_app.app_context():
                begin_write()
                time.sleep(SHORT * 0.6)
                db.session.commit()
        except OperationalError as error:
            failed.append(error)

    threads = [threading.Thread(target=write_slowly) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_a_request_that_has_used_up_its_time_does_not_wait(app: Flask) -> None:
    with app.test_request_context():
        g.started = time.perf_counter() - 8
        assert 1 < Patience().left(time.monotonic()) <= 1.5, "an answer within ten seconds"
        g.started = time.perf_counter() - 20
        assert Patience().left(time.monotonic()) <= 0
        write(app)  # nobody else writes, so there is nothing to wait for


def test_a_database_that_somebody_else_has_locked_is_told_in_time(
    demo_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_lock, "STUCK_SECONDS", SHORT)
    with locked_from_outside(demo_app):
        began = time.monotonic()
        with pytest.raises(OperationalError, match="locked"):
            write(demo_app)
        assert SHORT <= time.monotonic() - began < SHORT + 1
    write(demo_app)


@pytest.mark.parametrize("end", ["commit", "rollback", "remove", "an exception"])
def test_the_next_one_gets_its_turn_however_a_request_ends(demo_app: Flask, end: str) -> None:
    with contextlib.suppress(ZeroDivisionError), demo_app.app_context():
        begin_write()
        db.session.execute(text("UPDATE product SET stock = 5"))
        if end == "an exception":
            raise ZeroDivisionError
        getattr(db.session, end)()
    write(demo_app)


def test_a_thread_that_dies_with_its_transaction_keeps_nobody_waiting(demo_app: Flask) -> None:
    def die() -> None:
        with demo_app.app_context():
            connection = db.engine.connect()
        connection.execute(text("UPDATE product SET stock = 5"))

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    gc.collect()  # which comes by itself, sooner or later
    write(demo_app)


def test_whoever_writes_a_second_time_beside_its_own_transaction_fails_and_does_not_hang(
    demo_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_lock, "STUCK_SECONDS", SHORT)
    with demo_app.app_context():
        begin_write()
        with db.engine.connect() as second, pytest.raises(OperationalError, match="locked"):
            second.execute(text("UPDATE product SET stock = 5"))
        db.session.rollback()
    write(demo_app)


def test_a_writer_that_waits_holds_up_no_reader(demo_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_lock, "STUCK_SECONDS", 2)
    with locked_from_outside(demo_app):
        waiting = threading.Thread(target=write, args=(demo_app,))
        waiting.start()
        began = time.monotonic()
        assert demo_app.test_client().get("/", base_url="http://localhost:8000").status_code == 200
        assert time.monotonic() - began < 1.5
        assert waiting.is_alive()
    waiting.join()


def test_every_transaction_that_writes_begins_as_a_writer(demo_app: Flask) -> None:
    """A deferred one would fail at once, whenever somebody else wrote after its first read."""
    begun: list[Any] = []
    with demo_app.app_context(), db.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.set_trace_callback(begun.append)
        connection.execute(text("UPDATE product SET stock = 5"))
        connection.rollback()
        raw.set_trace_callback(None)
    assert [statement for statement in begun if statement.startswith("BEGIN")] == ["BEGIN IMMEDIATE"]
