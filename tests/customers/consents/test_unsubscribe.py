"""The link that ends a mail: one press, logged out, as often as it is pressed, for one customer only."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer
from sqlalchemy import text, update

from app.about import NAME
from app.customers.accounts import registration
from app.customers.consents import ledger, unsubscribe
from app.customers.models import Customer
from app.database import db, utcnow
from app.mail import compose
from tests.conftest import browser_of, open_page, post
from tests.customers.consents.steps import answers_of, ledger_of
from tests.customers.steps import EMAIL, activity_of, add_answer, add_customer

UNKNOWN = "We do not know this link"
STOPPED = "You are unsubscribed"


@pytest.fixture
def customer_id(app: Flask) -> int:
    """Return a customer who has said yes to mail."""
    customer_id = add_customer(app)
    add_answer(app, customer_id, "email", True)
    return customer_id


def path_for(app: Flask, customer_id: int, consent_id: str = "email") -> str:
    with app.test_request_context():
        return f"/unsubscribe/{unsubscribe.token_for(db.session.get_one(Customer, customer_id), consent_id)}"


def signed(app: Flask, value: Any, salt: str = unsubscribe.SALT) -> str:
    """Return the path of a token signed with the key."""
    key = app.extensions["settings"].signing_key
    return f"/unsubscribe/{URLSafeSerializer(key, salt=salt).dumps(value)}"


def test_opening_the_link_changes_nothing_and_shows_nothing_personal(app: Flask, customer_id: int) -> None:
    page = open_page(browser_of(app), path_for(app, customer_id))
    assert page.h1 == "Unsubscribe?"
    assert "Email" in page.text
    for personal in (EMAIL, "Tuva", "Lien"):
        assert personal not in page.html
    assert [granted for _id, granted, _source in answers_of(app)] == [True]


def test_the_button_withdraws_at_once_without_a_login(app: Flask, client: FlaskClient, customer_id: int) -> None:
    path = path_for(app, customer_id)
    response = post(client, path, form_on=path)
    assert response.status_code == 200
    assert STOPPED in response.text
    assert EMAIL not in response.text
    assert answers_of(app) == [("email", True, "vipps_login"), ("email", False, "unsubscribe")]
    row = ledger_of(app)[-1]
    assert row.text == f"Send me news and offers from {NAME} by email."
    assert activity_of(app, customer_id) == [("consent_withdrawn", "mail")]


def test_a_mail_program_presses_it_without_cookie_or_token(app: Flask, customer_id: int) -> None:
    """RFC 8058, section 3.2: a POST with `List-Unsubscribe=One-Click`, without cookies, from any sender."""
    for _ in range(3):
        client = app.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "cross-site"
        response = client.post(path_for(app, customer_id), data={"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
    assert [granted for _id, granted, _source in answers_of(app)] == [True, False]
    assert len(activity_of(app, customer_id)) == 1


def test_it_ends_the_one_channel_and_not_the_others(app: Flask, client: FlaskClient, customer_id: int) -> None:
    add_answer(app, customer_id, "sms", True)
    client.post(path_for(app, customer_id, "email"))
    assert answers_of(app)[-1] == ("email", False, "unsubscribe")
    client.post(path_for(app, customer_id, "sms"))
    assert answers_of(app)[-1] == ("sms", False, "unsubscribe")


def test_it_ends_what_was_given_again_and_what_was_never_given(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    for _ in range(2):
        client.post(path_for(app, customer_id))
        add_answer(app, customer_id, "email", True)
    client.post(path_for(app, customer_id))
    assert [granted for _id, granted, _source in answers_of(app)] == [False, True, False, True, False]


def test_a_blocked_customer_can_end_it_too(app: Flask, client: FlaskClient, customer_id: int) -> None:
    with app.test_request_context():
        registration.block(db.session.get_one(Customer, customer_id))
        db.session.commit()
    assert client.post(path_for(app, customer_id)).status_code == 200
    assert answers_of(app)[-1] == ("email", False, "unsubscribe")


def test_a_forged_link_does_nothing_and_gets_a_calm_page(app: Flask, client: FlaskClient, customer_id: int) -> None:
    sound = path_for(app, customer_id)
    with app.app_context():
        birth = unsubscribe._created(db.session.get_one(Customer, customer_id))
    forged = [
        sound[:-9] + ("A" if sound[-9] != "A" else "B") + sound[-8:],  # the very last character has spare bits
        sound[:30],
        sound + "x" * 600,
        "/unsubscribe/x",
        "/unsubscribe/%00",
        signed(app, [customer_id, "email", birth], salt="another"),
        signed(app, [customer_id, "email", birth + 1]),
        signed(app, [customer_id, "cf_accept_terms", birth]),
        signed(app, [customer_id + 1, "email", birth]),
    ]
    for path in forged:
        assert open_page(client, path, 404).h1 == UNKNOWN, path
        assert UNKNOWN in client.post(path).text
    assert len(ledger_of(app)) == 1


def test_a_deleted_customers_link_is_unknown(app: Flask, client: FlaskClient, customer_id: int) -> None:
    """Even when the number is another's, as it can be after a backup was restored."""
    path = path_for(app, customer_id)
    with app.test_request_context():
        customer = db.session.get_one(Customer, customer_id)
        ledger.erase(customer, "a pseudonym", utcnow())
        db.session.delete(customer)
        db.session.commit()
    assert open_page(client, path, 404).h1 == UNKNOWN
    again = add_customer(app)
    with app.app_context():
        db.session.execute(text("DELETE FROM customer_name_word"))  # they have the number too
        db.session.execute(update(Customer).where(Customer.id == again).values(id=customer_id))
        db.session.commit()
    assert client.post(path).status_code == 404
    assert answers_of(app, customer_id) == []


def test_a_marketing_mail_has_the_headers_of_a_one_click(app: Flask, customer_id: int) -> None:
    with app.test_request_context():
        headers = unsubscribe.headers(db.session.get_one(Customer, customer_id), "email")
        message = compose(app.extensions["settings"], EMAIL, "News", "Hello.", headers)
    link = f"<http://localhost:8000{path_for(app, customer_id)}>"
    assert message["List-Unsubscribe"] == link
    wire = message.as_bytes().decode()
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n" in wire
    assert link in wire.replace("\n ", ""), "the link must not be encoded or cut"


def test_its_pages_are_kept_out_of_every_cache(app: Flask, customer_id: int) -> None:
    path = path_for(app, customer_id)
    for response in (app.test_client().get(path), app.test_client().post(path)):
        assert response.headers["Cache-Control"] == "no-store"
