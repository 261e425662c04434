"""Guessing is slow, email cannot be abused, and no customer is shut out of Vipps."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from app.customers import rate_limits
from tests.conftest import allowed_by, browser_of, post
from tests.customers.steps import (
    EMAIL,
    OTHER_PASSWORD,
    PASSWORD,
    add_customer,
    enter,
    link_in,
    log_in_by_form,
    mails,
    register,
)
from tests.pages import check_page

FORGOT = "/password/forgot"


def from_address(client: FlaskClient, address: str) -> FlaskClient:
    """Put a browser at another network address."""
    client.environ_base["REMOTE_ADDR"] = address
    return client


def test_guessing_at_one_account_is_slowed_wherever_it_comes_from(app: Flask) -> None:
    add_customer(app)
    browsers = [from_address(browser_of(app), f"10.0.0.{n}") for n in range(12)]
    written = [EMAIL, EMAIL.upper()] * 6
    statuses = [log_in_by_form(*pair, OTHER_PASSWORD).status_code for pair in zip(browsers, written, strict=True)]
    assert statuses == [422] * 10 + [429] * 2


def test_guessing_at_many_accounts_is_slowed_by_where_it_comes_from(app: Flask, client: FlaskClient) -> None:
    allowed = allowed_by(rate_limits.LOGIN_PER_CLIENT)
    statuses = [log_in_by_form(client, f"unknown.{n}@example.com").status_code for n in range(allowed + 2)]
    assert statuses == [422] * allowed + [429] * 2


def test_a_good_login_clears_nothing(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    for _ in range(5):
        log_in_by_form(client, password=OTHER_PASSWORD)
    assert log_in_by_form(client).status_code == 303
    other = browser_of(app)
    assert [log_in_by_form(other, password=OTHER_PASSWORD).status_code for _ in range(5)] == [422] * 4 + [429]


def test_the_page_leads_to_the_ways_in_that_still_work(app: Flask, client: FlaskClient) -> None:
    for _ in range(10):
        log_in_by_form(client, next="/cart")
    page = check_page(log_in_by_form(client, next="/cart"))
    assert page.select("main a[href='/login/vipps?next=/cart']")
    assert page.select(f"main a[href='{FORGOT}']")


def test_a_mailed_link_opens_the_account_while_its_password_form_is_under_attack(
    app: Flask, client: FlaskClient
) -> None:
    add_customer(app)
    attacker = from_address(browser_of(app), "10.0.0.1")
    while log_in_by_form(attacker, password=OTHER_PASSWORD).status_code != 429:
        pass
    assert log_in_by_form(client, password=PASSWORD).status_code == 429
    post(client, FORGOT, {"email": EMAIL}, form_on=FORGOT)
    path = link_in(mails(app)[0], "password/reset")
    assert post(client, path, {"password": "three green tents"}, form_on=path).status_code == 303


def answers_of(response: Any) -> tuple[object, ...]:
    """Return what a stranger sees of an answer: all but the reference, the cookies' values and the time left."""
    random = ("X-RateLimit-Remaining", "X-RateLimit-Reset", "Set-Cookie", "X-Request-Id")
    headers = {name: value for name, value in response.headers if name not in random}
    return response.status_code, response.text, sorted(headers.items()), len(response.headers.getlist("Set-Cookie"))


def test_emails_to_one_address_are_limited_and_the_answer_does_not_show_it(app: Flask) -> None:
    add_customer(app, "owner@example.com")
    for email in (EMAIL, "owner@example.com"):
        browsers = [from_address(browser_of(app), f"10.0.0.{n}") for n in range(7)]
        answers = [answers_of(register(browser, email, OTHER_PASSWORD)) for browser in browsers]
        assert answers == [answers[0]] * 7
        assert len(mails(app, to=email)) == 5
    browsers = [from_address(browser_of(app), f"10.0.1.{n}") for n in range(7)]
    answers = [answers_of(post(each, FORGOT, {"email": EMAIL}, form_on=FORGOT)) for each in browsers]
    assert answers == [answers[0]] * 7
    assert answers[0][0] == 303
    assert len(mails(app, "reset_password")) == 5


def test_too_many_requests_do_not_revoke_the_owners_link(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    for n in range(8):
        post(from_address(browser_of(app), f"10.0.0.{n}"), FORGOT, {"email": EMAIL}, form_on=FORGOT)
    link = link_in(mails(app, "reset_password")[-1], "password/reset")
    assert post(client, link, {"password": "three green tents"}, form_on=link).status_code == 303


def test_emails_that_a_customer_asks_for_are_limited_too(app: Flask, client: FlaskClient) -> None:
    enter(app, client, add_customer(app, password=None, vipps=True))
    answers = [post(client, "/account/password/link", form_on="/account") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 6
    assert len(mails(app)) == 5
