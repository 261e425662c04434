"""What happens to an account while its password is being checked, or while the same form is sent twice."""

from typing import Any

import pytest
from flask import Flask
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
from tests.threads import at_once

CHANGE = "/account/password"


def while_it_is_checked(monkeypatch: pytest.MonkeyPatch, email: str = EMAIL, **changes: Any) -> None:
    """Change the account in another connection while a password is compared with its hash."""
    matches = hashing.matches

    def change_meanwhile(password: str, stored: str | None) -> bool:
        answer = matches(password, stored)
        with db.engine.begin() as elsewhere:
            elsewhere.execute(update(Customer).where(Customer.email == email).values(**changes))
        return answer

    monkeypatch.setattr(hashing, "matches", change_meanwhile)


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
    client, path = browser_of(either_app), "/account/delete"
    log_in(client)
    data = {"csrf_token": open_page(client, path).csrf_token()}
    twins = [browser_of(either_app) for _ in range(2)]
    for twin in twins:
        for name in ("session", "form"):
            twin.set_cookie(name, client.get_cookie(name).value)  # type: ignore[union-attr]  # logged in: it has both
    answers = at_once(*(lambda b=twin: b.post(path, data=data).location for twin in twins))  # type: ignore[misc]  # a bound default
    assert "/" in answers
    assert set(answers) <= {"/", "/login"}, "the later one may find no session"
    assert get_customer(either_app) is None
    assert [mail.kind for mail in mails(either_app)] == ["account_deleted"]
