"""Keep carts: add, change and remove products, and merge a guest's cart into the customer's at login.

A guest's cart is found by an opaque cookie, of which only the hash is stored; a customer's cart by the customer. At
login the guest's lines are added to the customer's cart, and the guest's cart is deleted: after a logout the browser's
next user finds an empty cart. A cart stores no prices; they are read from the products each time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.database import utcnow
from app.shop.models import Cart, CartLine, Product, ProductText, product_text_in

MAX_QUANTITY = 99
GUEST_CART_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Owner:
    """The owner of a cart: a logged-in customer, else the browser with this cookie, else neither."""

    customer_id: int | None = None
    token_hash: str | None = None

    def __bool__(self) -> bool:
        """Tell whether there can be a cart."""
        return self.customer_id is not None or self.token_hash is not None


@dataclass(frozen=True)
class Added:
    """The product is in the cart, `quantity` of it in total; `capped` if that is fewer than requested."""

    name: str
    quantity: int
    capped: bool


@dataclass(frozen=True)
class SoldOut:
    """The product is sold out; the cart is unchanged."""

    name: str


def parse_quantity(text: str | None) -> int | None:
    """Return a whole number from 1 to 99 written in plain digits, or None."""
    if text is None or not re.fullmatch(r"0{0,3}[1-9][0-9]?", text.strip(), re.ASCII):
        return None
    return int(text)


def find_cart(session: Session, owner: Owner, *, lock: bool = False) -> Cart | None:
    """Return the owner's cart, locked until the end of the transaction if it is about to change."""
    if not owner:
        return None
    statement = select(Cart).where(_of(owner))
    return session.scalar(statement.with_for_update() if lock else statement)


def _of(owner: Owner) -> ColumnElement[bool]:
    """Match the owner's cart. A cookie opens only a guest's cart, never a customer's."""
    if owner.customer_id is not None:
        return Cart.customer_id == owner.customer_id
    return and_(Cart.token_hash == owner.token_hash, Cart.customer_id.is_(None))


def _cart_to_fill(session: Session, owner: Owner) -> Cart:
    """Return the owner's cart, locked; create it if there is none, once, even if two requests try concurrently."""
    if cart := find_cart(session, owner, lock=True):
        return cart
    cart = Cart(customer_id=owner.customer_id, token_hash=owner.token_hash if owner.customer_id is None else None)
    try:
        with session.begin_nested():
            session.add(cart)
    except IntegrityError:
        return session.scalars(select(Cart).where(_of(owner)).with_for_update()).one()
    return cart


def add(session: Session, owner: Owner, slug: str, quantity: int, language: str) -> Added | SoldOut | None:
    """Add a quantity of a product, at most the stock; None if there is no such product. The caller commits."""
    product = _product(session, slug, language)
    if product is None:
        return None
    if product.stock < 1:
        return SoldOut(product.name)
    cart = _cart_to_fill(session, owner)
    line = session.get(CartLine, (cart.id, product.id)) or CartLine(cart_id=cart.id, product_id=product.id, quantity=0)
    wanted = line.quantity + quantity
    line.quantity = min(wanted, product.stock, MAX_QUANTITY)
    cart.updated_at = utcnow()
    session.add(line)
    return Added(product.name, line.quantity, capped=line.quantity < wanted)


def change(session: Session, owner: Owner, slug: str, quantity: int, language: str) -> Added | SoldOut | None:
    """Set the quantity of a product, at most the stock; None if it is not in the cart. The caller commits."""
    product, cart = _product(session, slug, language), find_cart(session, owner, lock=True)
    line = session.get(CartLine, (cart.id, product.id)) if cart and product else None
    if product is None or cart is None or line is None:
        return None
    if product.stock < 1:
        return SoldOut(product.name)
    line.quantity = min(quantity, product.stock, MAX_QUANTITY)
    cart.updated_at = utcnow()
    return Added(product.name, line.quantity, capped=line.quantity < quantity)


def remove(session: Session, owner: Owner, slug: str, language: str) -> str | None:
    """Remove a product from the cart and return its name, or None if it was not in it. The caller commits."""
    product, cart = _product(session, slug, language), find_cart(session, owner, lock=True)
    line = session.get(CartLine, (cart.id, product.id)) if cart and product else None
    if product is None or line is None:
        return None
    session.delete(line)
    return str(product.name)


