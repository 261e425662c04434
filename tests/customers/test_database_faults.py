"""A database that fails at any step of a callback: the page has a reference number that is in the log, no change is
half-written, no customer is logged in, and the next login works."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, event, text

from app import sqlite_lock
from app.database import db
from tests.conftest import browser_of
from tests.customers.callback_steps import AFTER_COMMIT, BEFORE_COMMIT, STEPS, WRITES, at_step, statement
from tests.customers.consents.steps import everything
from tests.pages import check_page
from tests.sample_shop import with_sample_data
from tests.vipps_person import VippsPerson

PERSON = "gunnar"
INSIDE = (statement(1), statement(5), BEFORE_COMMIT)
# A row that does not fit into the limited file, as on a full disk.
ONE_ROW_TOO_MANY = (
    "INSERT INTO mail (recipient, subject, body, kind, sent_at) VALUES ('', '', zeroblob(9000000), '', '')"
)


@dataclass
class Trouble:
    """A fault of the database at one step of a callback; it is repaired after the callback."""

    vipps: VippsPerson
    monkeypatch: pytest.MonkeyPatch
    mend: list[Callable[[], Any]] = field(default_factory=list)
    due_at: str = ""

    def __post_init__(self) -> None:
        for step in (*STEPS, *INSIDE, AFTER_COMMIT):
            at_step(self.vipps.app, step, partial(self._arrive, step), self.monkeypatch.setattr)
        with self.vipps.app.app_context():
            self.engine = db.engine
        event.listen(self.engine, "before_cursor_execute", self._spoil, retval=True)

    def break_down(self) -> None:
        """Break the database; add the functions that repair it to `mend`."""
        self.mend.append(self.engine.dispose)

    def spoil(self, cursor: Any, sql: str) -> str | None:
        """Disturb a statement's connection while the database is broken; return a statement to run instead, or None."""

    def _spoil(self, connection: Any, cursor: Any, sql: str, parameters: Any, *rest: Any) -> tuple[str, Any]:
        other = self.spoil(cursor, sql) if self.mend else None
        return (other, ()) if other else (sql, parameters)

    def _arrive(self, step: str) -> None:
        if step == self.due_at:
            self.due_at = ""
            self.break_down()

    def log_in(self, step: str) -> Any:
        """Log in with a new browser, with this fault at a step; return the callback's response."""
        browser = browser_of(self.vipps.app)
        callback = self.vipps.approve(self.vipps.start(browser=browser), PERSON)
        self.due_at = step
        try:
            return browser.get(callback)
        finally:
            assert self.due_at == "", f"there was no step {step!r}"
            while self.mend:
                self.mend.pop()()


