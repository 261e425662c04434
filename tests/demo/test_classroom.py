"""A class at the demo: thirty learners behind one address, who share the accounts that its pages show."""

import hashlib
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.customers import rate_limits
from app.database import db, utcnow
from app.mail import MAX_OF_A_KIND
from app.security import CLASS
from app.settings import load
from app.staff.routes import login as staff_login
from demo import classroom, staff
from demo.staff import DEMO_EMAIL, DEMO_PASSWORD
from samples.customers import PASSWORD
from tests.conftest import ENVIRONMENT, allowed_by, browser_of, post
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


LAN = {"PUBLIC_URL": "http://192.168.1.5:8000", "SIMULATOR_URL": "http://192.168.1.5:8001"}


def sums(folder: Path, content: bytes) -> Path:
    (folder / "a.whl").write_bytes(content)
    (folder / "SHA256SUMS").write_text(f"{hashlib.sha256(b'a').hexdigest()}  a.whl\n")
    return folder


@pytest.mark.parametrize(
    ("find", "is_fine", "said"),
    [
        (lambda _: classroom.python(), True, "Python 3."),
        (lambda _: classroom.network([], load({})), False, "no address"),
        (
            lambda _: classroom.network(["192.168.1.5"], load({})),
            True,
            "PUBLIC_URL=http://192.168.1.5:8000 SIMULATOR_URL=",
        ),
        (lambda _: classroom.network(["192.168.1.5"], load(LAN)), True, "192.168.1.5."),
        (lambda _: classroom.clock(datetime(2020, 1, 1, tzinfo=UTC)), False, "set the clock"),
        (lambda _: classroom.clock(utcnow()), True, "UTC."),
        (lambda folder: classroom.wheelhouse(folder), False, "make wheelhouse"),
        (lambda folder: classroom.wheelhouse(sums(folder, b"a")), True, "1 packages"),
        (lambda folder: classroom.wheelhouse(sums(folder, b"b")), False, "damaged: a.whl"),
    ],
)
def test_a_finding_says_what_to_do(
    tmp_path: Path, find: Callable[[Path], classroom.Finding], said: str, *, is_fine: bool
) -> None:
    found = find(tmp_path)
    assert found.is_fine is is_fine
    assert said in f"{found.said} {found.to_do}"


def test_a_port_that_is_in_use_is_named(unused_port: int) -> None:
    origin = f"http://localhost:{unused_port}"
    assert classroom.port_of(origin, 1).is_fine
    with socket.create_server(("localhost", unused_port)):
        found = classroom.port_of(origin, 1)
    assert not found.is_fine
    assert f"Port {unused_port} of localhost" in found.said


def test_the_check_prints_one_line_for_each_part(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classroom, "lan_addresses", list)  # it asks for a route to another network
    done = app.test_cli_runner().invoke(args=["workshop", "check"])
    lines = done.output.splitlines()
    assert len(lines) == 7
    assert all(line.startswith(("ok  ", "TODO")) for line in lines)
    assert "TODO This computer has no address in a network." in done.output
    assert done.exit_code == 1
