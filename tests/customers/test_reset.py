"""A forgotten password: the same answer for every address, a link that works once, and every session ended."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Customer, EmailToken
from app.customers.passwords import hashing
from app.database import db, utcnow
from app.tokens import secret_hash
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    add_customer,
    get_customer,
    is_logged_in,
    link_in,
    log_in_by_form,
    mails,
    open_sessions,
    without_token,
)

NEW = "three green tents"


def ask(client: FlaskClient, email: str = EMAIL) -> Any:
    """Ask for a link."""
    return post(client, "/password/forgot", {"email": email}, form_on="/password/forgot")


def link_for(app: Flask, client: FlaskClient, email: str = EMAIL) -> str:
    """Ask for a link and take it out of the newest mail."""
    ask(client, email)
    return link_in(mails(app, "reset_password", to=email)[-1], "password/reset")


def test_the_link_sets_a_new_password_and_logs_in(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    link = link_for(app, client)
    assert open_page(client, link).one("main input[type=password]")["autocomplete"] == "new-password"
    response = post(client, link, {"password": NEW}, form_on=link)
    assert (response.status_code, response.headers["Location"]) == (303, "/account")
    assert "Your new password is set" in open_page(client, "/account").text
    assert log_in_by_form(browser_of(app), password=NEW).status_code == 303
    assert log_in_by_form(browser_of(app), password=PASSWORD).status_code == 422


def test_every_session_ends_and_the_owner_is_told(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    intruder = browser_of(app)
    log_in_by_form(intruder)
    link = link_for(app, client)
    post(client, link, {"password": NEW}, form_on=link)
    assert not is_logged_in(intruder)
    assert open_sessions(app, customer_id) == 1
    assert [mail.kind for mail in mails(app)] == ["reset_password", "password_set"]


def test_every_other_open_link_ends_too(app: Flask, client: FlaskClient) -> None:
    add_customer(app, confirmed=False)
    log_in_by_form(client)
    confirm = link_in(mails(app, "confirm_address")[0], "confirm")
    link = link_for(app, client)
    post(client, link, {"password": NEW}, form_on=link)
    assert browser_of(app).get(confirm).status_code == 410


def test_the_answer_is_the_same_for_every_address(app: Flask) -> None:
    add_customer(app)
    add_customer(app, "vipps.only@example.com", password=None, vipps=True)
    add_customer(app, "not.theirs@example.com", password=None, vipps=True, confirmed=False)
    answers = set()
    for email in (EMAIL, "vipps.only@example.com", "not.theirs@example.com", "unknown.here@example.com"):
        browser = browser_of(app)
        response = ask(browser, email)
        landing = without_token(browser.get(response.headers["Location"]).text)
        answers.add((response.status_code, response.headers["Location"], response.text, landing))
    assert len(answers) == 1
    assert mails(app, to="unknown.here@example.com") == []


def test_who_only_has_vipps_hears_how_to_log_in_and_may_set_a_password(app: Flask, client: FlaskClient) -> None:
    add_customer(app, password=None, vipps=True)
    link = link_for(app, client)
    assert "you log in with Vipps" in mails(app)[0].body
    post(client, link, {"password": NEW}, form_on=link)
    assert log_in_by_form(browser_of(app), password=NEW).status_code == 303


def test_a_mailbox_that_was_never_proved_opens_no_vipps_account(app: Flask, client: FlaskClient) -> None:
    add_customer(app, password=None, vipps=True, confirmed=False)
    ask(client)
    assert mails(app) == []


def test_a_reset_confirms_the_address_and_drives_out_who_registered_with_it(app: Flask, client: FlaskClient) -> None:
    add_customer(app, password=OTHER_PASSWORD, confirmed=False)
    link = link_for(app, client)
    post(client, link, {"password": NEW}, form_on=link)
    customer = get_customer(app)
    assert customer is not None
    assert customer.email_verified_at is not None
    assert not hashing.matches(OTHER_PASSWORD, customer.password_hash)


def test_a_link_works_once(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    link = link_for(app, client)
    post(client, link, {"password": NEW}, form_on=link)
    again = browser_of(app)
    assert open_page(again, link, status=410).h1 == "This link no longer works"
    assert post(again, link, {"password": "a fourth blue tent"}).status_code == 410
    assert log_in_by_form(again, password=NEW).status_code == 303


def test_of_two_at_the_same_moment_one_sets_the_password(either_app: Flask) -> None:
    customer_id = add_customer(either_app)
    link = link_for(either_app, browser_of(either_app))
    browsers = [browser_of(either_app) for _ in range(4)]
    tokens = [open_page(browser, link).csrf_token() for browser in browsers]
    start, statuses = threading.Barrier(len(browsers)), []

    def go(number: int) -> None:
        start.wait()
        data = {"password": f"{NEW} {number}", "csrf_token": tokens[number]}
        statuses.append(browsers[number].post(link, data=data).status_code)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(len(browsers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 410, 410, 410]
    assert open_sessions(either_app, customer_id) == 1


def test_a_link_works_for_an_hour(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    link = link_for(app, client)
    token = open_page(client, link).csrf_token()
    with time_machine.travel(utcnow() + timedelta(hours=1, seconds=1), tick=False):
        assert client.get(link).status_code == 410
        assert client.post(link, data={"password": NEW, "csrf_token": token}).status_code == 410
    assert log_in_by_form(client).status_code == 303


def test_only_the_newest_link_works(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    first, second = link_for(app, client), link_for(app, client)
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_a_link_of_one_account_changes_no_other(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    add_customer(app, "other@example.com")
    link = link_for(app, client)
    log_in_by_form(client, "other@example.com")
    post(client, link, {"password": NEW, "email": "other@example.com"}, form_on=link)
    assert log_in_by_form(browser_of(app), "other@example.com").status_code == 303
    assert log_in_by_form(browser_of(app), password=NEW).status_code == 303


def test_a_link_dies_with_the_address_it_was_for(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    link = link_for(app, client)
    token = open_page(client, link).csrf_token()
    with app.app_context():
        db.session.get_one(Customer, customer_id).email = "changed@example.com"
        db.session.commit()
    assert client.post(link, data={"password": NEW, "csrf_token": token}).status_code == 410


def test_looking_at_a_link_uses_nothing_up(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    link = link_for(app, client)
    for _ in range(3):
        browser_of(app).get(link)
    assert post(client, link, {"password": NEW}, form_on=link).status_code == 303


@pytest.mark.parametrize("weak", ["short", "password123", "tuva.lien.tuva", ""])
def test_a_weak_password_is_refused_and_the_link_still_works(app: Flask, client: FlaskClient, weak: str) -> None:
    add_customer(app)
    link = link_for(app, client)
    assert post(client, link, {"password": weak}, form_on=link).status_code == 422
    assert post(client, link, {"password": NEW}, form_on=link).status_code == 303


def test_the_token_is_kept_as_a_hash(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    token = link_for(app, client).rpartition("/")[2]
    assert len(token) == 43
    with app.app_context():
        (proof,) = db.session.scalars(select(EmailToken))
        assert proof.token_hash == secret_hash(token)


@pytest.mark.parametrize("token", ["x", "A" * 43, "A" * 5000, "%00", "%ff"])
def test_a_guessed_link_is_a_page_and_not_a_crash(client: FlaskClient, token: str) -> None:
    assert open_page(client, f"/password/reset/{token}", status=410).h1 == "This link no longer works"
    assert post(client, f"/password/reset/{token}", {"password": NEW}).status_code == 410
