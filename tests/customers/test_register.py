"""Register, and confirm the address by the emailed link."""

from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import get_locale
from sqlalchemy import func, select

from app.customers import account_emails as mail_texts
from app.customers import lookup
from app.customers.models import Customer, CustomerSession
from app.customers.passwords import hashing
from app.customers.sessions import reauthentication
from app.database import db, utcnow
from tests.conftest import browser_of, open_page, post
from tests.customers import steps
from tests.customers.steps import EMAIL, OTHER_PASSWORD, PASSWORD, while_it_is_checked
from tests.threads import at_once


def press(client: FlaskClient, link: str, **fields: str) -> Any:
    return post(client, link, fields, form_on=link)


def test_the_browser_that_registered_only_presses_the_button(app: Flask, client: FlaskClient) -> None:
    assert steps.register(client, next="/checkout").headers["Location"] == "/register/sent"
    assert steps.log_in_by_form(browser_of(app)).status_code == 422
    assert not steps.is_logged_in(client)
    (mail,) = steps.mails(app, "confirm_address")
    link = steps.link_in(mail, "confirm")
    for _ in range(2):  # opening the page does not use up the link: mail scanners open every link
        assert browser_of(app).get(link).status_code == browser_of(app).head(link).status_code == 200
    assert not open_page(client, link).select("main input[type=password]")
    response = press(client, link)
    assert (response.status_code, response.headers["Location"]) == (303, "/checkout")
    assert steps.is_logged_in(client)
    customer = steps.get_customer(app)
    assert customer.email_verified_at is not None
    assert customer.name == "Tuva Lien"
    assert steps.activity_of(app, customer.id) == [("address_confirmed", "mail"), ("logged_in", "mail")]
    assert open_page(client, link, 410).h1 == "This link no longer works"
    assert post(client, link, {"password": PASSWORD}, form_on="/account").status_code == 410


def test_another_browser_needs_the_password_as_well(app: Flask, client: FlaskClient) -> None:
    steps.register(client)
    link, other = steps.link_in(steps.mails(app)[0], "confirm"), browser_of(app)
    assert open_page(other, link).one("main input[name=password]")
    for guess in ({}, {"password": ""}, {"password": OTHER_PASSWORD}):
        assert press(other, link, **guess).status_code == 422
    assert not steps.is_logged_in(other)
    assert press(other, link, password=PASSWORD).status_code == 303
    assert steps.is_logged_in(other)


def test_the_owners_registration_replaces_an_attackers(app: Flask, client: FlaskClient) -> None:
    stranger = browser_of(app)
    steps.register(stranger, password=OTHER_PASSWORD)
    steps.register(client, password=PASSWORD)
    first, second = steps.mails(app, "confirm_address")
    assert client.get(steps.link_in(first, "confirm")).status_code == 410
    assert press(client, steps.link_in(second, "confirm")).status_code == 303
    assert steps.log_in_by_form(stranger, password=OTHER_PASSWORD).status_code == 422


def test_an_attackers_registration_is_not_confirmed_by_the_owners_browser(app: Flask, client: FlaskClient) -> None:
    steps.register(client, password=PASSWORD)
    steps.register(browser_of(app), password=OTHER_PASSWORD)
    link = steps.link_in(steps.mails(app, "confirm_address")[1], "confirm")
    assert press(client, link).status_code == 422
    assert press(client, link, password=PASSWORD).status_code == 422


