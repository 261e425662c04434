"""Concurrent requests of several customers, or of one who clicks twice: real threads, on both databases."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import about
from app.database import db
from app.shop.models import Cart
from tests.conftest import browser_of, open_page
from tests.shop import steps
from tests.shop.steps import add_logged_in_customer, add_product, all_orders, cart_of, put_into_cart, stock_of, twins_of
from tests.threads import at_once


@pytest.fixture
def app(either_app: Flask) -> Flask:
    """Return a shop on SQLite, then one on PostgreSQL: one has a single writer, the other locks rows."""
    return either_app


def buyers(app: Flask, number: int, *products: str) -> list[Callable[[], Any]]:
    """Return calls that each place a different customer's order, with one of each product in the cart."""
    calls = []
    for each in range(number):
        browser = browser_of(app)
        add_logged_in_customer(app, browser, f"person{each}@example.com")
        for product in products if each % 2 else reversed(products):
            put_into_cart(browser, product)
        calls.append(partial(browser.post, "/checkout", data=steps.order_form(steps.checkout_page(browser))))
    return calls


def test_of_four_customers_who_want_the_last_one_exactly_one_gets_it(app: Flask) -> None:
    add_product(app, stock=1)
    add_product(app, "hat", stock=50)
    calls = buyers(app, 4, "mittens", "hat")
    places = [answer.location for answer in at_once(*calls)]
    assert sorted(place.split("/")[1] for place in places) == ["cart", "cart", "cart", "orders"]
    assert (len(all_orders(app)), stock_of(app), stock_of(app, "hat")) == (1, 0, 49)
    for call, place in zip(calls, places, strict=True):
        browser = call.func.__self__
        assert ("no longer have enough of “Mittens”" in browser.get("/cart").text) is (place == "/cart")
        assert cart_of(browser) == ({"hat": 1} if place == "/cart" else {})


def test_of_ten_customers_three_get_the_last_three(app: Flask) -> None:
    add_product(app, stock=3)
    places = [answer.location for answer in at_once(*buyers(app, 10, "mittens"))]
    assert sorted(place.split("/")[1] for place in places) == ["cart"] * 7 + ["orders"] * 3
    assert (len({order.customer_id for order in all_orders(app)}), stock_of(app)) == (3, 0)


def test_two_orders_of_the_same_products_do_not_deadlock(app: Flask) -> None:
    for slug in ("mittens", "hat"):
        add_product(app, slug, stock=50)
    assert [answer.status_code for answer in at_once(*buyers(app, 6, "mittens", "hat"))] == [303] * 6
    assert (len(all_orders(app)), stock_of(app), stock_of(app, "hat")) == (6, 44, 44)


def test_a_double_click_on_the_order_button_is_one_order(app: Flask) -> None:
    add_product(app, stock=10)
    browser = browser_of(app)
    add_logged_in_customer(app, browser)
    put_into_cart(browser, quantity="2")
    form = steps.order_form(steps.checkout_page(browser))
    answers = at_once(*[partial(twin.post, "/checkout", data=form) for twin in twins_of(browser, 3)])
    (place,) = {answer.location for answer in answers}
    assert place.startswith(f"/orders/{about.ORDER_PREFIX}-")
    assert (len(all_orders(app)), stock_of(app)) == (1, 8)


@pytest.mark.parametrize("had", [0, 1])
def test_concurrent_additions_of_a_product_are_all_counted_in_one_cart(app: Flask, had: int) -> None:
    add_product(app, stock=50)
    browser = browser_of(app)
    customer = add_logged_in_customer(app, browser)
    if had:
        put_into_cart(browser)
    data = {"product": "mittens", "quantity": "1", "csrf_token": open_page(browser, "/products/mittens").csrf_token()}
    at_once(*[partial(twin.post, "/cart/add", data=data) for twin in twins_of(browser, 4)])
    with app.app_context():
        assert len(db.session.scalars(select(Cart).where(Cart.customer_id == customer)).all()) == 1
    assert cart_of(browser) == {"mittens": had + 4}