def _product(session: Session, slug: str, language: str) -> Row[*tuple[Any, ...]] | None:
    found = select(Product.id, Product.stock, ProductText.name)
    found = found.join_from(Product, ProductText, product_text_in(language)).where(Product.slug == slug)
    return session.execute(found).one_or_none()


# Every page counts, so the statements are built once: building one costs more than running it.
_COUNT = select(func.coalesce(func.sum(CartLine.quantity), 0)).join(Cart)
_COUNT_OF_CUSTOMER = _COUNT.where(Cart.customer_id == bindparam("customer"))
_COUNT_OF_GUEST = _COUNT.where(Cart.token_hash == bindparam("token_hash"), Cart.customer_id.is_(None))


def count(session: Session, owner: Owner) -> int:
    """Return the number of items in the cart."""
    if not owner:
        return 0
    # Use the connection directly: a number needs no session, which would track objects.
    if owner.customer_id is not None:
        return session.connection().scalar(_COUNT_OF_CUSTOMER, {"customer": owner.customer_id}) or 0
    return session.connection().scalar(_COUNT_OF_GUEST, {"token_hash": owner.token_hash}) or 0


@dataclass(frozen=True)
class Line:
    """A line of the cart with the current price, and whether there is enough in stock."""

    product_id: int
    slug: str
    name: str
    picture: str
    price: int
    stock: int
    quantity: int

    @property
    def sum(self) -> int:
        """Return the price of the line, in øre."""
        return self.price * self.quantity

    @property
    def enough(self) -> bool:
        """Tell whether the stock covers the quantity in the cart."""
        return self.stock >= self.quantity


def lines_of(session: Session, owner: Owner, language: str) -> Sequence[Line]:
    """Return the lines of the cart in the order they were added, in one query."""
    if not owner:
        return []
    shown = Product.id, Product.slug, ProductText.name, Product.picture, Product.price, Product.stock, CartLine.quantity
    in_cart = select(*shown).join_from(Product, CartLine).join(Cart).join(ProductText, product_text_in(language))
    rows = session.execute(in_cart.where(_of(owner)).order_by(CartLine.added_at, Product.id))
    return [Line(*row) for row in rows]


def merge_at_login(session: Session, customer_id: int, token_hash: str | None) -> None:
    """Merge this browser's guest cart into the customer's cart. The caller commits."""
    guest = find_cart(session, Owner(token_hash=token_hash), lock=True)
    if guest is None:
        return
    own = _cart_to_fill(session, Owner(customer_id=customer_id))
    had = {line.product_id: line for line in session.scalars(select(CartLine).where(CartLine.cart_id == own.id))}
    chosen = select(CartLine.product_id, CartLine.quantity, CartLine.added_at, Product.stock).join(Product)
    for product_id, quantity, added_at, stock in session.execute(chosen.where(CartLine.cart_id == guest.id)).all():
        line = had.get(product_id) or CartLine(cart_id=own.id, product_id=product_id, quantity=0, added_at=added_at)
        line.quantity = merged_quantity(line.quantity, quantity, stock)
        session.add(line)
    session.delete(guest)
    own.updated_at = utcnow()


def merged_quantity(had: int, chosen: int, stock: int) -> int:
    """Add two quantities, up to the stock and at most 99, but never below the quantity before: it may be sold out."""
    return max(had, min(had + chosen, stock, MAX_QUANTITY)) or chosen


def is_stale(now: datetime) -> ColumnElement[bool]:
    """Match guests' carts whose cookie has expired."""
    return and_(Cart.customer_id.is_(None), Cart.updated_at < now - GUEST_CART_LIFE)


def delete_stale(session: Session, now: datetime | None = None) -> int:
    """Delete guests' carts whose cookie has expired and return how many. The caller commits."""
    stale = delete(Cart).where(is_stale(now or utcnow()))
    return session.execute(stale).rowcount  # type: ignore[attr-defined,no-any-return]  # a delete has a row count
