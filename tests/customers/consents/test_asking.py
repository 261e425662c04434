"""Ask once: who is asked, when, where, and what an answer does."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.customers.consents.channels import ALL
from app.customers.models import Customer
from app.database import db
from tests.conftest import browser_of, open_page, post
from tests.customers.consents.steps import answers_of, says_also
from tests.customers.linking_steps import add_account, begin_connecting, has_email, log_in_by_password
from tests.customers.steps import (
    activity_of,
    add_answer,
    add_customer,
    link_in,
    log_in,
    log_in_by_form,
    mails,
    register,
)
from tests.vipps_person import VippsPerson

ASKED = "/account/consents/asked"
CARD = "section.ask"
NO_CONSENTS = {"delegatedConsents": None}


def is_asked(client: FlaskClient, path: str = "/") -> bool:
    return bool(open_page(client, path).select(CARD))


def asked_at(app: Flask, customer_id: int) -> Any:
    with app.app_context():
        return db.session.get_one(Customer, customer_id).consents_asked_at


def test_a_first_login_by_password_asks_on_the_next_page_and_only_there(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    log_in(client)
    assert asked_at(app, customer_id)
    assert is_asked(client)
    assert not is_asked(client)
    again = browser_of(app)
    log_in(again)
    assert not is_asked(again)


def test_a_registration_asks_when_its_link_logs_in(app: Flask, client: FlaskClient) -> None:
    register(client)
    path = link_in(mails(app, "confirm_address")[0], "confirm")
    post(client, path, form_on=path)
    assert is_asked(client)


def test_nothing_is_ticked_and_both_buttons_weigh_the_same(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    page = open_page(client, "/account")
    boxes = page.select(f"{CARD} input[type=checkbox]")
    assert [box["value"] for box in boxes] == [channel.id for channel in ALL]
    assert not [box for box in boxes if box.has_attr("checked")]
    save, none = page.select(f"{CARD} button")
    assert save["class"] == none["class"]
    assert "You can buy either way" in page.text
    assert page.one(f"{CARD} input[name=next]")["value"] == "/account"


def test_a_vipps_login_that_makes_an_account_without_a_consent_screen_asks(vipps: VippsPerson) -> None:
    says_also(vipps, **NO_CONSENTS)
    vipps.log_in("gunnar")
    assert is_asked(vipps.browser)
    again = browser_of(vipps.app)
    vipps.log_in("gunnar", browser=again)
    assert not is_asked(again)


def test_an_account_that_a_vipps_login_finds_and_links_is_asked(vipps: VippsPerson) -> None:
    says_also(vipps, **NO_CONSENTS)
    has_email(vipps)
    customer_id = add_account(vipps)
    vipps.log_in("gunnar")
    assert asked_at(vipps.app, customer_id)
    assert is_asked(vipps.browser)


def test_an_account_that_is_taken_over_is_asked(vipps: VippsPerson) -> None:
    says_also(vipps, **NO_CONSENTS)
    has_email(vipps)
    customer_id = add_account(vipps, email_verified_at=None, phone_verified_at=None)
    vipps.log_in("gunnar")
    assert not asked_at(vipps.app, customer_id), "no customer is logged in yet"
    post(vipps.browser, "/login/vipps/prove/mail", form_on="/login/vipps/prove")
    path = link_in(mails(vipps.app, "prove_ownership", "gunnar.lie@example.com")[0], "login/vipps/prove")
    post(vipps.browser, path, form_on=path)
    assert asked_at(vipps.app, customer_id)
    assert is_asked(vipps.browser)


def test_a_known_vipps_user_is_not_asked(vipps: VippsPerson) -> None:
    says_also(vipps, **NO_CONSENTS)
    vipps.log_in("gunnar")
    with vipps.app.app_context():
        db.session.execute(update(Customer).values(consents_asked_at=None))
        db.session.commit()
    again = browser_of(vipps.app)
    vipps.log_in("gunnar", browser=again)
    assert not is_asked(again)


def test_connecting_on_my_page_is_no_login_and_does_not_ask_again(vipps: VippsPerson) -> None:
    says_also(vipps, **NO_CONSENTS)
    has_email(vipps)
    add_account(vipps)
    log_in_by_password(vipps, vipps.browser)
    assert is_asked(vipps.browser)
    vipps.browser.get(vipps.approve(begin_connecting(vipps), "gunnar"))
    assert not is_asked(vipps.browser)


def test_who_was_asked_and_did_not_answer_is_not_asked_again_by_another_first_login(vipps: VippsPerson) -> None:
    says_also(vipps, **NO_CONSENTS)
    has_email(vipps)
    add_account(vipps)
    log_in_by_password(vipps, browser_of(vipps.app))
    vipps.log_in("gunnar")  # links the account
    assert not is_asked(vipps.browser)


def test_who_has_answered_before_is_not_asked(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    add_answer(app, customer_id, "email", False)
    log_in(client)
    assert not is_asked(client)
    assert asked_at(app, customer_id) is None


def test_the_cart_and_the_checkout_never_ask(vipps: VippsPerson) -> None:
    says_also(vipps, **NO_CONSENTS)
    post(vipps.browser, "/cart/add", {"slug": "enamel-mug", "quantity": "1"})
    vipps.log_in("gunnar", "/checkout")
    assert not is_asked(vipps.browser, "/checkout")
    assert not is_asked(vipps.browser, "/cart")
    assert not is_asked(vipps.browser, "/account/consents")
    assert is_asked(vipps.browser, "/")


def test_a_failed_login_does_not_count_as_asked(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    """The note that the customer was asked belongs to the login's own transaction."""
    from app.customers import account_activity

    customer_id = add_customer(app)
    monkeypatch.setattr(account_activity, "record", lambda *a, **k: 1 / 0)
    assert log_in_by_form(client).status_code == 500
    monkeypatch.undo()
    assert asked_at(app, customer_id) is None
    log_in(client)
    assert is_asked(client)


def answer(client: FlaskClient, **data: Any) -> Any:
    return post(client, ASKED, data, form_on="/account/consents")


@pytest.fixture
def customer_id(app: Flask, client: FlaskClient) -> int:
    """Return a customer who has just logged in for the first time."""
    customer_id = add_customer(app)
    log_in(client)
    return customer_id


def test_what_is_ticked_is_a_yes_and_what_is_not_is_a_no(app: Flask, client: FlaskClient, customer_id: int) -> None:
    for _ in range(2):
        response = answer(client, answer="save", consent=["sms", "personal", "fax"], next="/orders")
        assert response.headers["Location"] == "/orders"
    assert answers_of(app, customer_id) == [
        ("email", False, "my_page"),
        ("sms", True, "my_page"),
        ("digital", False, "my_page"),
        ("personal", True, "my_page"),
    ]
    assert [kind for kind, _method in activity_of(app, customer_id)][-1] == "consent_given"


def test_no_thank_you_is_a_no_to_each_even_with_ticks(app: Flask, client: FlaskClient, customer_id: int) -> None:
    assert answer(client, answer="none", consent=["sms"], next="https://evil.example").headers["Location"] == "/account"
    assert [granted for _id, granted, _source in answers_of(app, customer_id)] == [False] * 4
    assert [kind for kind, _method in activity_of(app, customer_id)][-1] == "consent_withdrawn"


def test_another_customer_in_the_same_browser_is_not_asked_in_their_place(
    app: Flask, client: FlaskClient, customer_id: int
) -> None:
    other = add_customer(app, "other@example.com")
    add_answer(app, other, "email", False)
    log_in(client, "other@example.com")
    assert not is_asked(client)
