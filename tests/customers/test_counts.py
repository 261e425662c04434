"""Counts for the rate limits in a process's memory: right without a look at all of them, and not kept for ever."""

import threading
from datetime import timedelta

import pytest
import time_machine
from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from app.database import utcnow
from app.security import TIDY_SECONDS, TidiedMemory

TWICE = RateLimitItemPerMinute(2)


def test_what_is_too_old_counts_no_more() -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        counts = MovingWindowRateLimiter(TidiedMemory())
        assert [counts.hit(TWICE, "a") for _ in range(3)] == [True, True, False]
        clock.shift(timedelta(seconds=61))
        assert [counts.hit(TWICE, "a") for _ in range(3)] == [True, True, False]


def test_old_counts_go_once_a_minute_and_no_thread_is_started_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, now = TidiedMemory(), [1000.0]
    memory.timer.join()
    monkeypatch.setattr("app.security.time.monotonic", lambda: now[0])
    memory._tidied_at = now[0]
    counts, threads = MovingWindowRateLimiter(memory), threading.active_count()
    with time_machine.travel(utcnow(), tick=False) as clock:
        for name in "abc":
            counts.hit(TWICE, name)
        clock.shift(timedelta(minutes=5))
        counts.hit(TWICE, "d")
        assert len(memory.events) == 4
        now[0] += TIDY_SECONDS
        counts.hit(TWICE, "e")
        assert sorted(key.split("/")[1] for key in memory.events) == ["d", "e"]
    assert threading.active_count() == threads
