"""The customer's own address: the checkout offers it first, and a change does not affect placed orders."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.customers.models import Customer
from app.database import db
from tests.conftest import browser_of, open_page
from tests.customers.profile_steps import CABIN, HOME, NEW_HOME, OWN_HOME, WORK, add_linked, enter, refresh, says
from tests.pages import Page
from tests.shop import steps
from tests.shop.steps import add_product, all_orders, checkout_page, order_form, place_order, put_into_cart


def offered(page: Page) -> list[str]:
    return [" ".join(choice.get_text(" ").split()) for choice in page.select("#address .choice")]


def shopper(app: Flask, client: FlaskClient, **values: Any) -> int:
    """Return a linked customer who is logged in with this browser and has a product in the cart."""
    add_product(app, price=44_900)
    customer_id = add_linked(app, **values)
    enter(app, client, customer_id)
    put_into_cart(client)
    return customer_id


def test_the_own_address_is_offered_first_then_those_of_vipps_each_once(app: Flask, client: FlaskClient) -> None:
    customer_id = shopper(app, client, address=CABIN)
    page = checkout_page(client)
    assert offered(page) == [
        "Your stored address Hytteveien 8 2900 Fagernes", "Home Fjordveien 12 Unit B5 5003 BERGEN",
        "Work Verkstedgata 3 0250 OSLO", "Another address",
    ]  # fmt: skip
    assert [radio["value"] for radio in page.select('[name="address"][checked]')] == ["0"]
    place_order(client, address="0")
    assert all_orders(app)[0].address == ["Hytteveien 8", "2900 Fagernes"]
    with app.app_context():
        db.session.get_one(Customer, customer_id).address = {**OWN_HOME, "region": "Bergen"}
        db.session.commit()
    put_into_cart(client)
    assert offered(checkout_page(client)) == [
        "Your stored address Fjordveien 12 Unit B5 5003 Bergen", "Work Verkstedgata 3 0250 OSLO", "Another address",
    ]  # fmt: skip


def test_an_address_that_the_shop_cannot_send_to_is_completed_by_the_customer(app: Flask, client: FlaskClient) -> None:
    customer_id = shopper(app, client, address=None)
    changes: list[dict[str, str]] = [{"country": ""}, {"country": "DE"}, {"postal_code": "50"}, {"street": ""}]
    for change in changes:
        refresh(app, customer_id, says(addresses=(replace(HOME, **change),)))
        page = checkout_page(client)
        assert (offered(page), page.one("#region")["value"]) == ([], "BERGEN"), change
        assert place_order(client, address="0").status_code == 400
    assert all_orders(app) == []


def test_the_own_address_is_offered_without_vipps(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    customer_id = steps.add_logged_in_customer(app, client)
    with app.app_context():
        db.session.get_one(Customer, customer_id).address = CABIN
        db.session.commit()
    put_into_cart(client)
    assert offered(checkout_page(client)) == ["Your stored address Hytteveien 8 2900 Fagernes", "Another address"]
    place_order(client, address="0")
    assert all_orders(app)[0].address == ["Hytteveien 8", "2900 Fagernes"]


@pytest.mark.parametrize("policy", ["update", "ask", "keep"])
def test_a_placed_order_does_not_change_with_the_profile(either_app: Flask, policy: str) -> None:
    client = browser_of(either_app)
    customer_id = shopper(either_app, client, policy=policy)
    path = place_order(client, name="Kari Nordfjell", email="kari@example.com", phone="90000011", address="0").location
    news = says(
        name="Kari Berg", given_name="Karin", email="kari.berg@example.com", phone_number="4790000099",
        addresses=(NEW_HOME,),
    )  # fmt: skip
    assert len(refresh(either_app, customer_id, news).news) >= 4
    order = all_orders(either_app)[0]
    assert (order.name, order.email, order.phone) == ("Kari Nordfjell", "kari@example.com", "+47 900 00 011")
    assert order.address == ["Fjordveien 12", "Unit B5", "5003 BERGEN"]
    enter(either_app, client, customer_id)  # a new email address ends the other sessions
    assert "Fjordveien 12" in open_page(client, path).one("address").get_text(" ")


@pytest.mark.parametrize(("choice", "status"), [("0", 400), ("1", 400), ("other", 303)])
def test_an_address_of_a_list_that_changed_is_refused(
    app: Flask, client: FlaskClient, choice: str, status: int
) -> None:
    """The customer opened the form, then logged in in another window, and the login brought other addresses."""
    customer_id = shopper(app, client, address=None)
    form = order_form(checkout_page(client), address=choice)
    refresh(app, customer_id, says(addresses=(WORK, HOME)))
    response = client.post("/checkout", data=form)
    assert response.status_code == status
    assert ("Your addresses have changed" in response.text) == (status == 400)
    again = order_form(Page(response.text), address="0") if status == 400 else None
    if again:
        client.post("/checkout", data=again)
        assert all_orders(app)[0].address == ["Verkstedgata 3", "0250 OSLO"]


def test_a_pick_up_ignores_a_changed_list(app: Flask, client: FlaskClient) -> None:
    customer_id = shopper(app, client)
    form = order_form(checkout_page(client), address="0", delivery="pickup")
    refresh(app, customer_id, says(addresses=()))
    assert client.post("/checkout", data=form).status_code == 303
