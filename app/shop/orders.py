"""Place orders and find a customer's orders.

Placing an order is one transaction. Stock is taken with an UPDATE that matches only while there is enough, so if two
customers want the last one, exactly one gets it. The checkout form has a key, so a form that is sent twice finds the
order that it already made. What one customer may order in an hour is limited: otherwise one account could reserve the
whole stock (OWASP Automated Threats, OAT-021 Denial of Inventory).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Row, Select, delete, func, select, update
from sqlalchemy.orm import Session, selectinload

from app import about
from app.database import utcnow
from app.pagination import BEGINNING, Page, Place, narrow, to_page
from app.shop.carts import Line, Owner, find_cart, lines_of
from app.shop.models import CartLine, Order, OrderLine, Product
from app.tokens import readable_number

PER_PAGE = 10
MAX_ORDERS_PER_HOUR = 10
MAX_ITEMS_PER_HOUR = 200


@dataclass(frozen=True)
class OrderRecipient:
    """The recipient of an order: `delivery` is "invoice" (sent to the address) or "pickup" (no address)."""

    name: str
    email: str
    phone: str
    delivery: str
    address: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placed:
    """The order has this number; `again` if the same form made it before."""

    number: str
    again: bool = False


@dataclass(frozen=True)
class Shortage:
    """The stock of these products is too small. No order is placed; the caller rolls back and the cart stays."""

    names: tuple[str, ...]


class NotPlaced(Enum):
    """Why no order is placed: an empty cart, another total than the customer saw, or too many orders in an hour."""

    CART_EMPTY = 1
    TOTAL_CHANGED = 2
    TOO_MUCH_ORDERED = 3


@dataclass(frozen=True)
class Checkout:
    """One submission of the checkout form; `shown_total` is the total that the customer saw, if known."""

    customer_id: int
    key: str
    recipient: OrderRecipient
    language: str
    shown_total: int | None = None
    status: str = "placed"


def place(session: Session, checkout: Checkout) -> Placed | Shortage | NotPlaced:
    """Turn the customer's cart into an order. The caller began a write, commits `Placed`, and else rolls back."""
    owner = Owner(customer_id=checkout.customer_id)
    cart = find_cart(session, owner, lock=True)
    same_form = Order.checkout_key == checkout.key, Order.customer_id == checkout.customer_id
    if number := session.scalar(select(Order.number).where(*same_form)):
        return Placed(number, again=True)
    lines = lines_of(session, owner, checkout.language)
    if cart is None or not lines:
        return NotPlaced.CART_EMPTY
    if checkout.shown_total not in (None, total_of(lines)):
        return NotPlaced.TOTAL_CHANGED
    if exceeds_limits(session, checkout.customer_id, lines):
        return NotPlaced.TOO_MUCH_ORDERED
    # Always in the same order, or two concurrent orders of the same products can deadlock.
    missing = [line.name for line in sorted(lines, key=lambda line: line.product_id) if not take_stock(session, line)]
    if missing:
        return Shortage(tuple(missing))
    order = _order(checkout, lines)
    session.add(order)
    session.execute(delete(CartLine).where(CartLine.cart_id == cart.id))
    return Placed(order.number)


def exceeds_limits(session: Session, customer_id: int, lines: Sequence[Line]) -> bool:
    """Tell whether the customer has ordered too much within an hour. The cart is locked, so two orders cannot race."""
    recent = (Order.customer_id == customer_id, Order.placed_at > utcnow() - timedelta(hours=1))
    orders = session.scalar(select(func.count(Order.id)).where(*recent)) or 0
    items = session.scalar(select(func.sum(OrderLine.quantity)).join(Order).where(*recent)) or 0
    return orders >= MAX_ORDERS_PER_HOUR or items + sum(line.quantity for line in lines) > MAX_ITEMS_PER_HOUR


def take_stock(session: Session, line: Line) -> bool:
    """Take the line's quantity from the stock if there is enough, in one statement."""
    take = update(Product).where(Product.id == line.product_id, Product.stock >= line.quantity)
    take = take.values(stock=Product.stock - line.quantity).execution_options(synchronize_session=False)
    return bool(session.execute(take).rowcount == 1)  # type: ignore[attr-defined]  # an update has a row count


def total_of(lines: Sequence[Line]) -> int:
    """Return the total price of the lines, in øre."""
    return sum(line.sum for line in lines)


def delivery_price(delivery: str) -> int:
    """Return the price of this kind of delivery, in øre."""
    return about.DELIVERY_PRICE if delivery == "invoice" else 0


def _order(checkout: Checkout, lines: Sequence[Line]) -> Order:
    to = checkout.recipient
    return Order(
        number=new_number(),
        customer_id=checkout.customer_id,
        checkout_key=checkout.key,
        status=checkout.status,
        language=checkout.language,
        name=to.name,
        email=to.email,
        phone=to.phone,
        address=list(to.address),
        delivery=to.delivery,
        total=total_of(lines) + delivery_price(to.delivery),
        lines=[
            OrderLine(slug=each.slug, name=each.name, unit_price=each.price, quantity=each.quantity) for each in lines
        ],
    )


def new_number() -> str:
    """Return a new order number such as M-7K3F-92QD, which cannot be guessed from another number."""
    return f"{about.ORDER_PREFIX}-{readable_number()}"


def order_of(session: Session, customer_id: int, number: str) -> Order | None:
    """Return the customer's order with its lines; None for another customer's order (ASVS 8.2.2)."""
    of_customer = select(Order).where(Order.number == number, Order.customer_id == customer_id)
    return session.scalar(of_customer.options(selectinload(Order.lines)))


def pictures_of(session: Session, order: Order) -> dict[str, str]:
    """Return the pictures of the ordered products that are still in the shop, by slug."""
    slugs = [line.slug for line in order.lines]
    rows = session.execute(select(Product.slug, Product.picture).where(Product.slug.in_(slugs)))
    return {row.slug: row.picture for row in rows}


def orders_of(session: Session, customer_id: int, place: Place = BEGINNING) -> Page[Row[*tuple[Any, ...]]]:
    """Return one page of the customer's orders, newest first, in one query."""
    shown = Order.id, Order.number, Order.placed_at, Order.total, Order.delivery
    orders: Select[*tuple[Any, ...]] = select(*shown, func.sum(OrderLine.quantity).label("item_count"))
    orders = orders.join(OrderLine).where(Order.customer_id == customer_id).group_by(Order.id)
    statement = narrow(orders, (Order.id,), PER_PAGE, place, descending=True)
    return to_page(session.execute(statement).all(), ("id",), PER_PAGE, place)
