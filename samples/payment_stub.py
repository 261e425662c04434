"""Show how a payment provider is connected: a stub that takes no money.

Its notification is signed, as a real provider's is: without that, any visitor could mark an order as paid. The shop
captures the reserved money only if the order still awaits it. A shop with a provider also changes the words about
invoices at its checkout and in its terms (`templates/shop/`).
"""

import hmac

from flask import Blueprint, Flask, abort, request
from flask.typing import ResponseReturnValue

from app.database import begin_write, db
from app.security import csrf
from app.shop import payments
from app.shop.models import Order

SECRET = b"a setting in a real shop"
SIGNATURE = "X-Signature"

bp = Blueprint("payment_stub", __name__)


class StubProvider:
    """A provider that charges for each order that is sent; a customer who picks up an order pays in the shop."""

    def __init__(self) -> None:
        """Remember what happened to each order's reserved money."""
        self.outcomes: dict[str, str] = {}

    def charges_now(self, delivery: str) -> bool:
        """Return True for an order that is sent."""
        return delivery != "pickup"

    def payment_page(self, order: Order) -> str:
        """Return the address of the provider's page, which a real provider returns when the payment is created."""
        return f"https://pay.example.com/{order.number}?amount={order.total}"


def init_app(app: Flask) -> StubProvider:
    """Take payments through the stub."""
    provider = StubProvider()
    payments.use(app, provider)
    app.register_blueprint(bp)
    return provider


def sign(number: str) -> str:
    """Return the provider's signature of a notification about an order."""
    return hmac.digest(SECRET, number.encode(), "sha256").hex()


@bp.post("/payments/<number>")
def reserved(number: str) -> ResponseReturnValue:
    """Learn that the customer's money is reserved; a notification that comes twice changes nothing."""
    if not hmac.compare_digest(request.headers.get(SIGNATURE, "").encode(), sign(number).encode()):
        abort(403)
    begin_write()
    is_paid = payments.mark_paid(db.session(), number)
    db.session.commit()
    provider = payments.provider()
    if isinstance(provider, StubProvider):  # a real provider is asked over HTTP here, after the commit
        provider.outcomes.setdefault(number, "captured" if is_paid else "cancelled")
    return "", 204


# The provider has no cookie; its signature is what allows the call.
csrf.exempt(reserved)
