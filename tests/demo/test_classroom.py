"""A class in the demo: thirty learners behind one address share the demo's accounts."""

import hashlib
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.customers import rate_limits
from app.database import db
from app.doctor.findings import CheckOutcome, Level
from app.mail import MAX_OF_A_KIND
from app.security import CLASS
from app.settings import load
from app.staff.routes import login as staff_login
from demo import classroom, staff
from demo.staff import DEMO_EMAIL, DEMO_PASSWORD
from samples.customers import PASSWORD
from tests.conftest import ENVIRONMENT, allowed_by, browser_of, free_port, post
from tests.customers.steps import log_in_by_form, mails, register

INGRID, CLASS_SIZE = "ingrid.solheim@example.com", 30


@pytest.fixture
def class_app(demo_app: Flask) -> Flask:
    """Return the demo with its own limits, which other tests do not have."""
    classroom.size_limits(demo_app)
    with demo_app.app_context():
        staff.load(db.session())
        db.session.commit()
    return demo_app


def staff_log_in(browser: FlaskClient, password: str = DEMO_PASSWORD) -> int:
    form = {"email": DEMO_EMAIL, "password": password}
    return int(post(browser, "/staff/login", form, form_on="/staff/login").status_code)


@pytest.mark.parametrize(("demo", "is_sized"), [("1", True), ("0", False)])
def test_only_the_demo_is_sized_for_a_class(tmp_path: Path, demo: str, *, is_sized: bool) -> None:
    app = create_app(load({**ENVIRONMENT, "DATABASE_URL": f"sqlite:///{tmp_path}/shop.sqlite", "DEMO": demo}))
    assert (CLASS in app.extensions) is is_sized


def test_a_class_logs_in_to_one_account_and_gets_its_emails(class_app: Flask) -> None:
    browsers = [browser_of(class_app) for _ in range(CLASS_SIZE)]
    assert [log_in_by_form(each, INGRID, PASSWORD).status_code for each in browsers] == [303] * CLASS_SIZE
    assert [staff_log_in(each) for each in browsers] == [303] * CLASS_SIZE
    for _ in range(CLASS_SIZE):
        post(browser_of(class_app), "/password/forgot", {"email": INGRID}, form_on="/password/forgot")
    assert len(mails(class_app, "reset_password", to=INGRID)) == CLASS_SIZE


def test_in_the_demo_other_accounts_and_addresses_are_limited(class_app: Flask) -> None:
    browser, accounts = browser_of(class_app), allowed_by(rate_limits.LOGIN_PER_ACCOUNT)
    answers = [log_in_by_form(browser).status_code for _ in range(accounts + 1)]
    assert answers == [422] * accounts + [429]
    for _ in range(MAX_OF_A_KIND + 1):
        register(browser)
    assert len(mails(class_app)) == MAX_OF_A_KIND
    guesses = allowed_by(staff_login.PER_CLIENT) * classroom.TIMES
    assert [staff_log_in(browser, "wrong") for _ in range(guesses + 1)] == [422] * guesses + [429]


ADDRESS = "192.168.1.5"
LAN = {"PUBLIC_URL": "http://192.168.1.5:8002", "SIMULATOR_URL": "http://192.168.1.5:8003"}
HERE = {"PUBLIC_URL": "http://localhost:8002", "SIMULATOR_URL": "http://localhost:8003"}


def sums(folder: Path, content: bytes) -> Path:
    (folder / "a.whl").write_bytes(content)
    (folder / "SHA256SUMS").write_text(f"{hashlib.sha256(b'a').hexdigest()}  a.whl\n")
    return folder


@pytest.mark.parametrize(
    ("find", "level", "said"), [
        (lambda _: classroom.network([], load({})), Level.FAILED, "no address"),
        (lambda _: classroom.network([ADDRESS], load(HERE)), Level.FAILED, "cannot reach http://localhost:8002"),
        (lambda _: classroom.network([ADDRESS], load(HERE)), Level.FAILED, " ".join(map("=".join, LAN.items()))),
        (lambda _: classroom.network([ADDRESS], load(LAN)), Level.OK, f"{ADDRESS}."),
        (lambda _: classroom.rooms(load(LAN)), Level.FAILED, "DEMO_WORLDS=1"),
        (lambda _: classroom.clock(datetime(2020, 1, 1, tzinfo=UTC)), Level.FAILED, "set the clock"),
        (lambda folder: classroom.wheelhouse(folder), Level.WARNING, "make wheelhouse"),
        (lambda folder: classroom.wheelhouse(sums(folder, b"a")), Level.OK, "1 packages"),
        (lambda folder: classroom.wheelhouse(sums(folder, b"b")), Level.FAILED, "damaged: a.whl"),
    ],
)  # fmt: skip
def test_a_finding_has_advice(tmp_path: Path, find: Callable[[Path], CheckOutcome], level: Level, said: str) -> None:
    found = find(tmp_path)
    assert found.level is level
    assert said in f"{found.said} {found.advice}"


def test_the_check_says_whether_a_class_can_come(
    make_app: Callable[..., Flask], unused_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(classroom, "lan_addresses", lambda: ["192.168.1.5"])  # the real one needs a network
    monkeypatch.setattr(classroom, "BROWSERS", ["sh"])
    monkeypatch.setattr("demo.worlds.INSTANCE", tmp_path)
    monkeypatch.setenv("BIND", f"localhost:{free_port()}")
    app = make_app(DEMO_WORLDS="1", **LAN | {"SIMULATOR_URL": f"http://192.168.1.5:{unused_port}"})
    run = lambda: app.test_cli_runner().invoke(args=["workshop", "check"])  # noqa: E731
    ready = run()
    assert (ready.exit_code, ready.output.count("ok      ")) == (0, 7), ready.output  # no wheelhouse: a note
    assert click.unstyle(classroom.qr_code("http://192.168.1.5:8002/workshop")) in ready.output
    with socket.create_server(("localhost", unused_port)):
        taken = run()
    assert (taken.exit_code, f"failed  Port {unused_port} of localhost" in taken.output) == (1, True)
