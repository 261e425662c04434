"""Steps of the shop's tests: add products, fill a cart, log a customer in, order."""

import secrets
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.customers.models import Customer, CustomerSession
from app.database import db, utcnow
from app.i18n import LANGUAGES
from app.shop.models import Cart, CartLine, Category, CategoryText, Order, Product, ProductText
from app.shop.search import searchable
from app.tokens import secret_hash
from tests.conftest import browser_of, open_page, post
from tests.pages import Page

PICTURE = "brand/mark.svg"
RECIPIENT = {
    "name": "Tuva Lien", "email": "tuva.lien@example.com", "phone": "912 34 567", "delivery": "invoice",
    "address": "other", "street": "Bryggen 3", "postal_code": "5003", "region": "Bergen", "country": "NO",
}  # fmt: skip


def add_category(app: Flask, slug: str = "wool", name: str = "Wool") -> None:
    with app.app_context():
        texts = [CategoryText(language=language, name=name, intro=f"All {name}") for language in LANGUAGES]
        db.session.add(Category(slug=slug, texts=texts))
        db.session.commit()


def add_product(
    app: Flask, slug: str = "mittens", *, name: str | None = None, category: str = "wool", summary: str = "", **row: Any
) -> int:
    """Add a product to the shop and return its id."""
    with app.app_context():
        of_shelf = select(Category.id).where(Category.slug == category)
        if db.session.scalar(of_shelf) is None:
            add_category(app, category, category.capitalize())
        name = slug.capitalize() if name is None else name
        words = searchable(name, summary)
        texts = [ProductText(language=each, name=name, summary=summary, search=words) for each in LANGUAGES]
        values = {"price": 10_000, "stock": 10, "picture": PICTURE, **row}
        product = Product(slug=slug, category_id=db.session.scalar(of_shelf), texts=texts, **values)
        db.session.add(product)
        db.session.commit()
        return product.id


def add_logged_in_customer(app: Flask, client: FlaskClient, email: str = "tuva.lien@example.com") -> int:
    """Add a customer with a session in this browser, without a login, and return the id."""
    token = secrets.token_urlsafe(32)
    with app.app_context():
        customer = Customer(email=email, name="Tuva Lien", given_name="Tuva", phone_number="4791234567")
        soon = utcnow() + timedelta(hours=1)
        row = CustomerSession(customer=customer, token_hash=secret_hash(token), method="test", expires_at=soon)
        db.session.add(row)
        db.session.commit()
        client.set_cookie("session", token, domain="localhost")
        return customer.id


def put_into_cart(client: FlaskClient, product: str = "mittens", quantity: str = "1", **fields: str) -> Any:
    """Send the form of a product's page."""
    return post(client, "/cart/add", {"product": product, "quantity": quantity, **fields})


def cart_of(client: FlaskClient) -> dict[str, int]:
    """Return the quantity of each product on the cart's page."""
    page = open_page(client, "/cart")
    forms = page.select('form[action="/cart/update"]')
    return {
        str(form.select_one('[name="product"]')["value"]): int(str(form.select_one('[name="quantity"]')["value"]))
        for form in forms
    }


def checkout_page(client: FlaskClient) -> Page:
    return open_page(client, "/checkout")


def order_form(page: Page, **changes: str) -> dict[str, str]:
    """Return the checkout's hidden fields, with a value for every other field."""
    hidden = {
        str(field["name"]): str(field["value"]) for field in page.select('form[action="/checkout"] [type="hidden"]')
    }
    return {**hidden, **RECIPIENT, **changes}


def place_order(client: FlaskClient, **changes: str) -> Any:
    """Open the checkout, fill it in and send it."""
    return client.post("/checkout", data=order_form(checkout_page(client), **changes))


def stock_of(app: Flask, slug: str = "mittens") -> int:
    """Return how many of a product are left."""
    with app.app_context():
        return db.session.scalars(select(Product.stock).where(Product.slug == slug)).one()


def set_product(app: Flask, slug: str = "mittens", **values: Any) -> None:
    """Change a product while the customer shops."""
    with app.app_context():
        product = db.session.scalars(select(Product).where(Product.slug == slug)).one()
        for name, value in values.items():
            setattr(product, name, value)
        db.session.commit()


def all_orders(app: Flask) -> list[Order]:
    with app.app_context():
        orders = list(db.session.scalars(select(Order).order_by(Order.id)))
        for order in orders:
            assert order.lines is not None
        db.session.expunge_all()
        return orders


def count_of(app: Flask, model: type[Cart] | type[CartLine] | type[Order]) -> int:
    """Return how many rows a table has."""
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def twins_of(client: FlaskClient, number: int) -> list[FlaskClient]:
    """Return browsers with the session and the form cookie of this one, for requests at the same moment."""
    twins = [browser_of(client.application) for _ in range(number)]
    for twin in twins:
        for name in ("session", "form"):
            cookie = client.get_cookie(name)
            assert cookie is not None
            twin.set_cookie(cookie.key, cookie.value, domain="localhost")
    return twins
