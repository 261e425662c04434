"""A login attempt: claimed once, by the browser that began it, before it expires."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, func, select

from app.vipps import routes
from app.vipps.attempts import MAX_PER_BROWSER, Attempt, Attempts, Expired, Repeated, hash_of, login_attempt, metadata
from app.vipps.errors import LoginRefused
from app.vipps.purposes import LoginPurpose
from tests.threads import at_once


class Clock:
    """The wall clock, moved by a test."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """Return a database with the attempts table only; the integration needs no other part of the shop."""
    engine = create_engine(f"sqlite:///{tmp_path / 'attempts.sqlite'}")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def attempts(engine: Engine, clock: Clock) -> Attempts:
    return Attempts(lambda: engine, clock)


def count(engine: Engine) -> int:
    """Count the attempts that are stored."""
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(login_attempt)) or 0


def why(attempts: Attempts, state: str, browser: str) -> str:
    """Return the name of the refusal of a claim."""
    with pytest.raises(LoginRefused) as caught:
        attempts.claim(state, browser)
    return caught.value.code


def test_a_claim_returns_the_attempt_that_was_begun(attempts: Attempts) -> None:
    begun = attempts.begin("browser", LoginPurpose.CONNECT, "/checkout", "7.12")
    claimed = attempts.claim(begun.state, "browser")
    assert claimed == replace(begun, state="", used_at=claimed.used_at)
    assert (begun.purpose, begun.next_path, begun.owner) == (LoginPurpose.CONNECT, "/checkout", "7.12")


def test_state_nonce_and_verifier_are_long_random_and_different_each_time(attempts: Attempts) -> None:
    begun = [attempts.begin("b", LoginPurpose.LOG_IN, "/") for _ in range(5)]
    values = [value for each in begun for value in (each.state, each.nonce, each.code_verifier)]
    assert len(set(values)) == 15
    assert all(len(value) == 43 for value in values)


def test_the_database_knows_neither_state_nor_browser(attempts: Attempts, engine: Engine) -> None:
    begun = attempts.begin("the-browser", LoginPurpose.LOG_IN, "/")
    with engine.connect() as connection:
        row = connection.execute(select(login_attempt)).one()
    assert begun.state not in str(row)
    assert "the-browser" not in str(row)
    assert row.state_hash == hash_of(begun.state)


def test_a_second_claim_is_a_repetition_with_its_outcome(attempts: Attempts) -> None:
    begun = attempts.begin("browser", LoginPurpose.LOG_IN, "/")
    claimed = attempts.claim(begun.state, "browser")
    assert isinstance(claimed, Attempt)
    again = attempts.claim(begun.state, "browser")
    assert isinstance(again, Repeated)
    assert again.outcome is None
    assert attempts.in_progress(again.attempt)
    attempts.finish(claimed, "session 5")
    assert attempts.claim(begun.state, "browser").outcome == "session 5"
    assert attempts.outcome_of(claimed) == "session 5"


def test_an_attempt_of_a_killed_worker_is_not_in_progress(attempts: Attempts, clock: Clock) -> None:
    begun = attempts.begin("browser", LoginPurpose.LOG_IN, "/")
    attempts.claim(begun.state, "browser")
    clock.at += timedelta(seconds=11)
    again = attempts.claim(begun.state, "browser")
    assert isinstance(again, Repeated)
    assert not attempts.in_progress(again.attempt)


@pytest.mark.parametrize(("browser", "code"), [("", "other_browser"), ("another", "not_this_browser")])
def test_another_browser_cannot_claim_or_use_up_an_attempt(attempts: Attempts, browser: str, code: str) -> None:
    begun = attempts.begin("browser", LoginPurpose.LOG_IN, "/")
    assert why(attempts, begun.state, browser) == code
    assert isinstance(attempts.claim(begun.state, "browser"), Attempt)


def test_a_state_is_valid_for_fifteen_minutes(attempts: Attempts, clock: Clock) -> None:
    in_time, too_late = attempts.begin("b", LoginPurpose.LOG_IN, "/"), attempts.begin("b", LoginPurpose.LOG_IN, "/here")
    clock.at += timedelta(minutes=15)
    assert isinstance(attempts.claim(in_time.state, "b"), Attempt)
    clock.at += timedelta(seconds=1)
    with pytest.raises(Expired) as refused:
        attempts.claim(too_late.state, "b")
    assert refused.value.code == "state_expired"
    assert (refused.value.attempt.id, refused.value.attempt.next_path) == (too_late.id, "/here")


@pytest.mark.parametrize("state", ["", "unknown state", "x" * 10_000, "\x00", "\ud800", "' OR 1=1 --"])
def test_an_unknown_state_is_refused(attempts: Attempts, state: str) -> None:
    assert why(attempts, state, "browser") == "state_unknown"


def test_exactly_one_of_many_concurrent_claims_succeeds(attempts: Attempts) -> None:
    begun = attempts.begin("browser", LoginPurpose.LOG_IN, "/")
    results = at_once(*[lambda: attempts.claim(begun.state, "browser")] * 10)
    assert sorted(type(result).__name__ for result in results) == ["Attempt"] + ["Repeated"] * 9


def test_a_browser_keeps_no_more_than_its_share_and_others_keep_theirs(attempts: Attempts, engine: Engine) -> None:
    other = attempts.begin("other", LoginPurpose.LOG_IN, "/")
    begun = [attempts.begin("browser", LoginPurpose.LOG_IN, "/") for _ in range(MAX_PER_BROWSER + 5)]
    assert count(engine) == MAX_PER_BROWSER + 1
    assert why(attempts, begun[0].state, "browser") == "state_unknown"
    assert isinstance(attempts.claim(begun[-1].state, "browser"), Attempt)
    assert isinstance(attempts.claim(other.state, "other"), Attempt)


def test_machines_without_cookies_cannot_fill_the_table(
    attempts: Attempts, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.vipps.attempts.MAX_ATTEMPTS", 10)
    begun = [attempts.begin(f"browser {number}", LoginPurpose.LOG_IN, "/") for number in range(50)]
    assert count(engine) == 11
    assert isinstance(attempts.claim(begun[-1].state, "browser 49"), Attempt)


def test_unfinished_attempts_are_deleted_in_time(attempts: Attempts, engine: Engine, clock: Clock) -> None:
    for number in range(50):
        attempts.begin(f"browser {number}", LoginPurpose.LOG_IN, "/")
    clock.at += timedelta(hours=2)
    attempts.begin("browser", LoginPurpose.LOG_IN, "/")
    assert count(engine) == 1


@pytest.mark.parametrize("dialect", ["mysql", "mariadb", "oracle"])
def test_a_database_that_is_not_supported_is_refused_at_the_start(dialect: str) -> None:
    app, engine = Flask("liftout"), Mock()
    engine.dialect.name = dialect
    with pytest.raises(ValueError, match=f"SQLite or PostgreSQL here; {dialect} is not supported"):
        routes.init_app(app, Mock(), Mock(), engine=lambda: engine)
    assert "vipps" not in app.extensions
