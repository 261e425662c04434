"""Find the cart of this request: the customer's, or the guest's by a cookie.

The cookie has 256 random bits and is set with the first product in a cart, never before. A value that belongs to no
cart is replaced, so an attacker cannot plant one.
"""

from typing import Any

from flask import Response, g

from app.customers.models import Customer
from app.customers.sessions.session_cookie import current_customer
from app.database import db
from app.security import read_cookie, set_cookie
from app.shop import carts
from app.shop.carts import GUEST_CART_LIFE, Owner
from app.tokens import new_token, secret_hash

COOKIE = "cart"


def current_owner() -> Owner:
    """Return the owner of this request's cart."""
    customer = current_customer()
    return Owner(customer_id=customer.id) if customer else Owner(token_hash=_hash_in_cookie())


def _hash_in_cookie() -> str | None:
    token = read_cookie(COOKIE)
    return secret_hash(token) if token else None


def owner_to_fill() -> tuple[Owner, str | None]:
    """Return the owner of the cart to fill, and a new token for the cookie if a guest needs one."""
    owner = current_owner()
    if owner.customer_id is not None or carts.find_cart(db.session(), owner):
        return owner, None
    token = new_token()
    return Owner(token_hash=secret_hash(token)), token


def set_cart_cookie(response: Response, token: str) -> None:
    """Set the cookie that names the guest's cart, for 30 days."""
    set_cookie(response, COOKIE, token, max_age=GUEST_CART_LIFE)


def cart_count() -> int:
    """Return the number of items that the header shows; without a cookie and a login this runs no query."""
    if "cart_count" not in g:
        g.cart_count = carts.count(db.session(), current_owner())
    return int(g.cart_count)


def merge_at_login(sender: Any, customer: Customer, **rest: Any) -> None:
    """Merge the guest's cart into the customer's, in the transaction of the login."""
    carts.merge_at_login(db.session(), customer.id, _hash_in_cookie())
