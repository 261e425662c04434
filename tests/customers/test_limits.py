"""Guessing is slow, mail is no weapon, and nobody is shut out of Vipps."""

from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import browser_of, open_page, post
from tests.customers.steps import EMAIL, OTHER_PASSWORD, PASSWORD, add_customer, log_in, mails, register

FORGOT = "/password/forgot"


def from_address(client: FlaskClient, address: str) -> FlaskClient:
    """Put a browser at another network address."""
    client.environ_base["REMOTE_ADDR"] = address
    return client


def test_guessing_at_one_account_is_slowed_wherever_it_comes_from(app: Flask) -> None:
    add_customer(app)
    browsers = [from_address(browser_of(app), f"10.0.0.{n}") for n in range(12)]
    written = [EMAIL, EMAIL.upper()] * 6
    statuses = [log_in(*pair, OTHER_PASSWORD).status_code for pair in zip(browsers, written, strict=True)]
    assert statuses == [422] * 10 + [429] * 2


def test_an_account_that_does_not_exist_is_counted_alike(app: Flask, client: FlaskClient) -> None:
    statuses = [log_in(client, "nobody@example.com").status_code for _ in range(12)]
    assert statuses == [422] * 10 + [429] * 2


def test_guessing_at_many_accounts_is_slowed_by_where_it_comes_from(app: Flask, client: FlaskClient) -> None:
    statuses = [log_in(client, f"nobody.{n}@example.com").status_code for n in range(32)]
    assert statuses == [422] * 30 + [429] * 2


def test_a_good_login_clears_nothing(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    for _ in range(5):
        log_in(client, password=OTHER_PASSWORD)
    assert log_in(client).status_code == 303
    other = browser_of(app)
    assert [log_in(other, password=OTHER_PASSWORD).status_code for _ in range(5)] == [422] * 4 + [429]


def test_the_page_says_when_to_try_again(app: Flask, client: FlaskClient) -> None:
    for _ in range(10):
        log_in(client)
    response = log_in(client)
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 15 * 60
    assert "A moment, please" in response.text


def test_another_account_and_vipps_stay_open(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    for _ in range(11):
        log_in(client, "nobody@example.com")
    assert open_page(client, "/login").select("a[href^='/login/vipps']")
    assert log_in(client).status_code == 303


def test_a_mailed_link_opens_the_account_while_its_password_form_is_under_attack(
    app: Flask, client: FlaskClient
) -> None:
    add_customer(app)
    attacker = from_address(browser_of(app), "10.0.0.1")
    while log_in(attacker, password=OTHER_PASSWORD).status_code != 429:
        pass
    assert log_in(client, password=PASSWORD).status_code == 429
    post(client, FORGOT, {"email": EMAIL}, form_on=FORGOT)
    link = mails(app)[0].body.partition("http://localhost:8000")[2]
    path = link[link.index("/password/reset") :].split()[0]
    assert post(client, path, {"password": "three green tents"}, form_on=path).status_code == 303


def test_mail_to_one_address_is_bounded(app: Flask) -> None:
    statuses = [register(from_address(browser_of(app), f"10.0.0.{n}"), password=PASSWORD).status_code for n in range(7)]
    assert statuses == [303] * 5 + [429] * 2
    assert len(mails(app)) == 5
    browsers = [from_address(browser_of(app), f"10.0.1.{n}") for n in range(7)]
    statuses = [post(each, FORGOT, {"email": EMAIL}, form_on=FORGOT).status_code for each in browsers]
    assert statuses == [303] * 5 + [429] * 2
