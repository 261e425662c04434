"""What the shop keeps about a customer: the cart, which goes with the account, and the orders, which stay without it.

An order is a voucher of the books, so its number, day, goods, sums, kind of delivery and language stay
(bokføringsloven, section 13; GDPR, article 17(3)(b)); whose it was does not.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.orm import selectinload

from app.customers.models import Customer
from app.customers.privacy import retention_periods
from app.customers.privacy.data_sources import MAX_ROWS, DataSource, Rule, columns, deletes, table_of
from app.database import db
from app.i18n import language
from app.mail import Mail
from app.shop.carts import Owner, is_stale, lines_of
from app.shop.models import Cart, Order

ORDER = (
    "number",
    "placed_at",
    "status",
    "language",
    "name",
    "email",
    "phone",
    "address",
    "delivery",
    "total",
)
LINE = ("name", "unit_price", "quantity", "sum")
# Nobody's: what an order says once it belongs to no one.
ANONYMISED: dict[str, Any] = {
    "customer_id": None,
    "checkout_key": "",
    "name": "",
    "email": "",
    "phone": "",
    "address": [],
}
RECEIPT = "order"


def cart(customer: Customer) -> list[dict[str, Any]]:
    """Return what is in the customer's cart."""
    return [columns(line, "name", "quantity") for line in lines_of(db.session(), Owner(customer.id), language())]


def orders(customer: Customer) -> list[dict[str, Any]]:
    """Return the customer's orders with their lines."""
    found = db.session.scalars(_orders_of(customer).options(selectinload(Order.lines)).limit(MAX_ROWS))
    return [columns(order, *ORDER) | {"lines": [columns(line, *LINE) for line in order.lines]} for order in found]


def erase_orders(customer: Customer) -> None:
    """Take the customer out of their orders, and delete the receipts that the outbox sent, to whatever address."""
    for order in db.session.scalars(_orders_of(customer)).all():
        theirs = func.lower(Mail.recipient) == order.email.lower()
        db.session.execute(delete(Mail).where(Mail.kind == RECEIPT, theirs, Mail.body.contains(order.number)))
    db.session.execute(update(Order).where(Order.customer_id == customer.id).values(**ANONYMISED))


def _orders_of(customer: Customer) -> Any:
    return select(Order).where(Order.customer_id == customer.id).order_by(Order.placed_at.desc(), Order.id.desc())


def _old_and_somebodys(now: datetime) -> ColumnElement[bool]:
    named = or_(Order.customer_id.is_not(None), Order.name != "", Order.email != "", Order.phone != "")
    return (Order.placed_at < retention_periods.orders_before(now)) & named


def _take_names_out(keys: Sequence[int]) -> None:
    db.session.execute(update(Order).where(Order.id.in_(keys)).values(**ANONYMISED))


HOLDERS = (
    DataSource(
        name="cart",
        title=_l("In your cart"),
        export=cart,
        rules=(deletes("guests’ carts", Cart, is_stale),),
        labels={"quantity": _l("How many")},
    ),
    DataSource(
        name="orders",
        title=_l("Your orders"),
        export=orders,
        erase=erase_orders,
        rules=(Rule("names on old orders", table_of(Order), _old_and_somebodys, _take_names_out),),
        in_use=lambda: exists().where(Order.customer_id == Customer.id),
        labels={
            "number": _l("Number"),
            "placed_at": _l("Placed"),
            "status": _l("Status"),
            "phone": _l("Telephone"),
            "delivery": _l("Delivery"),
            "total": _l("Total"),
            "lines": _l("Goods"),
            "unit_price": _l("Price"),
            "sum": _l("Sum"),
        },
    ),
)
