"""Rate limits of the accounts' forms, so that guessing is slow and no mailbox can be flooded (ASVS 6.3.1).

Requests are counted twice: by the client's network address, and by the targeted account, whether or not it exists. No
customer is locked out for long or completely: a Vipps login is counted by network address only, and an emailed link
still works while the password form is under attack. A request for more emails than an address may get (`app.mail`) is
answered as if the email had been sent: an attacker learns nothing, and the owner's newest link still works.

In the demo a class shares one network address and the demo's published accounts: see `size_for_a_class`.
"""

import hashlib
import hmac
from collections.abc import Callable

from flask import current_app, request
from flask_limiter import RouteLimit

from app.customers.models import Customer
from app.customers.sessions.session_cookie import current_customer
from app.security import is_shared_by_a_class, limiter
from app.vipps.values import MAX_EMAIL_LENGTH, normal_email

# A school or an office shares one address, so these limits only stop machines: each of thirty participants of a
# workshop can register twice an hour and try a password three times.
LOGIN_PER_CLIENT = "100 per 5 minutes"
# A person tries three or four times. 40 guesses an hour (per worker, without REDIS_URL) are useless, because the
# passwords that attackers try first are refused.
LOGIN_PER_ACCOUNT = "10 per 15 minutes"
REGISTER_PER_CLIENT = "60 per hour"
# Each of these may send an email to a person who did not ask for it; `app.mail.send` also counts by recipient.
FORGOT_PER_CLIENT = "60 per hour"
# Each login stores a row for an hour. Many customers of a mobile operator share one address, and so do the participants
# of a workshop: thirty people can each log in four times a minute.
STARTS_PER_CLIENT = "120 per minute"
# Over IPv6 a client is a /64, of which a home has hundreds and a mobile operator thousands in a /48. It takes 56 IPv4
# addresses, or twelve /48 networks, at full rate for 15 minutes to evict an open login (`app.vipps.attempts`).
STARTS_PER_SITE = "600 per minute"
LINKS_PER_CLIENT = "100 per 5 minutes"
CHANGE_PER_CLIENT = "20 per 15 minutes"
# For all senders together, because every sender who knows the webhook's address counts as Vipps.
EVENTS = "120 per minute"
# An order reserves stock before it is paid. `app.shop.orders` limits the orders of one customer; this limits the orders
# of all accounts that one client registers.
ORDERS_PER_CLIENT = "100 per hour"
# An export reads every row about a customer.
COPIES_PER_CUSTOMER = "10 per hour"


def limit_per_account(limit: str) -> RouteLimit:
    """Return the decorator that limits a form by the targeted account, whether or not the account exists."""
    return limiter.limit(
        limit, key_func=lambda: _keyed(_typed_email()), exempt_when=lambda: is_shared_by_a_class(_typed_email())
    )


def limit_per_customer(limit: str, find: Callable[[], Customer | None] = current_customer) -> RouteLimit:
    """Return the decorator that limits a view by the customer who is logged in, or whom `find` returns."""

    def is_a_class() -> bool:
        customer = find()
        return customer is not None and is_shared_by_a_class(customer.email)

    def key() -> str:
        customer = find()
        return _keyed(f"customer {customer.id if customer else None}")

    return limiter.limit(limit, key_func=key, exempt_when=is_a_class)


def _typed_email() -> str:
    typed = request.form.get("email", "")[:MAX_EMAIL_LENGTH]
    return normal_email(typed) or typed.strip().lower()


def _keyed(text: str) -> str:
    """Return a keyed hash of an account as its name, because the counters may be in a shared store."""
    key = str(current_app.secret_key).encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