class Locked(Trouble):
    """Another process holds SQLite's only write lock."""

    def break_down(self) -> None:
        other = sqlite3.connect(str(self.engine.url.database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        self.mend.append(other.close)


class Full(Trouble):
    def spoil(self, cursor: Any, sql: str) -> str | None:
        cursor.execute("PRAGMA max_page_count=1")
        return ONE_ROW_TOO_MANY if sql.startswith(WRITES) else None


class ReadOnly(Trouble):
    def spoil(self, cursor: Any, sql: str) -> str | None:
        cursor.execute("PRAGMA query_only=ON")
        return None


class OnPostgres(Trouble):
    """A fault that an administrator's connection causes."""

    ALONE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"

    def run(self, *statements: str) -> None:
        """Run statements without a transaction, on the server's maintenance database."""
        url, name = self.engine.url, self.engine.url.database
        admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            for each in statements:
                connection.execute(text(each.format(name=name)), {"name": name} if ":name" in each else {})
        admin.dispose()


class Restarted(OnPostgres):
    """The server ends every connection, and accepts new ones."""

    def break_down(self) -> None:
        self.run(self.ALONE)


class Unreachable(OnPostgres):
    """The server ends every connection, and accepts no new ones for a while."""

    def break_down(self) -> None:
        self.run("ALTER DATABASE {name} ALLOW_CONNECTIONS false", self.ALONE)
        self.mend.append(lambda: self.run("ALTER DATABASE {name} ALLOW_CONNECTIONS true"))


class TablesLocked(OnPostgres):
    """A careless migration has locked the tables."""

    def break_down(self) -> None:
        event.listen(self.engine, "begin", _impatient)
        other = create_engine(self.engine.url).connect()
        other.execute(text("LOCK TABLE login_attempt, customer, vipps_link IN ACCESS EXCLUSIVE MODE"))
        self.mend += [lambda: event.remove(self.engine, "begin", _impatient), other.engine.dispose, other.close]


def _impatient(connection: Any) -> None:
    """Shorten the wait for a lock, which is three seconds in the shop."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = 100")


@pytest.fixture
def on_postgresql(postgresql: str, make_app: Any, simulator: str) -> VippsPerson:
    """Return a shop with the demo's data on PostgreSQL, and a person."""
    shop = with_sample_data(make_app(DATABASE_URL=postgresql, SIMULATOR_URL=simulator))
    return VippsPerson(shop, browser_of(shop), simulator)


WITHIN = (statement(1), statement(5))
ON_POSTGRESQL = pytest.mark.postgresql


@pytest.mark.parametrize(
    ("shop", "kind", "at"),
    [
        ("vipps", Locked, STEPS),
        ("vipps", Full, (*STEPS, *WITHIN)),
        ("vipps", ReadOnly, (*STEPS, *WITHIN)),
        pytest.param("on_postgresql", Unreachable, (*STEPS, *INSIDE), marks=ON_POSTGRESQL),
        pytest.param("on_postgresql", TablesLocked, STEPS, marks=ON_POSTGRESQL),
        pytest.param("on_postgresql", Restarted, INSIDE, marks=ON_POSTGRESQL),
    ],
)
def test_a_database_that_fails_logs_no_customer_in_and_nothing_is_half_written(
    request: pytest.FixtureRequest, shop: str, kind: type[Trouble], at: tuple[str, ...], monkeypatch: Any, capsys: Any
) -> None:
    """Let each step fail in turn, and check the page, the log and the database."""
    monkeypatch.setattr(sqlite_lock, "BUSY_MS", 100)
    vipps = request.getfixturevalue(shop)
    trouble, before = kind(vipps, monkeypatch), everything(vipps.app)
    for step in at:
        capsys.readouterr()
        response = trouble.log_in(step)
        assert response.status_code == 503, (step, response.status_code)
        assert response.headers["Retry-After"], step
        assert "session=" not in str(response.headers.getlist("Set-Cookie")), step
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        (line,) = [line for line in lines if line["event"] == "vipps_login_refused"]
        assert line["refusal"] == "database_unavailable", step
        assert line["reference"] in check_page(response).text, step
        assert everything(vipps.app) == before, f"half-written {step}"
    assert vipps.log_in(PERSON).status_code == 303
    assert len(everything(vipps.app)["vipps_link"]) == len(before["vipps_link"]) + 1


@pytest.mark.postgresql
def test_a_server_that_is_restarted_between_transactions_is_not_noticed(
    on_postgresql: VippsPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = Restarted(on_postgresql, monkeypatch)
    assert {step: trouble.log_in(step).status_code for step in STEPS} == dict.fromkeys(STEPS, 303)


@pytest.mark.postgresql
def test_a_committed_login_does_not_fail(on_postgresql: VippsPerson, monkeypatch: Any) -> None:
    """Otherwise the page would report a failed login, although a session exists whose cookie no browser has."""
    response = Unreachable(on_postgresql, monkeypatch).log_in(AFTER_COMMIT)
    assert response.status_code == 303
    assert "session=" in str(response.headers.getlist("Set-Cookie"))


def test_a_repeated_callback_after_a_lost_response_logs_in(either_vipps: VippsPerson, monkeypatch: Any) -> None:
    """The shop is killed between the commit and the response."""

    def die() -> None:
        raise RuntimeError

    vipps, callback = either_vipps, either_vipps.approve(either_vipps.start(), PERSON)
    with monkeypatch.context() as dying:
        at_step(vipps.app, AFTER_COMMIT, die, dying.setattr)
        assert vipps.browser.get(callback).status_code == 500
    calls = vipps.provider_calls()
    assert vipps.browser.get(callback).status_code == 303
    assert vipps.browser.get("/account").status_code == 200
    assert vipps.provider_calls() == calls, "the code is not sent a second time"


@pytest.mark.postgresql
def test_sessions_survive_a_restart_of_the_server(on_postgresql: VippsPerson, monkeypatch: Any) -> None:
    on_postgresql.log_in(PERSON)
    for _ in range(2):
        Restarted(on_postgresql, monkeypatch).break_down()
        assert on_postgresql.browser.get("/account").status_code == 200
