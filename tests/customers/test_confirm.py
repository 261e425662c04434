"""Before what matters, who is logged in confirms once more that it is they; it holds for ten minutes."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.customers import rate_limits
from app.customers.models import Customer, CustomerSession
from app.customers.passwords import hashing
from app.customers.sessions import reauthentication
from app.database import db, utcnow
from tests.conftest import allowed_by, browser_of, open_page, post
from tests.customers.steps import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    activity_of,
    add_customer,
    copy_of,
    enter,
    forget_confirmations,
    is_logged_in,
    log_in,
    mails,
)

CONFIRM, GUARDED = "/account/confirm", "/account/email"
TO_GUARDED = f"{CONFIRM}?next={GUARDED}"


def send(client: FlaskClient, password: str = PASSWORD, target: str = GUARDED) -> Any:
    return post(client, CONFIRM, {"password": password, "next": target}, form_on=CONFIRM)


@pytest.fixture
def stale(app: Flask, client: FlaskClient) -> int:
    """Log a customer in whose confirmation is over; returns the id."""
    customer_id = add_customer(app)
    log_in(client)
    forget_confirmations(app)
    return customer_id


@pytest.mark.parametrize("path", ["email", "vipps/link", "vipps/unlink", "delete", "export"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_matters_asks_first(app: Flask, client: FlaskClient, stale: int, path: str, method: str) -> None:
    path, data = f"/account/{path}", {"email": "new.address@example.com"}
    response = client.get(path) if method == "get" else post(client, path, data, form_on="/account")
    assert (response.status_code, response.headers["Location"]) == (303, f"{CONFIRM}?next={path}")
    assert mails(app, to="new.address@example.com") == []


def test_a_login_by_password_counts_for_ten_minutes(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    began = utcnow()
    with time_machine.travel(began + timedelta(minutes=9, seconds=50), tick=False):
        assert client.get(GUARDED).status_code == 200
    with time_machine.travel(began + timedelta(minutes=10, seconds=1), tick=False):
        assert client.get(GUARDED).headers["Location"] == TO_GUARDED


def test_a_plain_vipps_login_confirms_nothing(app: Flask, client: FlaskClient) -> None:
    enter(app, client, add_customer(app))
    assert client.get(GUARDED).headers["Location"] == TO_GUARDED


@pytest.mark.parametrize("email", [EMAIL, None])
def test_a_mailed_link_is_offered_to_who_has_an_address_for_it(
    app: Flask, client: FlaskClient, email: str | None
) -> None:
    enter(app, client, add_customer(app, email=email, password=None))
    page = open_page(client, CONFIRM)
    assert bool(page.select('main a[href="/account/password"]')) == bool(email)
    assert not page.select("main input[type=password]")


def test_the_password_opens_the_way_on(app: Flask, client: FlaskClient, stale: int) -> None:
    page = open_page(client, GUARDED)
    assert page.h1 == "Confirm it’s you"
    assert page.one("main input[name=next]")["value"] == GUARDED
    assert page.one("main input[type=password]")["autocomplete"] == "current-password"
    response = send(client)
    assert (response.status_code, response.headers["Location"]) == (303, GUARDED)
    assert open_page(client, GUARDED).h1 == "Change your email address"
    assert activity_of(app, stale)[-1] == ("confirmed", "password")


def test_the_window_is_open_in_this_browser_only(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    other = browser_of(app)
    log_in(client)
    log_in(other)
    forget_confirmations(app)
    send(client)
    assert client.get(GUARDED).status_code == 200
    assert other.get(GUARDED).headers["Location"] == TO_GUARDED


def test_a_stolen_cookie_dies_when_its_owner_confirms(app: Flask, client: FlaskClient, stale: int) -> None:
    thief = copy_of(app, client)
    assert is_logged_in(thief)
    send(client)
    assert is_logged_in(client)
    assert not is_logged_in(thief)


@pytest.mark.parametrize("password", [OTHER_PASSWORD, ""])
def test_a_wrong_password_opens_nothing(app: Flask, client: FlaskClient, stale: int, password: str) -> None:
    before = activity_of(app, stale)
    response = send(client, password)
    assert response.status_code == 422
    assert "That is not your password" in response.text
    assert f'value="{GUARDED}"' in response.text
    assert client.get(GUARDED).headers["Location"] == TO_GUARDED
    assert activity_of(app, stale) == before


@pytest.mark.parametrize("what", ["the password is changed", "the session is ended"])
def test_what_changes_while_the_password_is_checked_counts(
    app: Flask, client: FlaskClient, stale: int, monkeypatch: Any, what: str
) -> None:
    matches = hashing.matches

    def change_meanwhile(password: str, stored: str | None) -> bool:
        right = matches(password, stored)
        with db.engine.begin() as other:
            if "password" in what:
                other.execute(update(Customer).values(password_hash="another"))
            else:
                other.execute(update(CustomerSession).values(ended_at=utcnow()))
        return right

    monkeypatch.setattr(hashing, "matches", change_meanwhile)
    response = send(client)
    assert response.status_code == 422
    assert "Set-Cookie" not in response.headers or "session=" not in response.headers["Set-Cookie"]
    with app.app_context():
        assert not [row for row in db.session.scalars(select(CustomerSession)) if reauthentication.is_recent(row)]


def test_guessing_is_slowed_wherever_it_comes_from(app: Flask) -> None:
    customer_id = add_customer(app)
    add_customer(app, "other@example.com")
    browsers = [browser_of(app) for _ in range(12)]
    for number, browser in enumerate(browsers):
        browser.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        enter(app, browser, customer_id)
    statuses = [send(browser, OTHER_PASSWORD).status_code for browser in browsers]
    assert statuses == [422] * 10 + [429] * 2
    another = browser_of(app)
    log_in(another, "other@example.com")
    assert send(another).status_code == 303


def test_many_accounts_are_slowed_by_where_it_comes_from(app: Flask) -> None:
    statuses = []
    allowed, each = allowed_by(rate_limits.LOGIN_PER_CLIENT), allowed_by(rate_limits.LOGIN_PER_ACCOUNT)
    for number in range(allowed // each + 1):
        customer_id, browser = add_customer(app, f"nr.{number}@example.com"), browser_of(app)
        enter(app, browser, customer_id)
        statuses += [send(browser, OTHER_PASSWORD).status_code for _ in range(each)]
    assert statuses == [422] * allowed + [429] * each


@pytest.mark.parametrize("target", ["//evil.example", ""])
def test_the_confirmation_redirects_to_no_other_site(app: Flask, client: FlaskClient, stale: int, target: str) -> None:
    page = open_page(client, f"{CONFIRM}?next={target}")
    assert page.one("main input[name=next]")["value"] == "/account"
    assert send(client, target=target).headers["Location"] == "/account"


def test_the_app_is_offered_to_who_is_connected(app: Flask, client: FlaskClient, stale: int) -> None:
    assert not open_page(client, CONFIRM).select("form[action='/account/confirm/vipps']")
    response = post(client, f"{CONFIRM}/vipps", {"next": GUARDED}, form_on=CONFIRM)
    assert (response.status_code, response.headers["Location"]) == (303, TO_GUARDED)
    enter(app, client, add_customer(app, "connected@example.com", vipps=True))
    form = open_page(client, TO_GUARDED).one("form[action='/account/confirm/vipps']")
    assert form.select("input[name=next]")[0]["value"] == GUARDED
