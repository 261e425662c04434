"""Log in by password and log out."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs

from app.customers.email_tokens import RESEND_AFTER
from app.customers.models import Activity, Customer
from app.customers.passwords import hashing
from app.database import db, utcnow
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    CountingHasher,
    add_customer,
    get_customer,
    is_logged_in,
    link_in,
    log_in,
    mails,
    open_sessions,
    register,
    without_token,
)

# What a browser would turn into another site or a script (RFC 9700, section 4.11.1; ASVS 3.7.2); many more stand in
# tests/vipps/test_return_path.py.
PAYLOADS = ["//evil.example", "http:///evil.example", "/x\r\nSet-Cookie: a=b", "evil.example@localhost"]


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
    response = log_in(client, next="/cart?x=1")
    assert (response.status_code, response.headers["Location"]) == (303, "/cart?x=1")
    assert is_logged_in(client)
    with app.app_context():
        (event,) = db.session.scalars(select(Activity).where(Activity.customer_id == customer_id))
        assert event.method == "password"
        assert len(event.reference) == 9


def test_the_address_may_be_written_in_any_case(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    assert log_in(client, email=" Tuva.Lien@EXAMPLE.com ").status_code == 303


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_login_redirects_to_another_site(app: Flask, client: FlaskClient, payload: str) -> None:
    add_customer(app)
    assert log_in(client, next=payload).headers["Location"] == "/"
    again = client.get("/login", query_string={"next": payload})
    assert (again.status_code, again.headers["Location"]) == (303, "/")


def test_the_login_page_carries_no_foreign_target(client: FlaskClient) -> None:
    page = open_page(client, "/login?next=//evil.example")
    assert page.one("input[name=next]")["value"] == "/"
    assert "evil.example" not in str(page.one("main"))


def test_who_is_logged_in_is_led_on(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    response = client.get("/login?next=/cart")
    assert (response.status_code, response.headers["Location"]) == (303, "/cart")


def test_every_refusal_looks_the_same_and_costs_the_same(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    add_customer(app)
    add_customer(app, "vipps.only@example.com", password=None, vipps=True)
    add_customer(app, "never.confirmed@example.com", confirmed=False)
    hasher = CountingHasher(hashing._hasher)
    monkeypatch.setattr(hashing, "_hasher", hasher)
    attempts = [
        (EMAIL, OTHER_PASSWORD),
        ("unknown.here@example.com", PASSWORD),
        ("vipps.only@example.com", PASSWORD),
        ("never.confirmed@example.com", PASSWORD),
        ("never.confirmed@example.com", OTHER_PASSWORD),
        ("no address at all", PASSWORD),
    ]
    answers, costs = set(), set()
    for email, password in attempts:
        before = hasher.calls
        response = log_in(client, email, password)
        costs.add(hasher.calls - before)
        answers.add((response.status_code, without_token(response.text).replace(email, "")))
        assert not is_logged_in(client)
    assert len(answers) == 1
    assert costs == {1}


@pytest.mark.parametrize("password", ["", " ", "None", "\0no password"])
def test_an_account_without_a_password_is_not_opened_by_one(app: Flask, client: FlaskClient, password: str) -> None:
    add_customer(app, password=None, vipps=True)
    assert log_in(client, password=password).status_code == 422
    assert not is_logged_in(client)


def test_a_refused_login_keeps_the_way_on_and_never_the_password(app: Flask, client: FlaskClient) -> None:
    response = log_in(client, password="wrong but secret", next="/checkout")
    assert response.status_code == 422
    assert 'value="/checkout"' in response.text
    assert "wrong but secret" not in response.text
    assert EMAIL in response.text


def test_the_right_password_of_an_unconfirmed_address_mails_a_new_link(app: Flask, client: FlaskClient) -> None:
    add_customer(app, confirmed=False)
    log_in(client, password=OTHER_PASSWORD)
    assert mails(app) == []
    log_in(client)
    (mail,) = mails(app, "confirm_address")
    assert client.get(link_in(mail, "confirm")).status_code == 200


def test_a_login_form_fills_no_mailbox(app: Flask, client: FlaskClient) -> None:
    add_customer(app, confirmed=False)
    for _ in range(3):
        log_in(client)
    assert len(mails(app)) == 1
    with time_machine.travel(utcnow() + RESEND_AFTER + timedelta(seconds=1), tick=False):
        log_in(client)
    assert len(mails(app)) == 2


def test_the_log_has_no_personal_data_and_no_secret(app: Flask, client: FlaskClient) -> None:
    with capture_logs() as logs:
        register(client)
        log_in(client)
        link = link_in(mails(app)[0], "confirm")
        post(client, link, form_on=link)
        cookie = client.get_cookie("session")
        post(client, "/logout", form_on="/account")
        log_in(client, password=OTHER_PASSWORD)
    assert cookie is not None
    events = [entry["event"] for entry in logs if entry["event"] != "request"]
    assert events == ["registered", "login_refused", "logged_in", "logged_out", "login_refused"]
    for secret in (EMAIL, "Tuva", PASSWORD, OTHER_PASSWORD, link.rpartition("/")[2], cookie.value):
        assert secret not in str(logs)


def test_a_hash_of_yesterday_is_renewed_at_login(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    with app.app_context():
        old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
        db.session.get_one(Customer, customer_id).password_hash = old
        db.session.commit()
    assert log_in(client).status_code == 303
    renewed = get_customer(app)
    assert renewed is not None
    assert renewed.password_hash != old
    assert hashing.matches(PASSWORD, renewed.password_hash)


def test_a_password_that_changes_while_it_is_checked_no_longer_opens(
    app: Flask, client: FlaskClient, monkeypatch: Any
) -> None:
    customer_id = add_customer(app)
    check = hashing.matches

    def change_meanwhile(password: str, stored: str | None) -> bool:
        answer = check(password, stored)
        with db.engine.begin() as elsewhere:
            elsewhere.execute(
                db.update(Customer).where(Customer.id == customer_id).values(password_hash="changed elsewhere")
            )
        return answer

    monkeypatch.setattr(hashing, "matches", change_meanwhile)
    assert log_in(client).status_code == 422
    assert open_sessions(app, customer_id) == 0


def test_a_planted_cookie_is_never_adopted(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    planted = "A" * 43
    client.set_cookie("session", planted)
    log_in(client)
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
    log_in(client)
    old = client.get_cookie("session")
    log_in(client, "other@example.com")
    assert old is not None
    assert open_sessions(app, first) == 0
    copy = browser_of(app)
    copy.set_cookie("session", old.value)
    assert not is_logged_in(copy)


def test_the_form_secret_is_renewed_at_login(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    before = open_page(client, "/login").csrf_token()
    log_in(client)
    response = client.post("/logout", data={"csrf_token": before})
    assert response.status_code == 400
    assert is_logged_in(client)


@pytest.mark.parametrize("path", ["/login/password", "/logout", "/register", "/password/forgot", "/account/password"])
@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_a_post_without_a_good_token_changes_nothing(
    app: Flask, client: FlaskClient, path: str, token: str | None
) -> None:
    add_customer(app)
    log_in(client)
    data = {"email": EMAIL, "password": PASSWORD} | ({} if token is None else {"csrf_token": token})
    assert client.post(path, data=data).status_code == 400
    assert is_logged_in(client)
    assert mails(app) == []


def test_a_token_of_another_browser_is_no_token(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    theirs = open_page(browser_of(app), "/login").csrf_token()
    open_page(client, "/login")
    data = {"email": EMAIL, "password": PASSWORD, "csrf_token": theirs}
    assert client.post("/login/password", data=data).status_code == 400
    assert not is_logged_in(client)


def test_logging_out_ends_the_session_here_and_on_the_server(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    log_in(client)
    copy = browser_of(app)
    cookie = client.get_cookie("session")
    assert cookie is not None
    copy.set_cookie("session", cookie.value)
    assert is_logged_in(copy)
    response = post(client, "/logout", form_on="/account")
    assert (response.status_code, response.headers["Location"]) == (303, "/logged-out")
    assert client.get_cookie("session") is None
    assert client.get_cookie("form") is None
    assert not is_logged_in(copy)
    assert open_sessions(app, customer_id) == 0


def test_logging_out_leaves_other_browsers_logged_in(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    elsewhere = browser_of(app)
    log_in(client)
    log_in(elsewhere)
    post(client, "/logout", form_on="/account")
    assert is_logged_in(elsewhere)


def test_logging_out_by_a_link_is_refused(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    response = client.get("/logout")
    assert response.status_code == 405
    assert "This action isn’t allowed" in response.text
    assert is_logged_in(client)


def test_the_page_after_logging_out_says_what_vipps_keeps(page: Any) -> None:
    text = page("/logged-out").text
    assert "Vipps may still remember this browser" in text
    assert "Browsers that remember you → Log out" in text


def test_the_page_after_logging_out_names_the_brand_of_the_market(make_app: Any) -> None:
    client = browser_of(make_app(VIPPS_MARKET="DK"))
    assert "MobilePay may still remember this browser" in open_page(client, "/logged-out").text
