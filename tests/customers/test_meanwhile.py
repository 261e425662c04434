"""What happens to an account while its password is being checked, or while the same form is sent twice."""

import threading
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.customers.models import Customer
from app.customers.passwords import hashing
from app.database import db, utcnow
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    add_customer,
    get_customer,
    is_logged_in,
    link_in,
    log_in,
    log_in_by_form,
    mails,
    open_sessions,
    register,
)

CHANGE = "/account/password"


def while_it_is_checked(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Change the account in another connection while a password is compared with its hash."""
    matches = hashing.matches

    def change_meanwhile(password: str, stored: str | None) -> bool:
        answer = matches(password, stored)
        with db.engine.begin() as elsewhere:
            elsewhere.execute(update(Customer).where(Customer.email == EMAIL).values(**changes))
        return answer

    monkeypatch.setattr(hashing, "matches", change_meanwhile)


def twice_at_once(app: Flask, client: FlaskClient, path: str, form_on: str) -> list[tuple[int, str | None]]:
    """Send a form twice at the same moment from one browser; returns the answers."""
    token, gate = open_page(client, form_on).csrf_token(), threading.Barrier(2)
    answers: list[tuple[int, str | None]] = []

    def send(browser: FlaskClient) -> None:
        gate.wait()
        response = browser.post(path, data={"csrf_token": token})
        answers.append((response.status_code, response.headers.get("Location")))

    browsers = [browser_of(app) for _ in range(2)]
    for browser in browsers:
        for name in ("session", "form"):
            cookie = client.get_cookie(name)
            assert cookie is not None
            browser.set_cookie(name, cookie.value)
    threads = [threading.Thread(target=send, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_an_old_password_does_not_log_in(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    customer_id, client = add_customer(either_app), browser_of(either_app)
    while_it_is_checked(monkeypatch, password_hash="another")
    assert log_in_by_form(client).status_code == 422
    assert open_sessions(either_app, customer_id) == 0


def test_a_block_counts_at_once(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    customer_id, client = add_customer(either_app), browser_of(either_app)
    while_it_is_checked(monkeypatch, blocked_at=utcnow())
    assert log_in_by_form(client).status_code == 403
    assert open_sessions(either_app, customer_id) == 0


def test_a_password_that_was_set_elsewhere_is_not_written_over(
    either_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_customer(either_app)
    client = browser_of(either_app)
    log_in(client)
    while_it_is_checked(monkeypatch, password_hash="another")
    response = post(client, CHANGE, {"current": PASSWORD, "password": OTHER_PASSWORD}, form_on=CHANGE)
    assert response.status_code == 422
    assert getattr(get_customer(either_app), "password_hash", None) == "another"


@pytest.mark.parametrize("changes", [{"password_hash": "another"}, {"blocked_at": utcnow()}], ids=["password", "block"])
def test_a_registration_that_became_another_is_not_confirmed(
    either_app: Flask, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    register(browser_of(either_app))
    link, client = link_in(mails(either_app)[0], "confirm"), browser_of(either_app)
    while_it_is_checked(monkeypatch, **changes)
    assert post(client, link, {"password": PASSWORD}, form_on=link).status_code == 410
    assert not is_logged_in(client)
    assert getattr(get_customer(either_app), "email_verified_at", "") is None


def test_an_account_that_is_deleted_twice_at_once_is_gone(either_app: Flask) -> None:
    add_customer(either_app)
    client = browser_of(either_app)
    log_in(client)
    assert twice_at_once(either_app, client, "/account/delete", "/account/delete") == [(303, "/")] * 2
    assert get_customer(either_app) is None
    assert [mail.kind for mail in mails(either_app)] == ["account_deleted"]
