"""Deleting an account: asked for twice, done at once, on both databases; only the receipts stay."""

import json
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from app.customers.models import Customer
from app.database import db
from tests.conftest import browser_of, post
from tests.customers.steps import add_customer, is_logged_in, log_in, mails


def test_the_button_deletes_the_account_and_says_so(either_app: Flask) -> None:
    customer_id = add_customer(either_app, vipps=True)
    here, there = browser_of(either_app), browser_of(either_app)
    log_in(here)
    log_in(there)
    response = post(here, "/account/delete", form_on="/account")
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert "Your account is deleted" in here.get("/").text
    assert not is_logged_in(here)
    assert not is_logged_in(there)
    assert [mail.kind for mail in mails(either_app)] == ["account_deleted"]
    with either_app.app_context():
        assert db.session.get(Customer, customer_id) is None


def erase(app: Flask, *arguments: str, **kwargs: Any) -> Any:
    return app.test_cli_runner().invoke(args=["erase", *arguments], **kwargs)


def test_a_customer_restored_from_a_backup_is_erased_again_by_number(either_app: Flask) -> None:
    with either_app.app_context():
        others = set(db.session.scalars(select(Customer.id)))
    customer_id = add_customer(either_app, vipps=True)
    here = browser_of(either_app)
    log_in(here)
    done = erase(either_app, "--yes", str(customer_id))
    assert (done.exit_code, done.stdout) == (0, f"Customer {customer_id} is erased.\n")
    line = json.loads(done.stderr)
    assert set(line) == {"event", "customer", "level", "timestamp"}, "nothing else about them"
    assert (line["event"], line["customer"]) == ("account_deleted", customer_id)
    assert not is_logged_in(here)
    assert mails(either_app) == [], "they had theirs when they deleted it"
    with either_app.app_context():
        assert set(db.session.scalars(select(Customer.id))) == others
    again = erase(either_app, "--yes", str(customer_id))
    assert (again.exit_code, again.output) == (1, "Error: no customer has this number\n")


def test_the_command_asks_and_says_since_when_and_not_who(app: Flask) -> None:
    with time_machine.travel("2026-11-02T03:04:05+00:00", tick=False):
        customer_id = add_customer(app)
    asked = f"Customer {customer_id}, here since 2026-11-02 03:04 UTC: erase them for good? [y/N]: "
    for answer, exit_code in (("n", 1), ("", 1), ("y", 0)):
        with app.app_context():
            assert db.session.get(Customer, customer_id)
        result = erase(app, str(customer_id), input=f"{answer}\n")
        assert result.exit_code == exit_code
        assert result.stdout.startswith(asked)
    with app.app_context():
        assert db.session.get(Customer, customer_id) is None


def test_a_customer_who_got_the_number_later_is_spared(app: Flask) -> None:
    with time_machine.travel("2026-11-02T03:04:05+00:00", tick=False):
        customer_id = str(add_customer(app))
    for before in ("2026-11-02T03:04:04.999999Z", "2026-11-01T05:00:00+02:00"):
        spared = erase(app, "--yes", "--deleted-at", before, customer_id)
        assert (spared.exit_code, spared.output) == (
            1,
            "Error: another customer has this number now, created after that\n",
        )
    for nonsense in ("2026-11-02T03:04:06", "yesterday", ""):
        assert erase(app, "--yes", "--deleted-at", nonsense, customer_id).exit_code == 2
    with app.app_context():
        assert db.session.get(Customer, int(customer_id))
    assert erase(app, "--yes", "--deleted-at", "2026-11-02T03:04:05.000001Z", customer_id).exit_code == 0


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999", "1 OR 1=1"])
def test_an_invalid_customer_number_erases_no_customer(app: Flask, number: str) -> None:
    customer_id = add_customer(app)
    assert erase(app, "--yes", "--", number).exit_code == 2
    with app.app_context():
        assert db.session.get(Customer, customer_id)
