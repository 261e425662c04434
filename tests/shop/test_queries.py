"""The number of database queries of a page: few, and the same for 200 rows as for 5."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app.database import db
from app.shop.models import CartLine, Order, OrderLine
from tests.conftest import open_page
from tests.customers.steps import statements
from tests.shop.steps import add_logged_in_customer, add_product, put_into_cart


def fill(app: Flask, begins: str, products: int) -> None:
    """Add products, put each of them into the one cart, and all of them into up to 25 orders."""
    ids = [add_product(app, f"{begins}-{number}", position=number) for number in range(products)]
    with app.app_context():
        db.session.execute(insert(CartLine), [{"cart_id": 1, "product_id": each, "quantity": 1} for each in ids])
        for each in ids[:25]:
            order = Order(
                number=f"M-{each}", customer_id=1, checkout_key=f"key {each}", language="en", name="Tuva",
                email="t@example.com", phone="1", delivery="pickup", total=1,
                lines=[OrderLine(slug=f"{begins}-{n}", name="x", unit_price=1, quantity=1) for n in range(products)],
            )  # fmt: skip
            db.session.add(order)
        db.session.commit()


PATHS = ["/", "/?q=wool", "/?category=wool", "/products/wool-1", "/cart", "/checkout", "/orders", "/orders/M-2"]


def test_a_page_makes_as_many_queries_for_200_products_as_for_5(app: Flask, client: FlaskClient) -> None:
    add_product(app, "first")
    add_logged_in_customer(app, client)
    put_into_cart(client, "first")
    fill(app, "wool", 5)
    few = {path: asked(app, client, path) for path in PATHS}
    fill(app, "wool-more", 195)
    assert {path: asked(app, client, path) for path in PATHS} == few
    assert max(few.values()) <= 6


def asked(app: Flask, client: FlaskClient, path: str) -> int:
    """Return the number of queries of a page that was opened before."""
    open_page(client, path)
    with statements(app) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_the_front_page_of_a_visitor_makes_one_query(app: Flask, client: FlaskClient) -> None:
    add_product(app)
    open_page(client, "/")
    with statements(app) as seen:
        open_page(client, "/")
    assert len(seen) == 1, seen
