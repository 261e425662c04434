"""The password of who is logged in: the present one is asked for, other browsers are logged out."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import browser_of, open_page, post
from tests.customers.steps import (
    EMAIL,
    PASSWORD,
    activity_of,
    add_customer,
    copy_of,
    enter,
    is_logged_in,
    log_in_by_form,
    mails,
)

NEW = "three green tents"
FORM = "/account/password"


def test_the_change_keeps_this_browser_and_ends_the_others(app: Flask, client: FlaskClient) -> None:
    customer_id, other = add_customer(app), browser_of(app)
    log_in_by_form(client)
    log_in_by_form(other)
    thief = copy_of(app, client)
    response = post(client, FORM, {"current": PASSWORD, "password": NEW}, form_on=FORM)
    assert (response.status_code, response.headers["Location"]) == (303, "/account")
    assert "Your password is changed" in open_page(client, "/account").text
    assert not is_logged_in(other)
    assert not is_logged_in(thief)
    assert activity_of(app, customer_id)[-1] == ("password_set", None)
    assert log_in_by_form(other, password=NEW).status_code == 303
    assert [mail.kind for mail in mails(app)] == ["password_set"]


@pytest.mark.parametrize(
    ("current", "new", "words"),
    [
        ("a wrong one", NEW, "not your current password"),
        ("", NEW, "Enter your current password"),
        (PASSWORD, "short", "at least 8"),
        (PASSWORD, "tuva.lien 12", "your email address in the password"),
    ],
)
def test_what_is_not_right_changes_nothing(app: Flask, client: FlaskClient, current: str, new: str, words: str) -> None:
    add_customer(app)
    log_in_by_form(client)
    response = post(client, FORM, {"current": current, "password": new}, form_on=FORM)
    assert response.status_code == 422
    assert words in response.text
    assert is_logged_in(client)
    assert log_in_by_form(browser_of(app)).status_code == 303
    assert mails(app) == []


def test_being_logged_in_is_not_enough_to_add_a_password(app: Flask, client: FlaskClient) -> None:
    enter(app, client, add_customer(app, password=None, vipps=True))
    page = open_page(client, FORM)
    assert page.h1 == "Set a password"
    assert not page.select("main input[type=password]")
    assert post(client, FORM, {"current": "", "password": NEW}, form_on=FORM).status_code == 422
    assert post(client, FORM, {"current": "\0no password", "password": NEW}, form_on=FORM).status_code == 422
    assert log_in_by_form(browser_of(app), password=NEW).status_code == 422


def test_a_first_password_is_set_by_a_mailed_link(app: Flask, client: FlaskClient) -> None:
    enter(app, client, add_customer(app, password=None, vipps=True))
    response = post(client, "/account/password/link", form_on=FORM, follow_redirects=True)
    assert f"We have sent a link to {EMAIL}" in response.text
    assert [mail.kind for mail in mails(app)] == ["reset_password"]


def test_without_a_confirmed_address_there_is_nothing_to_send(app: Flask, client: FlaskClient) -> None:
    enter(app, client, add_customer(app, None, password=None, vipps=True))
    page = open_page(client, FORM)
    assert "add an email address first" in page.text
    assert not page.select("main form")
    assert page.select("main a.button")[0]["href"] == "/account/email"
