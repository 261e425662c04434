"""What Vipps changed and the customer is asked about: side by side, field by field, once."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Activity
from app.database import db
from tests.conftest import browser_of, open_page
from tests.customers.profile_steps import (
    NEW_HOME,
    PROFILE,
    add_linked,
    changes_of,
    decide,
    enter,
    looking_at,
    own_values,
    proposed,
    refresh,
    save,
    says,
    states,
)
from tests.customers.steps import add_customer, mails


@pytest.fixture
def kari(app: Flask, client: FlaskClient) -> int:
    customer_id = add_linked(app)
    enter(app, client, customer_id)
    return customer_id


def test_old_and_new_stand_side_by_side(app: Flask, client: FlaskClient, kari: int) -> None:
    refresh(app, kari, says(name="Kari Berg", phone_number="4790000099", addresses=(NEW_HOME,)))
    page = open_page(client, PROFILE)
    assert proposed(page) == {
        "Name": ["Kari Nordfjell", "Kari Berg"],
        "Phone": ["+47 900 00 011", "+47 900 00 099"],
        "Delivery address": ["Fjordveien 12 Unit B5 5003 BERGEN", "Nyveien 1 7010 TRONDHEIM"],
    }
    assert len(page.select(f'form[action="{PROFILE}/proposals"] button')) == 1


def test_the_customer_chooses_field_by_field(either_app: Flask) -> None:
    client = browser_of(either_app)
    customer_id = add_linked(either_app)
    enter(either_app, client, customer_id)
    refresh(either_app, customer_id, says(name="Kari Berg", family_name="Berg", phone_number="4790000099"))
    with either_app.app_context():
        name, number = (change.id for change in changes_of(customer_id))
    assert decide(client, **{f"c{name}": "take", f"c{number}": "keep"}).location == PROFILE
    assert states(either_app, customer_id) == [("name", "accepted"), ("phone_number", "declined")]
    kept = own_values(either_app, customer_id)
    assert (kept["name"], kept["given_name"], kept["family_name"]) == ("Kari Berg", "Kari", "Berg")
    assert kept["phone_number"] == "4790000011"
    page = open_page(client, PROFILE)
    assert "Your choice is saved" in page.text
    assert not page.select(".proposal")
    with either_app.app_context():
        assert {change.decided_at is not None for change in changes_of(customer_id)} == {True}
        mine = select(Activity.kind).where(Activity.customer_id == customer_id)
        assert db.session.scalars(mine).all() == ["profile_changed"]


@pytest.mark.parametrize("claims", [{"phone_number": "4790000099"}, {"addresses": (NEW_HOME,)}])
def test_a_number_or_address_that_is_taken_is_the_customers(
    app: Flask, client: FlaskClient, kari: int, claims: dict[str, Any]
) -> None:
    refresh(app, kari, says(**claims))
    decide(client, c1="take")
    with looking_at(app, kari) as customer:
        assert customer.phone_verified_at is not None
        if "addresses" in claims:
            assert customer.address is not None
            assert customer.address["street"] == "Nyveien 1"
        else:
            assert customer.phone_number == "4790000099"


def test_what_is_left_open_is_asked_again(app: Flask, client: FlaskClient, kari: int) -> None:
    refresh(app, kari, says(name="Kari Berg"))
    decide(client)
    page = open_page(client, PROFILE)
    assert "You chose nothing" in page.text
    assert list(proposed(page)) == ["Name"]


def test_the_same_form_twice_changes_nothing_more(app: Flask, client: FlaskClient, kari: int) -> None:
    refresh(app, kari, says(name="Kari Berg"))
    decide(client, c1="take")
    save(client, name="Kari Dal")
    assert decide(client, c1="take").location == PROFILE
    assert decide(client, c1="keep").location == PROFILE
    assert own_values(app, kari)["name"] == "Kari Dal"
    assert states(app, kari)[0] == ("name", "accepted")


def test_a_question_that_was_replaced_cannot_be_answered(app: Flask, client: FlaskClient, kari: int) -> None:
    refresh(app, kari, says(name="Kari Berg"))
    refresh(app, kari, says(name="Kari Dal"))
    decide(client, c1="take")
    assert own_values(app, kari)["name"] == "Kari Nordfjell"
    assert proposed(open_page(client, PROFILE)) == {"Name": ["Kari Nordfjell", "Kari Dal"]}


@pytest.mark.parametrize(
    "choices",
    [
        {"c1": "take"}, {"c1": "take", "c2": "take"}, {"c999": "take"}, {"c2": "perhaps"}, {"c2x": "take"},
        {"c٢": "take"},
    ],
)  # fmt: skip
def test_another_customers_question_counts_as_none(app: Flask, client: FlaskClient, choices: dict[str, str]) -> None:
    other = add_linked(app, email="other@example.com")
    refresh(app, other, says(name="Kari Berg"))
    customer_id = add_linked(app)
    enter(app, client, customer_id)
    refresh(app, customer_id, says(name="Kari Dal"))
    assert decide(client, **choices).status_code == 404
    assert [own_values(app, each)["name"] for each in (other, customer_id)] == ["Kari Nordfjell", "Kari Nordfjell"]
    assert states(app, other) == states(app, customer_id) == [("name", "proposed")]


def test_without_a_link_an_old_question_cannot_be_answered(app: Flask, client: FlaskClient, kari: int) -> None:
    refresh(app, kari, says(email="kari.berg@example.com"))
    with looking_at(app, kari) as customer:
        db.session.delete(customer.vipps_links[0])
        db.session.commit()
    decide(client, c1="take")
    assert own_values(app, kari)["email"] == "kari@example.com"
    assert not open_page(client, PROFILE).select(".proposal")


def test_a_new_address_to_log_in_with_is_taken_and_the_old_one_told(either_app: Flask) -> None:
    client = browser_of(either_app)
    customer_id = add_linked(either_app)
    enter(either_app, client, customer_id)
    refresh(either_app, customer_id, says(email="kari.berg@example.com"))
    with either_app.app_context():
        number = changes_of(customer_id)[0].id
    assert "we send a notice to the old address" in open_page(client, PROFILE).text
    decide(client, **{f"c{number}": "take"})
    assert own_values(either_app, customer_id)["email"] == "kari.berg@example.com"
    assert [mail.kind for mail in mails(either_app, to="kari@example.com")] == ["email_changed"]


def test_an_address_that_was_taken_meanwhile_is_flagged(either_app: Flask) -> None:
    client = browser_of(either_app)
    customer_id = add_linked(either_app)
    enter(either_app, client, customer_id)
    refresh(either_app, customer_id, says(email="kari.berg@example.com"))
    with either_app.app_context():
        number = changes_of(customer_id)[0].id
    add_customer(either_app, "kari.berg@example.com", None)
    decide(client, **{f"c{number}": "take"})
    page = open_page(client, PROFILE)
    assert "belongs to another account here, so this account keeps its own" in page.text
    assert "Your choice is saved" not in page.text
    assert own_values(either_app, customer_id)["email"] == "kari@example.com"
    assert states(either_app, customer_id) == [("email", "held_elsewhere")]
    assert mails(either_app, to="kari@example.com") == []
    assert "That email address belongs to another account" in page.one(".profile > .notice").get_text()
    assert "kari.berg@example.com" in page.one(".profile > .notice").get_text()


def test_what_the_customer_has_by_now_needs_no_asking(app: Flask, client: FlaskClient, kari: int) -> None:
    refresh(app, kari, says(name="Kari Berg"))
    save(client, name="Kari Berg")
    assert not open_page(client, PROFILE).select(".proposal")
