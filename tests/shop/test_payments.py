"""An order's status from awaiting payment to paid or expired, with a stub provider, and orders without a provider."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from app.customers.privacy import retention
from app.database import db, utcnow
from app.shop import payments
from app.shop.models import Order
from app.shop.payments import PAYMENT_TIME
from samples import payment_stub
from samples.payment_stub import SIGNATURE, StubProvider, sign
from tests.conftest import DATABASES, browser_of, open_page, post
from tests.customers.steps import add_customer, enter, mails
from tests.shop.steps import add_category, add_product, all_orders, place_order, put_into_cart, stock_of

STOCK = 5


@pytest.fixture(params=DATABASES)
def shop(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
    """Return a shop with one product and one customer, once on each database."""
    sqlite = request.param == "sqlite"
    app = make_app() if sqlite else make_app(DATABASE_URL=request.getfixturevalue("postgresql"))
    add_category(app)
    add_product(app, stock=STOCK)
    add_customer(app)
    return app


@pytest.fixture
def provider(shop: Flask) -> StubProvider:
    return payment_stub.init_app(shop)


def order(shop: Flask, delivery: str = "invoice") -> tuple[FlaskClient, Order]:
    """Order two of the product and return the customer's browser and the order."""
    client = browser_of(shop)
    enter(shop, client, 1)
    put_into_cart(client, quantity="2")
    assert place_order(client, delivery=delivery).status_code == 303
    assert stock_of(shop) == STOCK - 2
    return client, all_orders(shop)[-1]


def notify(shop: Flask, number: str, signature: str | None = None) -> int:
    """Send the provider's notification and return the status of the answer."""
    headers = {SIGNATURE: sign(number) if signature is None else signature}
    return browser_of(shop).post(f"/payments/{number}", headers=headers).status_code


def expire(shop: Flask, *, after: timedelta) -> int:
    """Run the retention job when the order has this age, and return how many orders expired."""
    with shop.app_context():
        db.session.execute(update(Order).values(placed_at=utcnow() - after))
        db.session.commit()
        return dict(retention.run(utcnow()))["unpaid orders"]


def status_of(shop: Flask) -> str:
    return all_orders(shop)[-1].status


@pytest.mark.parametrize(("has_provider", "delivery"), [(False, "invoice"), (False, "pickup"), (True, "pickup")])
def test_an_order_with_nothing_to_pay_now_is_placed(
    shop: Flask, request: pytest.FixtureRequest, has_provider: bool, delivery: str
) -> None:
    if has_provider:
        request.getfixturevalue("provider")
    client, placed = order(shop, delivery)
    assert placed.status == "placed"
    assert not open_page(client, f"/orders/{placed.number}").select("form[action$='/pay']")
    assert post(client, f"/orders/{placed.number}/pay").status_code == 404
    assert expire(shop, after=10 * PAYMENT_TIME) == 0
    assert stock_of(shop) == STOCK - 2


def test_an_order_is_paid_at_the_provider_once(shop: Flask, provider: StubProvider) -> None:
    client, waiting = order(shop)
    assert waiting.status == "awaiting_payment"
    assert "not paid yet" in mails(shop, "order")[0].body
    page = open_page(client, f"/orders/{waiting.number}")
    assert "invoice" not in page.one("main").get_text()
    assert page.select(f"form[action='/orders/{waiting.number}/pay'] button")
    answer = post(client, f"/orders/{waiting.number}/pay")
    assert answer.headers["Location"] == f"https://pay.example.com/{waiting.number}?amount={waiting.total}"
    assert notify(shop, waiting.number) == 204
    assert notify(shop, waiting.number) == 204
    assert (status_of(shop), provider.outcomes) == ("paid", {waiting.number: "captured"})
    assert "Your order is paid." in open_page(client, f"/orders/{waiting.number}").text
    assert expire(shop, after=10 * PAYMENT_TIME) == 0
    with shop.app_context():  # the payment came after the job had selected the order
        payments.expire([waiting.id])
        db.session.commit()
    assert (status_of(shop), stock_of(shop)) == ("paid", STOCK - 2)


def test_an_unpaid_order_expires_once_and_its_products_return(shop: Flask, provider: StubProvider) -> None:
    client, waiting = order(shop)
    assert expire(shop, after=PAYMENT_TIME - timedelta(minutes=1)) == 0
    assert expire(shop, after=PAYMENT_TIME + timedelta(minutes=1)) == 1
    assert expire(shop, after=PAYMENT_TIME + timedelta(minutes=1)) == 0
    assert (status_of(shop), stock_of(shop)) == ("expired", STOCK)
    assert "cancelled" in open_page(client, f"/orders/{waiting.number}").text
    assert notify(shop, waiting.number) == 204
    assert (status_of(shop), provider.outcomes) == ("expired", {waiting.number: "cancelled"})


def test_a_forged_notification_and_another_customer_pay_nothing(shop: Flask, provider: StubProvider) -> None:
    _, waiting = order(shop)
    for signature in ("", "0" * 64, "é"):
        assert notify(shop, waiting.number, signature) == 403
    assert (status_of(shop), provider.outcomes) == ("awaiting_payment", {})
    other = browser_of(shop)
    enter(shop, other, add_customer(shop, "other@example.com"))
    assert post(other, f"/orders/{waiting.number}/pay").status_code == 404
