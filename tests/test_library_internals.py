"""The private names of libraries that the shop uses: they exist, and the code that uses them works."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Blueprint
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import select

from app.customers.models import Customer
from app.database import db, utcnow
from app.library_internals import PRUNE_SECONDS, PrunedMemoryStorage
from app.security import limiter
from tests.conftest import browser_of

TWICE = RateLimitItemPerMinute(2)


def test_the_private_methods_of_limits_exist() -> None:
    assert callable(vars(MemoryStorage)["_MemoryStorage__schedule_expiry"])
    assert callable(vars(MemoryStorage)["_MemoryStorage__expire_events"])


def test_an_expired_count_limits_no_request() -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        counts = MovingWindowRateLimiter(PrunedMemoryStorage())
        assert [counts.hit(TWICE, "a") for _ in range(3)] == [True, True, False]
        clock.shift(timedelta(seconds=61))
        assert [counts.hit(TWICE, "a") for _ in range(3)] == [True, True, False]


def test_expired_counts_are_removed_once_a_minute_without_a_new_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, now = PrunedMemoryStorage(), [1000.0]
    memory.timer.join()
    monkeypatch.setattr("app.library_internals.time.monotonic", lambda: now[0])
    memory._pruned_at = now[0]
    counts, threads = MovingWindowRateLimiter(memory), threading.active_count()
    with time_machine.travel(utcnow(), tick=False) as clock:
        for name in "abc":
            counts.hit(TWICE, name)
        clock.shift(timedelta(minutes=5))
        counts.hit(TWICE, "d")
        assert len(memory.events) == 4
        now[0] += PRUNE_SECONDS
        counts.hit(TWICE, "e")
        assert sorted(key.split("/")[1] for key in memory.events) == ["d", "e"]
    assert threading.active_count() == threads


def test_the_apps_of_the_tests_share_compiled_routes_and_statements(make_app: Any) -> None:
    first, second = make_app(), make_app()
    (one,), (other,) = (app.url_map._rules_by_endpoint["login.page"] for app in (first, second))
    assert one is not other
    assert one._parts is other._parts
    assert one._build.__func__ is other._build.__func__
    with first.app_context():
        cache = db.engine._compiled_cache
        db.session.execute(select(Customer.id).where(Customer.id == 1))
    with second.app_context():
        assert db.engine._compiled_cache is cache
        before = len(cache)
        db.session.execute(select(Customer.id).where(Customer.id == 2))
    assert before > 0
    assert len(cache) == before, "the second engine found the statement of the first"


def test_a_limit_on_a_blueprint_is_counted(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter.limit_manager, "_blueprint_limits", {})
    app, part = make_app(), Blueprint("part", __name__)
    part.add_url_rule("/part/<name>", "page", lambda name: name)
    app.register_blueprint(part)
    limiter.limit("2 per hour")(part)
    browser = browser_of(app)
    assert [browser.get(f"/part/{name}").status_code for name in "abc"] == [200, 200, 429]


def test_without_such_a_limit_requests_are_not_searched(make_app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "_check_request_limit", lambda *_, **__: pytest.fail("the request was searched"))
    assert browser_of(make_app()).get("/no-such-page").status_code == 404
