"""A cart through login and logout: it is kept and merged, and the browser's next user does not see it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.database import db
from app.shop.carts import merged_quantity
from app.shop.models import Cart, CartLine
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import add_customer, log_in, log_in_by_form
from tests.shop.steps import add_product, cart_of, count_of, put_into_cart, set_product

OTHER = "odd@example.com"


@pytest.fixture
def shop(app: Flask) -> Flask:
    """Return a shop with two products and two customers."""
    add_product(app, "hat", stock=5)
    add_product(app, "mittens", stock=5)
    add_customer(app)
    add_customer(app, OTHER)
    return app


def test_a_guests_cart_is_kept_at_login(shop: Flask, client: FlaskClient) -> None:
    put_into_cart(client, "mittens", "2")
    log_in(client)
    assert cart_of(client) == {"mittens": 2}
    assert open_page(client, "/").one(".masthead .count").get_text() == "2"


def test_two_carts_are_added_up_but_not_above_the_stock(shop: Flask, client: FlaskClient) -> None:
    log_in(client)
    put_into_cart(client, "hat", "1")
    put_into_cart(client, "mittens", "3")
    elsewhere = browser_of(shop)
    put_into_cart(elsewhere, "hat", "2")
    put_into_cart(elsewhere, "mittens", "4")
    log_in(elsewhere)
    assert cart_of(elsewhere) == {"hat": 3, "mittens": 5}
    assert cart_of(client) == {"hat": 3, "mittens": 5}
    assert (count_of(shop, Cart), count_of(shop, CartLine)) == (1, 2)


@pytest.mark.parametrize(
    ("had", "chosen", "stock", "merged"),
    [(1, 2, 10, 3), (0, 3, 10, 3), (60, 60, 500, 99), (3, 4, 5, 5), (5, 2, 3, 5), (0, 3, 0, 3), (2, 3, 0, 2)],
)
def test_the_merged_quantity_is_limited_by_the_stock_and_99(had: int, chosen: int, stock: int, merged: int) -> None:
    assert merged_quantity(had, chosen, stock) == merged


def test_a_product_that_sold_out_before_the_login_is_still_named(shop: Flask, client: FlaskClient) -> None:
    put_into_cart(client)
    set_product(shop, stock=0)
    log_in(client)
    assert "Sold out. Remove this product" in open_page(client, "/cart").text


def test_after_a_logout_the_next_user_finds_no_cart_and_gets_a_new_cookie(shop: Flask, client: FlaskClient) -> None:
    put_into_cart(client)
    before = client.get_cookie("cart")
    log_in(client)
    thief = browser_of(shop)
    assert before is not None
    thief.set_cookie("cart", before.value, domain="localhost")
    assert cart_of(thief) == {}, "the guest's cookie opens nothing after the login"
    post(client, "/logout")
    assert not open_page(client, "/").select(".masthead .count")
    put_into_cart(client, "hat")
    after = client.get_cookie("cart")
    assert after is not None
    assert before.value != after.value
    assert cart_of(client) == {"hat": 1}
    log_in(client, OTHER)
    assert cart_of(client) == {"hat": 1}
    log_in(client)
    assert cart_of(client) == {"mittens": 1}


def test_a_customers_cart_has_no_cookie(shop: Flask, client: FlaskClient) -> None:
    log_in(client)
    put_into_cart(client)
    assert client.get_cookie("cart") is None
    with shop.app_context():
        assert db.session.scalars(select(Cart.token_hash)).all() == [None]


def test_a_refused_login_leaves_the_guests_cart(shop: Flask, client: FlaskClient) -> None:
    put_into_cart(client)
    log_in_by_form(client, password="a wrong guess")
    assert cart_of(client) == {"mittens": 1}
