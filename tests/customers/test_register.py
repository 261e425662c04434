"""Create an account: the same answer for every address, and no login before it is confirmed."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import get_locale
from sqlalchemy import func, select

from app.about import NAME
from app.customers import lookup
from app.customers.accounts import emails as mail_texts
from app.customers.models import Customer
from app.customers.passwords import hashing
from app.database import db
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    CountingHasher,
    activity_of,
    add_customer,
    get_customer,
    is_logged_in,
    link_in,
    log_in_by_form,
    mails,
    register,
    without_token,
)
from tests.threads import at_once


def press(client: FlaskClient, link: str, **fields: str) -> Any:
    return post(client, link, fields, form_on=link)


def test_registering_logs_in_after_the_link_and_not_before(app: Flask, client: FlaskClient) -> None:
    assert register(client).headers["Location"] == "/register/sent"
    assert not is_logged_in(client)
    link = link_in(mails(app, "confirm_address")[0], "confirm")
    assert "Confirm your address" in open_page(client, link).text
    customer = get_customer(app)
    assert customer is not None
    assert customer.email_verified_at is None
    assert log_in_by_form(client).status_code == 422
    assert not is_logged_in(client)


def test_the_browser_that_registered_only_presses_the_button(app: Flask, client: FlaskClient) -> None:
    register(client, next="/checkout")
    link = link_in(mails(app)[0], "confirm")
    for _ in range(2):  # looking uses nothing up: mail scanners open every link
        assert browser_of(app).get(link).status_code == browser_of(app).head(link).status_code == 200
    assert not open_page(client, link).select("main input[type=password]")
    response = press(client, link)
    assert (response.status_code, response.headers["Location"]) == (303, "/checkout")
    assert is_logged_in(client)
    customer = get_customer(app)
    assert customer is not None
    assert customer.email_verified_at is not None
    assert customer.name == "Tuva Lien"
    assert activity_of(app, customer.id) == [("address_confirmed", "mail"), ("logged_in", "mail")]
    assert open_page(client, link, 410).h1 == "This link no longer works"
    assert post(client, link, {"password": PASSWORD}, form_on="/account").status_code == 410


def test_another_browser_needs_the_password_as_well(app: Flask, client: FlaskClient) -> None:
    register(client)
    link, other = link_in(mails(app)[0], "confirm"), browser_of(app)
    assert open_page(other, link).one("main input[name=password]")
    for guess in ({}, {"password": ""}, {"password": OTHER_PASSWORD}):
        assert press(other, link, **guess).status_code == 422
    assert not is_logged_in(other)
    assert press(other, link, password=PASSWORD).status_code == 303
    assert is_logged_in(other)


def test_the_owners_own_registration_replaces_the_strangers(app: Flask, client: FlaskClient) -> None:
    stranger = browser_of(app)
    register(stranger, password=OTHER_PASSWORD)
    register(client, password=PASSWORD)
    first, second = mails(app, "confirm_address")
    assert client.get(link_in(first, "confirm")).status_code == 410
    assert press(client, link_in(second, "confirm")).status_code == 303
    assert log_in_by_form(stranger, password=OTHER_PASSWORD).status_code == 422


def test_a_strangers_later_registration_is_not_confirmed_by_the_owners_browser(app: Flask, client: FlaskClient) -> None:
    register(client, password=PASSWORD)
    register(browser_of(app), password=OTHER_PASSWORD)
    link = link_in(mails(app, "confirm_address")[1], "confirm")
    assert press(client, link).status_code == 422
    assert press(client, link, password=PASSWORD).status_code == 422


@pytest.mark.parametrize("vipps", [False, True])
def test_a_taken_address_gets_the_same_answer_and_a_mail(
    app: Flask, client: FlaskClient, monkeypatch: Any, vipps: bool
) -> None:
    add_customer(app, password=None if vipps else OTHER_PASSWORD, vipps=vipps)
    hasher = CountingHasher(hashing._hasher)
    monkeypatch.setattr(hashing, "_hasher", hasher)
    answers = []
    for email in (EMAIL, "free@example.com"):
        before, browser = hasher.calls, browser_of(app)
        response = register(browser, email)
        landing = without_token(browser.get(response.headers["Location"]).text)
        # The form cookie is signed and not secret, so it must not tell either.
        with browser.session_transaction(base_url="http://localhost:8000") as kept:
            shape = {name: len(str(value)) for name, value in kept.items()}
        answers.append((response.status_code, response.headers["Location"], landing, shape, hasher.calls - before))
    assert answers[0] == answers[1]
    (mail,) = mails(app)
    assert mail.kind == "already_registered"
    assert ("log in with Vipps" in mail.body) == vipps
    owner = get_customer(app)
    assert owner is not None
    assert not hashing.matches(PASSWORD, owner.password_hash)
    assert (owner.password_hash is None) == vipps


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "not an address", "Enter an email address"),
        ("email", "a@example.com, b@example.com", "Enter an email address"),
        ("name", "   ", "Enter your name"),
        ("name", "x" * 201, "at most 200"),
        ("password", "short", "at least 8"),
        ("password", "password123", "attackers try it first"),
        ("password", f"{NAME.lower()} 123 456", "shop’s name"),
        ("password", "tuva.lien.1990", "your email address in the password"),
    ],
)  # fmt: skip
def test_a_form_that_is_not_right_says_what_and_loses_nothing(
    app: Flask, client: FlaskClient, field: str, value: str, words: str
) -> None:
    response = register(client, **{"name": "Tuva <b>Lien</b>", field: value, "next": "/cart"})
    assert response.status_code == 422
    assert words in response.text
    assert 'value="/cart"' in response.text
    assert PASSWORD not in response.text
    assert "<b>Lien" not in response.text
    assert get_customer(app) is None
    assert mails(app) == []


def test_the_mail_is_in_the_language_of_its_reader(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(mail_texts, "render_template", lambda name, **context: f"written in {get_locale()}")
    client.set_cookie("language", "nb")
    register(client)
    other = browser_of(app)
    other.set_cookie("language", "en")
    post(other, "/password/forgot", {"email": EMAIL}, form_on="/password/forgot")
    assert [mail.body for mail in mails(app)] == ["written in nb"] * 2


def test_registrations_at_the_same_moment_make_one_account(either_app: Flask) -> None:
    browsers = [browser_of(either_app) for _ in range(6)]
    tokens = [open_page(browser, "/register").csrf_token() for browser in browsers]
    data = {"name": "Tuva", "email": EMAIL, "password": PASSWORD}
    calls = [
        lambda b=browser, t=token: b.post("/register", data={**data, "csrf_token": t}).status_code
        for browser, token in zip(browsers, tokens, strict=True)
    ]
    assert at_once(*calls) == [303] * 6
    with either_app.app_context():
        count = db.session.scalar(select(func.count()).where(Customer.email == EMAIL))
    assert count == 1
    assert len(mails(either_app)) == 5


def test_an_account_that_another_request_adds_first_is_found(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    """What PostgreSQL does, where nothing serialises the two: the unique constraint decides, and no page breaks."""
    add_customer(app)
    monkeypatch.setattr(lookup, "find_by_email", _blind_once(lookup.find_by_email))
    assert register(client).status_code == 303
    assert [mail.kind for mail in mails(app)] == ["already_registered"]


def _blind_once(look: Any) -> Any:
    """Return a look-up that finds nothing the first time."""
    calls = []

    def find(email: str, **how: Any) -> Any:
        calls.append(email)
        return look(email, **how) if len(calls) > 1 else None

    return find
