"""Rate limits of the accounts' forms, so that guessing is slow and no mailbox can be flooded (ASVS 6.3.1).

Counted twice: by the client's network address, and by the targeted account, whether or not it exists. No customer is
locked out for long or completely: a Vipps login is counted by network address only, and an emailed link opens the
account while its password form is under attack. A request for more emails than an address may get (`app.mail`) is
answered as if the email had been sent: a stranger learns nothing, and the owner's newest link still works.

In the demo, a class sits behind one address and shares the accounts that the demo's pages show: `size_for_a_class`.
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

# A school or an office shares one address, so these are meant for machines: a workshop of thirty registers twice an
# hour, and has three tries at a password.
LOGIN_PER_CLIENT = "100 per 5 minutes"
# A person tries three or four times; 40 guesses an hour (per worker, without REDIS_URL)
# lead nowhere against the list of refused passwords.
LOGIN_PER_ACCOUNT = "10 per 15 minutes"
REGISTER_PER_CLIENT = "60 per hour"
# Each of these may send an email to a person who did not ask for it; `app.mail.send` also counts by recipient.
FORGOT_PER_CLIENT = "60 per hour"
# Each writes a row that lives for an hour. A mobile operator puts many people behind one address, and they are the ones
# who use Vipps; so does a workshop: thirty who log in four times a minute are let in.
STARTS_PER_CLIENT = "120 per minute"
# Over IPv6 a client is a /64, of which a home has hundreds and a mobile operator thousands in a /48. It takes 56 IPv4
# addresses, or twelve /48 networks, at full rate for 15 minutes to evict an open login (`app.vipps.attempts`).
STARTS_PER_SITE = "600 per minute"
LINKS_PER_CLIENT = "100 per 5 minutes"
CHANGE_PER_CLIENT = "20 per 15 minutes"
# Of all senders together, because every sender who knows the webhook's address acts as Vipps.
EVENTS = "120 per minute"
# An order takes stock that is not paid for. `app.shop.orders` limits the orders of one customer; this limits those of
# the many accounts that one client can register.
ORDERS_PER_CLIENT = "100 per hour"
# A copy reads every row about a customer.
COPIES_PER_CUSTOMER = "10 per hour"


def limit_per_account(limit: str) -> RouteLimit:
    """Return the decorator that limits a form by the account that it aims at, whether or not there is one."""
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
    """Name an account by a keyed hash, since the counters may lie in a shared store."""
    key = str(current_app.secret_key).encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
