"""The checkout: one page to check the order, one button to place it."""

import secrets
from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests

from app import mail
from app.customers import rate_limits
from app.customers.models import Customer
from app.customers.profile.from_vipps import delivery_addresses, vipps_profile_of
from app.customers.sessions.session_cookie import current_customer, login_required, required_customer
from app.database import begin_write, db
from app.i18n import language
from app.logging import log
from app.security import limit_per_client
from app.shop import orders, payments
from app.shop.carts import Owner, lines_of
from app.shop.checkout_form import CheckoutForm, prefilled_values
from app.shop.orders import Checkout, NotPlaced, Placed, Shortage

bp = Blueprint("checkout", __name__)

KEY_BYTES = 16
RETRY_SECONDS = 3600  # the limits on orders are per hour


@bp.get("/checkout")
@login_required
def show() -> ResponseReturnValue:
    """Show the prefilled form beside the lines and the total."""
    customer = required_customer()
    profile = vipps_profile_of(customer)
    addresses = delivery_addresses(customer, profile)
    form = CheckoutForm(data=prefilled_values(customer, profile, addresses))
    form.offer(addresses)
    lines = lines_of(db.session(), Owner(customer.id), language())
    if not lines:
        return _nothing_to_order()
    if short := [line.name for line in lines if not line.enough]:
        return _back_to_cart(short)
    return _page(customer, form)


@bp.post("/checkout")
def place() -> ResponseReturnValue:
    """Place the order, once, even if the form is sent several times."""
    customer = current_customer()
    if customer is None:
        return redirect(url_for("login.page", next=url_for("checkout.show")), 303)
    form = CheckoutForm()
    form.offer(delivery_addresses(customer, vipps_profile_of(customer)))
    if not form.validate():
        return _page(customer, form), 400
    to, shown = form.recipient(), int(form.shown_total.data) if form.shown_total.data else None
    status = payments.first_status(to.delivery)
    checkout = Checkout(customer.id, form.key.data or "", to, language(), shown, status)
    count_order()
    begin_write()
    outcome = orders.place(db.session(), checkout)
    if isinstance(outcome, Placed):
        is_mailed = outcome.again or _send_receipt(customer, checkout, outcome.number)
        db.session.commit()
        if not is_mailed:
            flash(_("That email address got many receipts from us within an hour, so we sent no more."), "info")
        log.info("order_placed_again" if outcome.again else "order_placed", order=outcome.number)
        return redirect(url_for("orders.show", number=outcome.number), 303)
    db.session.rollback()
    match outcome:
        case NotPlaced.CART_EMPTY:
            return _nothing_to_order()
        case NotPlaced.TOTAL_CHANGED:
            flash(_("Your cart or a price has changed in the meantime. Please check your cart again."), "warning")
            return redirect(url_for("checkout.show"), 303)
        case NotPlaced.TOO_MUCH_ORDERED:
            log.info("order_refused", customer=customer.id)
            raise TooManyRequests(retry_after=RETRY_SECONDS)
        case Shortage(names):
            return _back_to_cart(names)


@limit_per_client(rate_limits.ORDERS_PER_CLIENT)
def count_order() -> None:
    """Count an order of this client's network; raise `TooManyRequests` over the limit."""


def _page(customer: Customer, form: CheckoutForm) -> str:
    lines = lines_of(db.session(), Owner(customer.id), language())
    total = orders.total_of(lines)
    if not form.key.data or form.key.errors:
        form.key.data = secrets.token_urlsafe(KEY_BYTES)
    form.shown_total.data = str(total)
    form.offered_as.data = form.fingerprint
    return render_template("shop/checkout.html", form=form, addresses=form.offered, lines=lines, total=total)


def _send_receipt(customer: Customer, checkout: Checkout, number: str) -> bool:
    """Send the receipt by email, in the transaction that places the order; return whether it is sent."""
    # Any address except the customer's confirmed one may belong to another person, so its emails are limited.
    to = checkout.recipient.email
    is_own = customer.email_verified_at is not None and to == customer.email
    order = orders.order_of(db.session(), checkout.customer_id, number)
    body = render_template("mail/order.txt", order=order)
    return mail.send(to, _("Your order %(number)s", number=number), body, "order", limited=not is_own)


def _nothing_to_order() -> ResponseReturnValue:
    flash(_("Your cart is empty, so there is nothing to order yet."), "info")
    return redirect(url_for("cart.show"), 303)


def _back_to_cart(names: Sequence[str]) -> ResponseReturnValue:
    what = ", ".join(f"“{name}”" for name in names)
    message = _("We no longer have enough of %(what)s. Nothing was ordered. The rest is still in your cart.", what=what)
    flash(message, "warning")
    return redirect(url_for("cart.show"), 303)
