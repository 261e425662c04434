"""Orders after the checkout: an order's page, the list, and that only their customer sees them."""

import re
from collections.abc import Callable
from importlib.util import find_spec

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from app import about
from app.customers.models import Customer
from app.database import db
from app.mail import Mail
from app.shop import orders
from app.shop.models import Order, Product
from app.shop.orders import PER_PAGE, new_number
from tests.conftest import browser_of, open_page
from tests.shop.steps import add_logged_in_customer, add_product, all_orders, place_order, put_into_cart


@pytest.mark.parametrize("demo", ["0", "1"])
def test_only_the_demo_calls_itself_one_from_cart_to_receipt(make_app: Callable[..., Flask], demo: str) -> None:
    app = make_app(DEMO=demo)
    client = browser_of(app)
    add_product(app)
    add_logged_in_customer(app, client)
    put_into_cart(client)
    texts = {path: open_page(client, path).text for path in ("/cart", "/checkout")}
    place_order(client)
    number = all_orders(app)[0].number
    with app.app_context():
        texts["receipt"] = db.session.scalars(select(Mail)).one().body
    pages = (f"/orders/{number}", "/orders", "/account", "/account/profile", "/account/consents", "/login", "/register")
    texts |= {path: open_page(client, path).text for path in pages if demo == "0"}
    if demo == "0":
        assert [where for where, text in texts.items() if "demo" in text.lower()] == []
    elif find_spec("demo"):
        assert all("This is a demo. No payment is made." in text for text in texts.values())


@pytest.fixture
def buyer(app: Flask, client: FlaskClient) -> FlaskClient:
    """Return a customer's browser in a shop with plenty of mittens."""
    add_product(app, stock=99)
    add_logged_in_customer(app, client)
    return client


def buy(client: FlaskClient, **changes: str) -> str:
    put_into_cart(client)
    return str(place_order(client, **changes).location)


def test_the_confirmation_lists_the_ordered_products(app: Flask, buyer: FlaskClient) -> None:
    page = open_page(buyer, buy(buyer))
    assert page.h1 == "Thank you, Tuva"
    for words in (all_orders(app)[0].number, "Bryggen 3", "5003 Bergen", "+47 912 34 567", "100,00 kr"):
        assert words in page.text
    assert about.STREET in open_page(buyer, buy(buyer, delivery="pickup")).one("main").get_text()


def test_each_of_two_customers_sees_their_own_orders_only(app: Flask, buyer: FlaskClient) -> None:
    other = browser_of(app)
    add_logged_in_customer(app, other, "odd@example.com")
    paths = {browser: [buy(browser) for _each in range(2)] for browser in (buyer, other)}
    for browser, mine in paths.items():
        listed = [link["href"] for link in open_page(browser, "/orders").select("tbody a")]
        assert sorted(map(str, listed)) == sorted(mine)


def test_an_invalid_order_number_is_not_found(buyer: FlaskClient) -> None:
    buy(buyer)
    for number in ("M-AAAA-AAAA", "1", "%00", "' OR 1=1", "x" * 3000):
        open_page(buyer, f"/orders/{number}", status=404)


def test_an_order_number_is_readable_and_not_guessable() -> None:
    numbers = {new_number() for _each in range(1000)}
    assert len(numbers) == 1000
    assert all(re.fullmatch(rf"{about.ORDER_PREFIX}(-[2-9B-DF-HJKM-NP-RTWX]{{4}}){{2}}", number) for number in numbers)


def test_the_order_list_has_pages_newest_first(app: Flask, buyer: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "MAX_ORDERS_PER_HOUR", PER_PAGE + 1)
    for _each in range(PER_PAGE + 1):
        buy(buyer)
    numbers = [order.number for order in reversed(all_orders(app))]
    first = open_page(buyer, "/orders")
    second = open_page(buyer, str(first.one('a[rel="next"]')["href"]))
    assert [link.get_text() for link in first.select("tbody a")] == numbers[:PER_PAGE]
    assert [link.get_text() for link in second.select("tbody a")] == numbers[PER_PAGE:]
    assert not second.select('a[rel="next"]')
    back = open_page(buyer, str(second.one('a[rel="prev"]')["href"]))
    assert [link.get_text() for link in back.select("tbody a")] == numbers[:PER_PAGE]
    open_page(buyer, "/orders?after=1", status=404)
    assert buyer.get("/orders?page=2").headers["Location"] == "/orders"  # an old bookmark


def test_an_order_outlives_its_products_and_its_customer(app: Flask, buyer: FlaskClient) -> None:
    path = buy(buyer)
    with app.app_context():
        db.session.execute(delete(Product))
        db.session.commit()
    assert "Mittens" in open_page(buyer, path).text
    with app.app_context():
        db.session.execute(delete(Customer))
        db.session.commit()
        assert db.session.scalars(select(Order.customer_id)).all() == [None]
