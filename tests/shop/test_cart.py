"""The cart of a guest: adding, changing, removing, and invalid requests."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.database import db, utcnow
from app.shop import carts
from app.shop.carts import GUEST_CART_LIFE, parse_quantity
from app.shop.models import Cart, CartLine
from app.tokens import secret_hash
from tests.conftest import browser_of, open_page, post
from tests.shop.steps import add_product, cart_of, count_of, put_into_cart, set_product

NO_QUANTITIES = ["0", "-1", "1000000000", "1.5", "abc", "", "NaN", "1e3", "100", "٣", "0x1", "1 2", "--1", "9" * 400]


def test_an_added_product_is_in_the_cart_at_its_price(app: Flask, client: FlaskClient) -> None:
    add_product(app, price=44_900)
    response = put_into_cart(client, quantity="2")
    assert (response.status_code, response.location) == (303, "/cart")
    page = open_page(client, "/cart")
    assert "“Mittens” is in your cart." in page.text
    assert page.one(".sum--total dd").get_text() == "898,00\xa0kr"
    assert page.one(".masthead .count").get_text() == "2"


def test_the_cookie_is_set_with_the_first_product_and_only_its_hash_is_stored(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    open_page(client, "/cart")
    assert client.get_cookie("cart") is None
    put_into_cart(client)
    cookie = client.get_cookie("cart")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", 30 * 24 * 3600)
    with app.app_context():
        assert db.session.scalars(select(Cart.token_hash)).all() == [secret_hash(cookie.value)]


def test_a_planted_cookie_is_replaced_and_the_same_product_twice_is_one_line(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    client.set_cookie("cart", "planted", domain="localhost")
    put_into_cart(client, quantity="2")
    cookie = client.get_cookie("cart")
    assert cookie is not None
    assert cookie.value != "planted"
    put_into_cart(client, quantity="3")
    assert cart_of(client) == {"mittens": 5}


def test_the_total_is_that_of_all_lines_and_follows_every_change(app: Flask, client: FlaskClient) -> None:
    add_product(app, "hat", price=39_900)
    add_product(app, "mittens", price=100_050)
    put_into_cart(client, "hat", "3")
    put_into_cart(client, "mittens", "2")
    totals = [open_page(client, "/cart").one(".sum--total dd").get_text()]
    post(client, "/cart/update", {"product": "mittens", "quantity": "1"})
    totals.append(open_page(client, "/cart").one(".sum--total dd").get_text())
    post(client, "/cart/remove", {"product": "hat"})
    totals.append(open_page(client, "/cart").one(".sum--total dd").get_text())
    assert totals == ["3\xa0198,00\xa0kr", "2\xa0197,50\xa0kr", "1\xa0000,50\xa0kr"]
    assert open_page(client, "/cart").one(".masthead .count").get_text() == "1"


def test_a_cart_is_changed_by_its_own_browser_only(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    put_into_cart(client, quantity="2")
    other = browser_of(app)
    put_into_cart(other, quantity="5")
    post(other, "/cart/update", {"product": "mittens", "quantity": "7"})
    assert (cart_of(client), cart_of(other)) == ({"mittens": 2}, {"mittens": 7})
    post(other, "/cart/remove", {"product": "mittens"})
    assert (cart_of(client), cart_of(other)) == ({"mittens": 2}, {})


def test_a_quantity_is_limited_by_the_stock_and_99(app: Flask, client: FlaskClient) -> None:
    add_product(app, stock=3)
    put_into_cart(client, quantity="5")
    assert "Your cart now has 3 of “Mittens”" in open_page(client, "/cart").text
    assert cart_of(client) == {"mittens": 3}
    set_product(app, stock=1000)
    assert put_into_cart(client, quantity="99").status_code == 303
    assert cart_of(client) == {"mittens": 99}


def test_an_invalid_quantity_is_answered_and_changes_nothing(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    put_into_cart(client, quantity="2")
    for path in ("/cart/add", "/cart/update"):
        for quantity in ("0", "", "100"):
            response = post(client, path, {"product": "mittens", "quantity": quantity}, follow_redirects=True)
            assert response.status_code == 200
            assert "whole number from 1 to 99" in response.text
    assert cart_of(client) == {"mittens": 2}


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("99", 99), (" 7 ", 7), ("007", 7), (None, None), *((text, None) for text in NO_QUANTITIES)],
)
def test_a_quantity_is_one_or_two_plain_digits(text: str | None, number: int | None) -> None:
    assert parse_quantity(text) == number


def test_a_sold_out_product_is_not_added(app: Flask, client: FlaskClient) -> None:
    add_product(app, stock=0)
    response = put_into_cart(client)
    assert response.location == "/products/mittens"
    assert "“Mittens” is sold out" in open_page(client, "/products/mittens").text
    assert (count_of(app, Cart), client.get_cookie("cart")) == (0, None)


def test_an_unknown_product_a_form_without_one_and_a_link_change_no_cart(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    for product in ("none", "1", "../mittens", "mittens' OR '1'='1", "\0", "x" * 5000):
        assert put_into_cart(client, product).status_code in (400, 404)
    for path in ("/cart/add", "/cart/update", "/cart/remove"):
        assert post(client, path, {"quantity": "1"}).status_code == 400
        assert client.get(f"{path}?product=mittens").status_code == 405
    assert count_of(app, CartLine) == 0


def test_the_quantity_can_be_changed_up_to_the_stock(app: Flask, client: FlaskClient) -> None:
    add_product(app, stock=4)
    response = post(client, "/cart/update", {"product": "mittens", "quantity": "3"}, follow_redirects=True)
    assert "no longer in your cart" in response.text
    put_into_cart(client)
    post(client, "/cart/update", {"product": "mittens", "quantity": "3"})
    assert cart_of(client) == {"mittens": 3}
    post(client, "/cart/update", {"product": "mittens", "quantity": "9"})
    assert "We have only 4 of “Mittens”" in open_page(client, "/cart").text
    assert cart_of(client) == {"mittens": 4}


def test_a_product_can_be_removed_twice(app: Flask, client: FlaskClient) -> None:
    add_product(app, "hat")
    add_product(app, "mittens")
    put_into_cart(client, "hat")
    put_into_cart(client, "mittens")
    for _time in range(2):
        assert post(client, "/cart/remove", {"product": "hat"}).status_code == 303
    assert cart_of(client) == {"mittens": 1}
    post(client, "/cart/remove", {"product": "mittens"})
    assert open_page(client, "/cart").h1 == "Your cart is empty"


def test_a_price_from_the_browser_is_ignored(app: Flask, client: FlaskClient) -> None:
    add_product(app, price=44_900)
    put_into_cart(client, price="1", unit_price="1", total="-5", discount="100", currency="SEK")
    assert open_page(client, "/cart").one(".sum--total dd").get_text() == "449,00\xa0kr"


def test_a_cart_shows_current_prices_and_sold_out_products(app: Flask, client: FlaskClient) -> None:
    add_product(app, price=44_900)
    put_into_cart(client, quantity="3")
    set_product(app, price=50_000, stock=2)
    page = open_page(client, "/cart")
    assert "1 500,00 kr" in page.text
    assert "Only 2 left" in page.text
    assert not page.select('a[href="/checkout"]')
    set_product(app, stock=0)
    assert "Sold out. Remove this product to continue." in open_page(client, "/cart").text


def test_guests_carts_are_deleted_when_their_cookie_has_expired(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    put_into_cart(client)
    with app.app_context():
        assert carts.delete_stale(db.session(), utcnow()) == 0
        assert carts.delete_stale(db.session(), utcnow() + GUEST_CART_LIFE * 2) == 1
        db.session.commit()
    assert (count_of(app, Cart), count_of(app, CartLine)) == (0, 0)
