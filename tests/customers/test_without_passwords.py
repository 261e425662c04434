"""A shop without passwords (`PASSWORDS=0`): its routes are gone, and no refusal or email leads to them."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.customers.accounts import emails
from app.customers.linking.account_links import can_unlink
from app.customers.linking.next_actions import actions_after_refusal
from app.customers.models import Customer
from app.database import db
from app.vipps.purposes import LoginPurpose
from tests.conftest import browser_of, open_page
from tests.customers.steps import EMAIL, PASSWORD, add_customer, is_logged_in, log_in, mails
from tests.vipps_person import VippsPerson

GONE = ("/register", "/register/sent", "/confirm/x", "/password/forgot", "/password/sent", "/password/reset/x")


@pytest.fixture
def shop(make_app: Callable[..., Flask]) -> Flask:
    """Return a shop without passwords, whose customer has one from before."""
    app = make_app(PASSWORDS="0", DEMO="0")
    add_customer(app, vipps=True)
    return app


@pytest.fixture
def client(shop: Flask) -> FlaskClient:
    return browser_of(shop)


def test_no_password_route_answers(client: FlaskClient) -> None:
    assert {path: client.get(path).status_code for path in GONE} == dict.fromkeys(GONE, 404)
    log_in(client)
    token = open_page(client, "/account").csrf_token()
    for path in ("/register", "/login/password", "/password/forgot", "/account/password", "/account/confirm"):
        data = {"csrf_token": token, "email": EMAIL, "password": PASSWORD}
        assert client.post(path, data=data).status_code == 404, path


def test_a_refusal_and_an_email_name_no_password(shop: Flask) -> None:
    with shop.test_request_context():
        customer = db.session.get_one(Customer, 1)
        assert not customer.has_password
        assert not can_unlink(customer)
        for code in ("several_accounts", "other_subject", "members_only", "vipps_resting", "not_confirmed_in_app"):
            for who in (None, customer):
                actions = actions_after_refusal(code, who, "/", "REF", LoginPurpose.LOG_IN)
                assert [each for each in actions if "password" in each.href or "register" in each.href] == [], code
                assert actions, code
        emails.send(customer, "vipps_connected")
        emails.send(customer, "sharing_revoked")
        db.session.commit()
    assert [mail.kind for mail in mails(shop) if "assword" in mail.body] == []


def test_a_customer_logs_in_with_vipps_alone(make_app: Callable[..., Flask], simulator: str) -> None:
    app = make_app(demo=True, PASSWORDS="0", SIMULATOR_URL=simulator)
    vipps = VippsPerson(app, browser_of(app), simulator)
    assert vipps.log_in("gunnar").status_code == 303
    assert is_logged_in(vipps.browser)