@pytest.mark.parametrize("vipps", [False, True])
def test_a_taken_address_gets_the_same_answer(app: Flask, client: FlaskClient, monkeypatch: Any, vipps: bool) -> None:
    steps.add_customer(app, password=None if vipps else OTHER_PASSWORD, vipps=vipps)
    hasher = Mock(wraps=hashing._hasher)
    monkeypatch.setattr(hashing, "_hasher", hasher)
    answers = []
    for email in (EMAIL, "free@example.com"):
        before, browser = steps.hashes_made(hasher), browser_of(app)
        response = steps.register(browser, email)
        landing = steps.without_token(browser.get(response.headers["Location"]).text)
        # The form cookie is signed but readable, so it must not reveal this either.
        with browser.session_transaction(base_url="http://localhost:8000") as kept:
            shape = {name: len(str(value)) for name, value in kept.items()}
        hashed = steps.hashes_made(hasher) - before
        answers.append((response.status_code, response.headers["Location"], landing, shape, hashed))
    assert answers[0] == answers[1]
    (mail,) = steps.mails(app)
    assert mail.kind == "already_registered"
    assert ("log in with Vipps" in mail.body) == vipps
    owner = steps.get_customer(app)
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
        ("password", "tuva.lien.1990", "your email address in the password"),
    ],
)  # fmt: skip
def test_a_wrong_form_names_its_mistakes_and_keeps_the_input(
    app: Flask, client: FlaskClient, field: str, value: str, words: str
) -> None:
    response = steps.register(client, **{"name": "Tuva <b>Lien</b>", field: value, "next": "/cart"})
    assert response.status_code == 422
    assert words in response.text
    assert 'value="/cart"' in response.text
    assert PASSWORD not in response.text
    assert "<b>Lien" not in response.text
    assert steps.get_customer(app) is None
    assert steps.mails(app) == []


