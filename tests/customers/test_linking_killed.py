"""A shop that is killed at any step of a callback leaves no half customer, on SQLite and on PostgreSQL, and the person
is in with their next try."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import urllib3
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.customers.consents.models import ConsentRecord
from app.customers.models import (
    Activity,
    Customer,
    CustomerSession,
    PendingLink,
    VippsLink,
    VippsProfile,
)
from app.database import db
from app.mail import Mail
from tests.conftest import ENVIRONMENT
from tests.customers.callback_steps import AFTER_COMMIT, BEFORE_COMMIT, STEPS, statement
from tests.customers.linking_steps import EMAIL, PERSON, add_account, another_browser, has_email, who_is_in
from tests.vipps_person import VippsPerson

TABLES: tuple[Any, ...] = (
    Activity,
    ConsentRecord,
    Customer,
    CustomerSession,
    Mail,
    PendingLink,
    VippsLink,
    VippsProfile,
)


MORE_THAN_A_LOGIN_WRITES, FEWEST_WRITES = 60, 6


def rows(vipps: VippsPerson) -> dict[str, int]:
    """Count the rows of everything that a login writes."""
    with vipps.app.app_context():
        return {t.__tablename__: db.session.scalar(select(func.count()).select_from(t)) or 0 for t in TABLES}


class DyingShop:
    """Shops in a process of its own, each on a test's database and simulator (see `dying_shop`)."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders, self._answers = process.stdin, process.stdout
        self._port = int(self._answers.readline())

    def dies_at(self, step: str, vipps: VippsPerson, browser: FlaskClient, callback: str) -> bool:
        """Send a callback to one; tell whether it died of it, or else has answered."""
        settings = {"DATABASE_URL": vipps.app.extensions["settings"].database, "SIMULATOR_URL": vipps.simulator}
        self._orders.write(json.dumps({"settings": {**ENVIRONMENT, **settings}, "step": step}) + "\n")
        self._orders.flush()
        cookie = browser.get_cookie("vipps-login", domain="localhost")
        headers = {"Host": "localhost:8000", "Cookie": f"vipps-login={cookie.value}"}  # type: ignore[union-attr]
        with suppress(urllib3.exceptions.HTTPError):
            url = f"http://127.0.0.1:{self._port}{callback}"
            urllib3.request("GET", url, headers=headers, retries=False, redirect=False, timeout=30)
        return self._answers.readline().strip() == "killed"


@pytest.fixture(scope="module")
def shop() -> Iterator[DyingShop]:
    """Start it once for all tests."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "tests.customers.dying_shop"]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=kept, **pipes) as process:
        try:
            yield DyingShop(process)
        finally:
            process.kill()


def come_back(vipps: VippsPerson, shop: DyingShop, step: str) -> bool:
    """Log in with a new browser, at a shop that dies at a step; tell whether it died."""
    browser = another_browser(vipps)
    callback = vipps.approve(vipps.start(browser=browser), PERSON)
    return shop.dies_at(step, vipps, browser, callback)


def test_a_shop_that_is_killed_at_any_step_has_written_all_or_nothing(
    either_vipps: VippsPerson, shop: DyingShop
) -> None:
    """Until the commit nothing, after it everything, and the next login of the person finds exactly that."""
    has_email(either_vipps)
    before, statements = rows(either_vipps), 0
    for step in (*STEPS, BEFORE_COMMIT):
        assert come_back(either_vipps, shop, step), step
        assert rows(either_vipps) == before, f"half-written {step}"
    while come_back(either_vipps, shop, statement(statements + 1)):
        statements += 1
        assert rows(either_vipps) == before, f"half-written before statement {statements}"
        assert statements < MORE_THAN_A_LOGIN_WRITES
    assert statements >= FEWEST_WRITES, "the steps are no steps of a first login"
    once = rows(either_vipps)  # the last one lived, and is in
    assert once["customer"] == before["customer"] + 1
    assert once["vipps_link"] == before["vipps_link"] + 1
    assert come_back(either_vipps, shop, AFTER_COMMIT)
    again = rows(either_vipps)
    assert again["customer_session"] == once["customer_session"] + 1, "committed before it was killed"
    assert (again["customer"], again["vipps_link"]) == (once["customer"], once["vipps_link"])
    assert either_vipps.log_in(PERSON, browser=another_browser(either_vipps)).status_code == 303
    assert rows(either_vipps)["customer"] == once["customer"]


def test_who_was_let_in_by_a_shop_that_died_before_it_answered_is_in_when_the_callback_comes_again(
    either_vipps: VippsPerson, shop: DyingShop
) -> None:
    number = add_account(either_vipps, email=EMAIL)
    has_email(either_vipps)
    browser = another_browser(either_vipps)
    callback = either_vipps.approve(either_vipps.start(browser=browser), PERSON)
    assert shop.dies_at(AFTER_COMMIT, either_vipps, browser, callback)
    calls = either_vipps.provider_calls()
    assert browser.get(callback).status_code == 303
    assert who_is_in(either_vipps, browser) == number
    assert either_vipps.provider_calls() == calls, "the code is not sent a second time"
