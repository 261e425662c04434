"""Several customers, or one with a nervous finger, at the same moment: real threads on a file database."""

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask

from tests.conftest import browser_of
from tests.shop.steps import (
    add_product,
    add_somebody,
    all_orders,
    cart_of,
    checkout_page,
    order_form,
    put_into_cart,
    stock_of,
)


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
        add_somebody(app, browser, f"person{number}@example.com")
        put_into_cart(browser, "mittens")
        put_into_cart(browser, "hat")
    forms = [order_form(checkout_page(browser)) for browser in browsers]

    def send(browser: Any, form: dict[str, str]) -> Callable[[], str]:
        return lambda: str(browser.post("/checkout", data=form).location)

    places = at_once(*[send(*each) for each in zip(browsers, forms, strict=True)])
    assert sorted(place.split("/")[1] for place in places) == ["cart", "cart", "cart", "orders"]
    assert (len(all_orders(app)), stock_of(app), stock_of(app, "hat")) == (1, 0, 49)
    for browser, place in zip(browsers, places, strict=True):
        assert ("hat" in cart_of(browser)) is (place == "/cart")
        assert ("“Mittens”" in browser.get("/cart").text or place != "/cart") is True


def test_a_double_click_on_the_order_button_is_one_order(app: Flask) -> None:
    add_product(app, stock=10)
    browser = browser_of(app)
    add_somebody(app, browser)
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
    assert places[0].startswith("/orders/M-")
    assert (len(all_orders(app)), stock_of(app)) == (1, 8)


def test_adding_the_same_thing_at_the_same_moment_loses_nothing(app: Flask) -> None:
    add_product(app, stock=50)
    browser = browser_of(app)
    add_somebody(app, browser)
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
