"""Several customers, or one with a nervous finger, at the same moment: real threads, on both databases."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app import about
from app.database import db
from app.shop.models import Cart
from tests.conftest import browser_of, open_page
from tests.shop.steps import (
    add_logged_in_customer,
    add_product,
    all_orders,
    cart_of,
    checkout_page,
    order_form,
    put_into_cart,
    stock_of,
)


@pytest.fixture
def app(either_app: Flask) -> Flask:
    """Return a shop on SQLite, then one on PostgreSQL: one has a single writer, the other locks rows."""
    return either_app


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run all calls in threads that start together, and return their results."""
    results: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(place: int, call: Callable[[], Any]) -> None:
        start.wait()
        results[place] = call()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_four_customers_who_want_the_last_one_exactly_one_gets_it(app: Flask) -> None:
    add_product(app, stock=1)
    add_product(app, "hat", stock=50)
    browsers = [browser_of(app) for _each in range(4)]
    for number, browser in enumerate(browsers):
        add_logged_in_customer(app, browser, f"person{number}@example.com")
        put_into_cart(browser, "mittens")
        put_into_cart(browser, "hat")
    forms = [order_form(checkout_page(browser)) for browser in browsers]

    def send(browser: Any, form: dict[str, str]) -> Callable[[], str]:
        return lambda: str(browser.post("/checkout", data=form).location)

    places = at_once(*[send(*each) for each in zip(browsers, forms, strict=True)])
    assert sorted(place.split("/")[1] for place in places) == ["cart", "cart", "cart", "orders"]
    assert (len(all_orders(app)), stock_of(app), stock_of(app, "hat")) == (1, 0, 49)
    for browser, place in zip(browsers, places, strict=True):
        cart = browser.get("/cart").text
        assert ("no longer have enough of “Mittens”" in cart) is (place == "/cart")
        assert cart_of(browser) == ({"hat": 1} if place == "/cart" else {})


def test_of_ten_customers_three_get_the_last_three(app: Flask) -> None:
    add_product(app, stock=3)
    browsers = [browser_of(app) for _each in range(10)]
    for number, browser in enumerate(browsers):
        add_logged_in_customer(app, browser, f"person{number}@example.com")
        put_into_cart(browser)
    forms = [order_form(checkout_page(browser)) for browser in browsers]
    pairs = zip(browsers, forms, strict=True)
    places = at_once(*[lambda b=b, f=f: str(b.post("/checkout", data=f).location) for b, f in pairs])
    assert sorted(place.split("/")[1] for place in places) == ["cart"] * 7 + ["orders"] * 3
    assert (len(all_orders(app)), stock_of(app)) == (3, 0)
    assert len({order.customer_id for order in all_orders(app)}) == 3


def test_two_orders_of_the_same_things_in_another_order_do_not_wait_for_each_other(app: Flask) -> None:
    for slug in ("mittens", "hat"):
        add_product(app, slug, stock=50)
    browsers = [browser_of(app) for _each in range(6)]
    for number, browser in enumerate(browsers):
        add_logged_in_customer(app, browser, f"person{number}@example.com")
        for slug in ("mittens", "hat") if number % 2 else ("hat", "mittens"):
            put_into_cart(browser, slug)
    forms = [order_form(checkout_page(browser)) for browser in browsers]
    pairs = zip(browsers, forms, strict=True)
    statuses = at_once(*[lambda b=b, f=f: b.post("/checkout", data=f).status_code for b, f in pairs])
    assert statuses == [303] * 6
    assert (len(all_orders(app)), stock_of(app), stock_of(app, "hat")) == (6, 44, 44)


def test_a_double_click_on_the_order_button_is_one_order(app: Flask) -> None:
    add_product(app, stock=10)
    browser = browser_of(app)
    add_logged_in_customer(app, browser)
    put_into_cart(browser, quantity="2")
    form = order_form(checkout_page(browser))
    cookies = [browser.get_cookie("session"), browser.get_cookie("form")]
    twins = [browser_of(app) for _each in range(3)]
    for twin in twins:
        for cookie in cookies:
            assert cookie is not None
            twin.set_cookie(cookie.key, cookie.value, domain="localhost")
    sends = [lambda twin=twin: str(twin.post("/checkout", data=form).location) for twin in twins]
    places = at_once(*sends)
    assert len(set(places)) == 1
    assert places[0].startswith(f"/orders/{about.ORDER_PREFIX}-")
    assert (len(all_orders(app)), stock_of(app)) == (1, 8)


def test_adding_the_same_thing_at_the_same_moment_loses_nothing(app: Flask) -> None:
    add_product(app, stock=50)
    browser = browser_of(app)
    add_logged_in_customer(app, browser)
    put_into_cart(browser)
    token = checkout_page(browser).csrf_token()
    cookies = [browser.get_cookie("session"), browser.get_cookie("form")]
    twins = [browser_of(app) for _each in range(4)]
    for twin in twins:
        for cookie in cookies:
            assert cookie is not None
            twin.set_cookie(cookie.key, cookie.value, domain="localhost")
    data = {"product": "mittens", "quantity": "1", "csrf_token": token}
    at_once(*[lambda twin=twin: twin.post("/cart/add", data=data).status_code for twin in twins])
    assert cart_of(browser) == {"mittens": 5}


def test_the_first_thing_put_in_twice_at_once_makes_one_cart(app: Flask) -> None:
    add_product(app, stock=50)
    browser = browser_of(app)
    customer = add_logged_in_customer(app, browser)
    token = open_page(browser, "/products/mittens").csrf_token()
    cookies = [browser.get_cookie("session"), browser.get_cookie("form")]
    twins = [browser_of(app) for _each in range(4)]
    for twin in twins:
        for cookie in cookies:
            assert cookie is not None
            twin.set_cookie(cookie.key, cookie.value, domain="localhost")
    data = {"product": "mittens", "quantity": "1", "csrf_token": token}
    at_once(*[lambda twin=twin: twin.post("/cart/add", data=data).status_code for twin in twins])
    with app.app_context():
        assert len(db.session.scalars(select(Cart).where(Cart.customer_id == customer)).all()) == 1
    assert cart_of(browser) == {"mittens": 4}
