"""Take payments through a provider. Without a provider, customers pay by invoice or in the shop.

With a provider that charges now, an order goes from `awaiting_payment` to `paid`, or to `expired`, which returns the
stock. Both steps are one UPDATE that names the status before it, so an order cannot be paid and expired. A provider
reserves the money first, and captures it only if `mark_paid` says that the order is still there.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, cast

from flask import Flask, current_app
from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from app.database import db
from app.shop.models import Order, OrderLine, Product

PLACED, AWAITING_PAYMENT, PAID, EXPIRED = "placed", "awaiting_payment", "paid", "expired"
# `templates/shop/order.html` and `templates/mail/order.txt` say “an hour”.
PAYMENT_TIME = timedelta(hours=1)
PROVIDER = "payment_provider"


class PaymentProvider(Protocol):
    """A service that takes payments; `use` registers it."""

    def charges_now(self, delivery: str) -> bool:
        """Tell whether an order with this kind of delivery is paid before it is sent."""

    def payment_page(self, order: Order) -> str:
        """Begin a payment and return the address of the page where the customer pays; called once per attempt."""


def use(app: Flask, provider: PaymentProvider) -> None:
    """Take payments through this provider."""
    app.extensions[PROVIDER] = provider


def provider() -> PaymentProvider:
    """Return the payment provider of the running app."""
    return cast(PaymentProvider, current_app.extensions[PROVIDER])


def first_status(delivery: str) -> str:
    """Return the status of an order that is placed now."""
    return AWAITING_PAYMENT if PROVIDER in current_app.extensions and provider().charges_now(delivery) else PLACED


def mark_paid(session: Session, number: str) -> bool:
    """Mark an order as paid; False if it does not await a payment. The caller began a write, and commits."""
    change = update(Order).where(Order.number == number, Order.status == AWAITING_PAYMENT).values(status=PAID)
    return bool(session.execute(change).rowcount == 1)  # type: ignore[attr-defined]  # an update has a row count


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Return the condition for orders whose time to pay is over."""
    return and_(Order.status == AWAITING_PAYMENT, Order.placed_at < now - PAYMENT_TIME)


def expire(keys: Sequence[int]) -> None:
    """Expire these orders and return their products to the stock. The caller began a write, and commits."""
    waiting = update(Order).where(Order.id.in_(keys), Order.status == AWAITING_PAYMENT).values(status=EXPIRED)
    expired = db.session.scalars(waiting.returning(Order.id)).all()
    lines = select(OrderLine.slug, OrderLine.quantity).where(OrderLine.order_id.in_(expired))
    # Always in the same order, or a checkout of the same products can deadlock with this update.
    for slug, quantity in db.session.execute(lines.join(Product, Product.slug == OrderLine.slug).order_by(Product.id)):
        db.session.execute(update(Product).where(Product.slug == slug).values(stock=Product.stock + quantity))
