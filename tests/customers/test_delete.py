"""Deleting an account: asked for twice, done at once, on both databases; only the receipts stay."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from app.customers.models import Activity, Customer, CustomerSession, VippsLink
from app.database import db, utcnow
from app.shop.models import Cart, Order
from tests.conftest import browser_of, post
from tests.customers.steps import EMAIL, add_customer, is_logged_in, log_in, log_in_by_form, mails


def add_order(app: Flask, customer_id: int) -> None:
    """Add an order and a cart of a customer."""
    with app.app_context():
        order = Order(
            number="M-TEST-0001",
            customer_id=customer_id,
            checkout_key="k" * 20,
            language="en",
            name="Tuva Lien",
            email=EMAIL,
            phone="+47 900 00 000",
            delivery="pickup",
            total=100,
        )
        db.session.add_all([order, Cart(customer_id=customer_id)])
        db.session.commit()


def test_everything_goes_but_the_receipts(either_app: Flask) -> None:
    customer_id = add_customer(either_app, vipps=True)
    add_order(either_app, customer_id)
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
        for table in (CustomerSession, VippsLink, Activity, Cart):
            mine = select(func.count()).select_from(table).where(table.customer_id == customer_id)
            assert db.session.scalar(mine) == 0, table
        assert db.session.get(Customer, customer_id) is None
        order = db.session.scalars(select(Order).where(Order.number == "M-TEST-0001")).one()
        assert (order.customer_id, order.name, order.total) == (None, "", 100)
    assert log_in_by_form(browser_of(either_app)).status_code == 422


def erase(app: Flask, *arguments: str, **kwargs: Any) -> Any:
    """Run the command that erases a customer."""
    return app.test_cli_runner().invoke(args=["erase", *arguments], **kwargs)


def test_a_customer_restored_from_a_backup_is_erased_again_by_number(either_app: Flask) -> None:
    with either_app.app_context():
        others = set(db.session.scalars(select(Customer.id)))
    customer_id = add_customer(either_app, vipps=True)
    add_order(either_app, customer_id)
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
        order = db.session.scalars(select(Order).where(Order.number == "M-TEST-0001")).one()
        assert (order.customer_id, order.name) == (None, "")
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


def test_it_needs_a_recent_confirmation_and_a_token(app: Flask) -> None:
    customer_id = add_customer(app)
    client = browser_of(app)
    log_in(client)
    assert client.post("/account/delete").status_code == 400
    with time_machine.travel(utcnow() + timedelta(minutes=11)):
        for response in (client.get("/account/delete"), post(client, "/account/delete", form_on="/account")):
            assert response.headers["Location"] == "/account/confirm?next=/account/delete"
    with app.app_context():
        assert db.session.get(Customer, customer_id)
