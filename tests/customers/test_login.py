"""Log in by password and log out."""

from datetime import timedelta
from typing import Any

import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.email_tokens import RESEND_AFTER
from app.customers.models import Activity, Customer
from app.customers.passwords import hashing
from app.database import db, utcnow
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    add_customer,
    copy_of,
    get_customer,
    is_logged_in,
    link_in,
    log_in_by_form,
    mails,
    open_sessions,
    without_token,
)


def test_the_page_offers_vipps_first_and_then_the_password(page: Any) -> None:
    opened = page("/login?next=/cart")
    tags = opened.select("main a[href^='/login/vipps']:not(.demo *), main input")
    offers = [tag.get("href") or tag.get("name") for tag in tags]
    assert offers[0] == "/login/vipps?next=/cart"
    assert offers[-2:] == ["email", "password"]
    assert opened.one("input[name=email]")["autocomplete"] == "username"
    assert opened.one("input[name=password]")["autocomplete"] == "current-password"
    assert "/cart" in str(opened.one("main a[href^='/register']")["href"])


def test_the_checkout_is_named_when_it_waits(page: Any) -> None:
    assert "Your cart is kept" in page("/login?next=/checkout").text
    assert "Your cart is kept" not in page("/login").text


def test_the_right_password_logs_in_and_leads_on(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    response = log_in_by_form(client, " Tuva.Lien@EXAMPLE.com ", next="/cart?x=1")
    assert (response.status_code, response.headers["Location"]) == (303, "/cart?x=1")
    assert is_logged_in(client)
    assert client.get("/login?next=/cart").location == "/cart", "who is logged in is led on"
    with app.app_context():
        (event,) = db.session.scalars(select(Activity).where(Activity.customer_id == customer_id))
        assert event.method == "password"
        assert len(event.reference) == 9


def test_no_login_redirects_to_another_site(app: Flask, client: FlaskClient) -> None:
    """What counts as another site: tests/vipps/test_return_path.py."""
    add_customer(app)
    page = open_page(client, "/login?next=//evil.example")
    assert page.one("main input[name=next]")["value"] == "/"
    assert "evil.example" not in str(page.one("main"))
    assert log_in_by_form(client, next="//evil.example").headers["Location"] == "/"
    assert client.get("/login?next=//evil.example").location == "/"


def test_a_refused_login_keeps_the_way_on_and_never_the_password(app: Flask, client: FlaskClient) -> None:
    response = log_in_by_form(client, password="wrong but secret", next="/checkout")
    assert response.status_code == 422
    assert 'value="/checkout"' in response.text
    assert "wrong but secret" not in response.text
    assert EMAIL in response.text


def test_the_right_password_of_an_unconfirmed_address_mails_a_new_link(app: Flask, client: FlaskClient) -> None:
    add_customer(app, confirmed=False)
    wrong = log_in_by_form(client, password=OTHER_PASSWORD)
    assert mails(app) == []
    right = log_in_by_form(client)
    assert (right.status_code, without_token(right.text)) == (wrong.status_code, without_token(wrong.text))
    (mail,) = mails(app, "confirm_address")
    assert client.get(link_in(mail, "confirm")).status_code == 200


def test_a_login_form_fills_no_mailbox(app: Flask, client: FlaskClient) -> None:
    add_customer(app, confirmed=False)
    for _ in range(3):
        log_in_by_form(client)
    assert len(mails(app)) == 1
    with time_machine.travel(utcnow() + RESEND_AFTER + timedelta(seconds=1), tick=False):
        log_in_by_form(client)
    assert len(mails(app)) == 2


def test_a_hash_of_yesterday_is_renewed_at_login(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    with app.app_context():
        old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
        db.session.get_one(Customer, customer_id).password_hash = old
        db.session.commit()
    assert log_in_by_form(client).status_code == 303
    renewed = get_customer(app)
    assert renewed is not None
    assert renewed.password_hash != old
    assert hashing.matches(PASSWORD, renewed.password_hash)


def test_a_planted_cookie_is_never_adopted(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    planted = "A" * 43
    client.set_cookie("session", planted)
    log_in_by_form(client)
    assert is_logged_in(client)
    mine = client.get_cookie("session")
    assert mine is not None
    assert mine.value != planted
    attacker = browser_of(app)
    attacker.set_cookie("session", planted)
    assert not is_logged_in(attacker)


def test_logging_in_again_ends_the_session_of_this_browser(app: Flask, client: FlaskClient) -> None:
    first = add_customer(app)
    add_customer(app, "other@example.com")
    log_in_by_form(client)
    copy = copy_of(app, client)
    log_in_by_form(client, "other@example.com")
    assert open_sessions(app, first) == 0
    assert not is_logged_in(copy)


def test_the_form_secret_is_renewed_at_login(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    before = open_page(client, "/login").csrf_token()
    log_in_by_form(client)
    response = client.post("/logout", data={"csrf_token": before})
    assert response.status_code == 400
    assert is_logged_in(client)


def test_logging_out_ends_the_session_here_and_on_the_server(app: Flask, client: FlaskClient) -> None:
    customer_id, elsewhere = add_customer(app), browser_of(app)
    log_in_by_form(client)
    log_in_by_form(elsewhere)
    copy = copy_of(app, client)
    assert is_logged_in(copy)
    response = post(client, "/logout", form_on="/account")
    assert (response.status_code, response.headers["Location"]) == (303, "/logged-out")
    assert client.get_cookie("session") is None
    assert client.get_cookie("form") is None
    assert not is_logged_in(copy)
    assert is_logged_in(elsewhere)
    assert open_sessions(app, customer_id) == 1


def test_logging_out_by_a_link_is_refused(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in_by_form(client)
    response = client.get("/logout")
    assert response.status_code == 405
    assert "This action isn’t allowed" in response.text
    assert is_logged_in(client)


def test_the_page_after_logging_out_names_the_brand_of_the_market(make_app: Any) -> None:
    client = browser_of(make_app(VIPPS_MARKET="DK"))
    text = open_page(client, "/logged-out").text
    assert "MobilePay may still remember this browser" in text
    assert "Browsers that remember you → Log out" in text
