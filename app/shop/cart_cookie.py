"""Whose cart this request is about, and the cookie that names a guest's.

The cookie is 256 random bits and appears with the first thing put into a cart, never before; a value that names no
cart is replaced and not adopted, so nobody can plant one.
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
    """Return who the cart of this request belongs to."""
    customer = current_customer()
    return Owner(customer_id=customer.id) if customer else Owner(token_hash=_hash_in_cookie())


def _hash_in_cookie() -> str | None:
    token = read_cookie(COOKIE)
    return secret_hash(token) if token else None


def owner_to_fill() -> tuple[Owner, str | None]:
    """Return who to put something into the cart for, and a new token for the cookie if a guest needs one."""
    owner = current_owner()
    if owner.customer_id is not None or carts.find_cart(db.session(), owner):
        return owner, None
    token = new_token()
    return Owner(token_hash=secret_hash(token)), token


def set_cart_cookie(response: Response, token: str) -> None:
    """Let the browser remember its cart for 30 days."""
    set_cookie(response, COOKIE, token, max_age=GUEST_CART_LIFE)


def cart_count() -> int:
    """Return how many things the header shows in the cart; without cookie and login this asks nothing."""
    if "cart_count" not in g:
        g.cart_count = carts.count(db.session(), current_owner())
    return int(g.cart_count)


def merge_at_login(sender: Any, customer: Customer, **rest: Any) -> None:
    """Take the guest's cart along into the account, in the transaction of the login."""
    carts.merge_at_login(db.session(), customer.id, _hash_in_cookie())
