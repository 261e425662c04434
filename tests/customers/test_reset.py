"""A forgotten password: the same answer for every address, a link that works once, and every session ended."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.customers.models import Customer
from app.customers.passwords import hashing
from app.database import db
from tests.conftest import browser_of, open_page, post
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
)
from tests.threads import at_once

NEW = "three green tents"


def ask(client: FlaskClient, email: str = EMAIL) -> Any:
    return post(client, "/password/forgot", {"email": email}, form_on="/password/forgot")


def link_for(app: Flask, client: FlaskClient, email: str = EMAIL) -> str:
    ask(client, email)
    return link_in(mails(app, "reset_password", to=email)[-1], "password/reset")


def test_the_link_sets_a_new_password_and_logs_in(app: Flask, client: FlaskClient) -> None:
    customer_id, intruder = add_customer(app), browser_of(app)
    log_in_by_form(intruder)
    link = link_for(app, client)
    for _ in range(2):  # looking uses nothing up: mail scanners open every link
        assert open_page(client, link).one("main input[type=password]")["autocomplete"] == "new-password"
    response = post(client, link, {"password": NEW}, form_on=link)
    assert (response.status_code, response.headers["Location"]) == (303, "/account")
    assert "Your new password is set" in open_page(client, "/account").text
    assert not is_logged_in(intruder)
    assert open_sessions(app, customer_id) == 1
    assert [mail.kind for mail in mails(app)] == ["reset_password", "password_set"]
    assert activity_of(app, customer_id)[1:] == [("password_set", None), ("logged_in", "mail")]
    assert open_page(client, link, 410).h1 == "This link no longer works"
    assert post(client, link, {"password": "a fourth blue tent"}, form_on="/account").status_code == 410
    assert log_in_by_form(browser_of(app), password=NEW).status_code == 303
    assert log_in_by_form(browser_of(app), password=PASSWORD).status_code == 422


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


def test_of_two_at_the_same_moment_one_sets_the_password(either_app: Flask) -> None:
    customer_id = add_customer(either_app)
    link = link_for(either_app, browser_of(either_app))
    browsers = [browser_of(either_app) for _ in range(4)]
    tokens = [open_page(browser, link).csrf_token() for browser in browsers]
    calls = [
        lambda n=n, b=b, t=t: b.post(link, data={"password": f"{NEW} {n}", "csrf_token": t}).status_code
        for n, (b, t) in enumerate(zip(browsers, tokens, strict=True))
    ]
    assert sorted(at_once(*calls)) == [303, 410, 410, 410]
    assert open_sessions(either_app, customer_id) == 1


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


@pytest.mark.parametrize("weak", ["short", "password123", "tuva.lien.tuva", ""])
def test_a_weak_password_is_refused_and_the_link_still_works(app: Flask, client: FlaskClient, weak: str) -> None:
    add_customer(app)
    link = link_for(app, client)
    assert post(client, link, {"password": weak}, form_on=link).status_code == 422
    assert post(client, link, {"password": NEW}, form_on=link).status_code == 303
