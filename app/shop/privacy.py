"""Export, erase and retain the shop's data about a customer: the cart and the orders.

Deleting an account deletes the cart and anonymises the orders. An order is an accounting record, so its number, day,
goods, sums, kind of delivery and language stay (bokføringsloven, section 13; GDPR, article 17(3)(b)).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import selectinload

from app.customers.models import Customer
from app.customers.privacy import retention
from app.customers.privacy.data_sources import MAX_ROWS, DataSource, Rule, columns, deletes, table_of
from app.database import db
from app.i18n import language
from app.mail import Mail
from app.shop import payments
from app.shop.carts import Owner, is_stale, lines_of
from app.shop.models import Cart, Order

ORDER = ("number", "placed_at", "status", "language", "name", "email", "phone", "address", "delivery", "total")
LINE = ("name", "unit_price", "quantity", "sum")
# The values of an anonymised order.
ANONYMISED: dict[str, Any] = {
    "customer_id": None, "address": [], **dict.fromkeys(("checkout_key", "name", "email", "phone"), ""),
}  # fmt: skip
RECEIPT = "order"


def cart(customer: Customer) -> list[dict[str, Any]]:
    """Return the lines of the customer's cart."""
    return [columns(line, "name", "quantity") for line in lines_of(db.session(), Owner(customer.id), language())]


def orders(customer: Customer) -> list[dict[str, Any]]:
    """Return the customer's orders with their lines."""
    found = db.session.scalars(_orders_of(customer).options(selectinload(Order.lines)).limit(MAX_ROWS))
    return [columns(order, *ORDER) | {"lines": [columns(line, *LINE) for line in order.lines]} for order in found]


def erase_orders(customer: Customer) -> None:
    """Anonymise the customer's orders, and delete all their receipts from the outbox, also those to other addresses."""
    for order in db.session.scalars(_orders_of(customer)).all():
        to_buyer = func.lower(Mail.recipient) == order.email.lower()
        db.session.execute(delete(Mail).where(Mail.kind == RECEIPT, to_buyer, Mail.subject.contains(order.number)))
    db.session.execute(update(Order).where(Order.customer_id == customer.id).values(**ANONYMISED))


def _orders_of(customer: Customer) -> Any:
    return select(Order).where(Order.customer_id == customer.id).order_by(Order.placed_at.desc(), Order.id.desc())


def _old_and_personal(now: datetime) -> ColumnElement[bool]:
    personal = or_(Order.customer_id.is_not(None), Order.name != "", Order.email != "", Order.phone != "")
    return (Order.placed_at < retention.orders_before(now)) & personal


def _anonymise(keys: Sequence[int]) -> None:
    db.session.execute(update(Order).where(Order.id.in_(keys)).values(**ANONYMISED))


SOURCES = (
    DataSource(name="cart", package="shop", export=cart, rules=(deletes("guests’ carts", Cart, is_stale),)),
    DataSource(
        name="orders",
        package="shop",
        export=orders,
        erase=erase_orders,
        rules=(
            Rule("unpaid orders", table_of(Order), payments.is_overdue, payments.expire),
            Rule("names on old orders", table_of(Order), _old_and_personal, _anonymise),
        ),
        in_use=lambda: exists().where(Order.customer_id == Customer.id),
    ),
)
