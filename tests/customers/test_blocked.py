"""A blocked account: no login works, sessions end, and only the correct password shows why."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Customer
from app.database import db, utcnow
from tests.conftest import post
from tests.customers.steps import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    activity_of,
    add_customer,
    get_customer,
    is_logged_in,
    link_in,
    log_in_by_form,
    mails,
    open_sessions,
    register,
    without_token,
)
from tests.pages import check_page

FORGOT = "/password/forgot"


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=list(arguments))


def block(app: Flask, email: str = EMAIL) -> None:
    assert run(app, "block", email).exit_code == 0


def test_the_right_password_is_told_in_words(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    block(app)
    response = log_in_by_form(client)
    assert response.status_code == 403
    page = check_page(response)
    assert page.h1 == "This account is blocked for now"
    assert len(page.one("main .number").get_text()) == 9
    assert not is_logged_in(client)


def test_a_wrong_password_learns_nothing(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    add_customer(app, "open@example.com")
    block(app)
    answers = set()
    for email in (EMAIL, "open@example.com", "unknown@example.com"):
        response = log_in_by_form(client, email, OTHER_PASSWORD)
        answers.add((response.status_code, without_token(response.text).replace(email, "")))
    assert len(answers) == 1


def test_an_address_that_was_never_confirmed_makes_no_difference(app: Flask, client: FlaskClient) -> None:
    register(client)
    block(app)
    assert log_in_by_form(client).status_code == 403
    assert register(client, password=OTHER_PASSWORD).status_code == 303
    assert [mail.kind for mail in mails(app)] == ["confirm_address", "blocked", "already_registered"]


def test_blocking_ends_open_sessions(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    log_in_by_form(client)
    block(app)
    assert not is_logged_in(client)
    assert open_sessions(app, customer_id) == 0


def test_a_session_that_was_left_open_opens_nothing(app: Flask, client: FlaskClient) -> None:
    """The block itself is asked at every request, not only the sessions that it ended."""
    customer_id = add_customer(app)
    log_in_by_form(client)
    with app.app_context():
        db.session.get_one(Customer, customer_id).blocked_at = utcnow()
        db.session.commit()
    assert open_sessions(app, customer_id) == 1
    assert not is_logged_in(client)


def test_no_link_to_reset_is_mailed_and_the_answer_is_the_same(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    block(app)
    response = post(client, FORGOT, {"email": EMAIL}, form_on=FORGOT)
    assert (response.status_code, response.headers["Location"]) == (303, "/password/sent")
    assert mails(app, "reset_password") == []


@pytest.mark.parametrize("kind", ["reset", "confirm", "email"])
def test_a_link_from_before_opens_nothing(app: Flask, client: FlaskClient, kind: str) -> None:
    if kind == "confirm":
        register(client)
        link = link_in(mails(app)[0], "confirm")
    elif kind == "reset":
        add_customer(app)
        post(client, FORGOT, {"email": EMAIL}, form_on=FORGOT)
        link = link_in(mails(app)[0], "password/reset")
    else:
        add_customer(app)
        log_in_by_form(client)
        post(client, "/account/email", {"email": "new@example.com"}, form_on="/account/email")
        link = link_in(mails(app, to="new@example.com")[0], "account/email")
    block(app)
    response = post(client, link, {"password": OTHER_PASSWORD}, follow_redirects=True)
    assert response.status_code == 410 or "Log in" in response.text
    assert not is_logged_in(client)
    run(app, "unblock", EMAIL)
    log_in_by_form(client)
    assert post(client, link, {"password": OTHER_PASSWORD}).status_code == 410


@pytest.mark.parametrize("kind", ["reset", "confirm"])
def test_a_link_that_was_left_open_opens_nothing(app: Flask, client: FlaskClient, kind: str) -> None:
    """The rules ask for the block themselves, should a link ever outlive it."""
    if kind == "confirm":
        register(client)
        link = link_in(mails(app)[0], "confirm")
    else:
        add_customer(app)
        post(client, FORGOT, {"email": EMAIL}, form_on=FORGOT)
        link = link_in(mails(app)[0], "password/reset")
    with app.app_context():
        db.session.scalars(select(Customer)).one().blocked_at = utcnow()
        db.session.commit()
    assert post(client, link, {"password": OTHER_PASSWORD}, form_on=link).status_code == 410
    assert not is_logged_in(client)


def test_an_account_that_is_opened_again_is_as_it_was(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    log_in_by_form(client)
    block(app)
    assert run(app, "unblock", EMAIL).output == "The account is open again.\n"
    assert not is_logged_in(client)
    assert log_in_by_form(client, EMAIL, PASSWORD).status_code == 303
    assert [mail.kind for mail in mails(app)] == ["blocked", "unblocked"]
    assert activity_of(app, customer_id) == [
        ("logged_in", "password"),
        ("blocked", None),
        ("unblocked", None),
        ("logged_in", "password"),
    ]


@pytest.mark.parametrize("command", ["block", "unblock"])
@pytest.mark.parametrize("email", ["unknown@example.com", "no address", ""])
def test_the_command_says_when_no_customer_has_the_address(app: Flask, command: str, email: str) -> None:
    add_customer(app)
    result = run(app, command, email)
    assert result.exit_code == 1
    assert result.output == "Error: no account has this email address\n"
    assert getattr(get_customer(app), "blocked_at", "") is None


def test_the_command_takes_an_address_in_any_case(app: Flask) -> None:
    add_customer(app)
    assert run(app, "block", EMAIL.upper()).output == "The account is blocked.\n"
    assert getattr(get_customer(app), "blocked_at", None) is not None