def test_the_email_is_in_the_language_of_its_reader(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(mail_texts, "render_template", lambda name, **context: f"written in {get_locale()}")
    client.set_cookie("language", "nb")
    steps.register(client)
    other = browser_of(app)
    other.set_cookie("language", "en")
    post(other, "/password/forgot", {"email": EMAIL}, form_on="/password/forgot")
    assert [mail.body for mail in steps.mails(app)] == ["written in nb"] * 2


def test_concurrent_registrations_create_one_account(either_app: Flask) -> None:
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
    assert len(steps.mails(either_app)) == 5


def test_an_account_that_another_request_adds_first_is_found(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    """On PostgreSQL the two requests run concurrently: the unique constraint decides, and both get a page."""
    steps.add_customer(app)
    monkeypatch.setattr(lookup, "find_by_email", _blind_once(lookup.find_by_email))
    assert steps.register(client).status_code == 303
    assert [mail.kind for mail in steps.mails(app)] == ["already_registered"]


def _blind_once(look: Any) -> Any:
    calls = []

    def find(email: str, **how: Any) -> Any:
        calls.append(email)
        return look(email, **how) if len(calls) > 1 else None

    return find


CONFIRM, GUARDED = "/account/confirm", "/account/email"
TO_GUARDED = f"{CONFIRM}?next={GUARDED}"


def send(client: FlaskClient, password: str = PASSWORD, target: str = GUARDED) -> Any:
    return post(client, CONFIRM, {"password": password, "next": target}, form_on=CONFIRM)


@pytest.fixture
def stale(app: Flask, client: FlaskClient) -> int:
    """Log in a customer whose re-authentication has expired; return the id."""
    customer_id = steps.add_customer(app)
    steps.log_in(client)
    steps.forget_confirmations(app)
    return customer_id


@pytest.mark.parametrize("path", ["email", "vipps/link", "vipps/unlink", "delete", "export"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_guarded_page_redirects_first(app: Flask, client: FlaskClient, stale: int, path: str, method: str) -> None:
    path, data = f"/account/{path}", {"email": "new.address@example.com"}
    response = client.get(path) if method == "get" else post(client, path, data, form_on="/account")
    assert (response.status_code, response.headers["Location"]) == (303, f"{CONFIRM}?next={path}")
    assert steps.mails(app, to="new.address@example.com") == []


def test_a_login_by_password_counts_for_ten_minutes(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    steps.log_in(client)
    began = utcnow()
    with time_machine.travel(began + timedelta(minutes=9, seconds=50), tick=False):
        assert client.get(GUARDED).status_code == 200
    with time_machine.travel(began + timedelta(minutes=10, seconds=1), tick=False):
        assert client.get(GUARDED).headers["Location"] == TO_GUARDED
    steps.enter(app, client, steps.add_customer(app, "other@example.com"))
    assert client.get(GUARDED).headers["Location"] == TO_GUARDED, "a plain Vipps login does not reauthenticate"


@pytest.mark.parametrize("email", [EMAIL, None])
def test_an_emailed_link_is_offered_if_there_is_an_address(app: Flask, client: FlaskClient, email: str | None) -> None:
    steps.enter(app, client, steps.add_customer(app, email=email, password=None))
    page = open_page(client, CONFIRM)
    assert bool(page.select('main a[href="/account/password"]')) == bool(email)
    assert not page.select("main input[type=password]")


def test_the_password_opens_the_guarded_page(app: Flask, client: FlaskClient, stale: int) -> None:
    page = open_page(client, GUARDED)
    assert page.h1 == "Confirm it’s you"
    assert page.one("main input[name=next]")["value"] == GUARDED
    assert page.one("main input[type=password]")["autocomplete"] == "current-password"
    response = send(client)
    assert (response.status_code, response.headers["Location"]) == (303, GUARDED)
    assert open_page(client, GUARDED).h1 == "Change your email address"
    assert steps.activity_of(app, stale)[-1] == ("confirmed", "password")


def test_the_window_is_open_in_this_browser_only(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    other = browser_of(app)
    steps.log_in(client)
    steps.log_in(other)
    steps.forget_confirmations(app)
    send(client)
    assert client.get(GUARDED).status_code == 200
    assert other.get(GUARDED).headers["Location"] == TO_GUARDED


def test_a_stolen_cookie_dies_when_its_owner_reauthenticates(app: Flask, client: FlaskClient, stale: int) -> None:
    thief = steps.copy_of(app, client)
    assert steps.is_logged_in(thief)
    send(client)
    assert steps.is_logged_in(client)
    assert not steps.is_logged_in(thief)


@pytest.mark.parametrize("password", [OTHER_PASSWORD, ""])
def test_a_wrong_password_does_not_reauthenticate(app: Flask, client: FlaskClient, stale: int, password: str) -> None:
    before = steps.activity_of(app, stale)
    response = send(client, password)
    assert response.status_code == 422
    assert "That is not your password" in response.text
    assert f'value="{GUARDED}"' in response.text
    assert client.get(GUARDED).headers["Location"] == TO_GUARDED
    assert steps.activity_of(app, stale) == before


@pytest.mark.parametrize("what", ["the password is changed", "the session is ended"])
def test_a_change_during_the_check_counts(
    app: Flask, client: FlaskClient, stale: int, monkeypatch: Any, what: str
) -> None:
    values = {"password_hash": "another"} if "password" in what else {"ended_at": utcnow()}
    while_it_is_checked(monkeypatch, Customer if "password" in what else CustomerSession, **values)
    response = send(client)
    assert response.status_code == 422
    assert "Set-Cookie" not in response.headers or "session=" not in response.headers["Set-Cookie"]
    with app.app_context():
        assert not [row for row in db.session.scalars(select(CustomerSession)) if reauthentication.is_recent(row)]


@pytest.mark.parametrize("target", ["//evil.example", ""])
def test_the_confirmation_redirects_to_no_other_site(app: Flask, client: FlaskClient, stale: int, target: str) -> None:
    page = open_page(client, f"{CONFIRM}?next={target}")
    assert page.one("main input[name=next]")["value"] == "/account"
    assert send(client, target=target).headers["Location"] == "/account"


def test_the_app_is_offered_to_linked_customers(app: Flask, client: FlaskClient, stale: int) -> None:
    assert not open_page(client, CONFIRM).select("form[action='/account/confirm/vipps']")
    response = post(client, f"{CONFIRM}/vipps", {"next": GUARDED}, form_on=CONFIRM)
    assert (response.status_code, response.headers["Location"]) == (303, TO_GUARDED)
    steps.enter(app, client, steps.add_customer(app, "connected@example.com", vipps=True))
    form = open_page(client, TO_GUARDED).one("form[action='/account/confirm/vipps']")
    assert form.select("input[name=next]")[0]["value"] == GUARDED
