"""A customer's orders: the list of them, and the page of each."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.customers.sessions.session_cookie import login_required, required_customer
from app.database import db
from app.pagination import or_404, place_in_query
from app.shop import payments
from app.shop.orders import order_of, orders_of, pictures_of

bp = Blueprint("orders", __name__)


@bp.get("/orders")
@login_required
def history() -> ResponseReturnValue:
    """List the customer's orders, newest first."""
    if "page" in request.args:  # an old address: pages had numbers
        return redirect(url_for("orders.history"))
    place = place_in_query()
    found = or_404(orders_of(db.session(), required_customer().id, place), place)
    return render_template("shop/orders.html", orders=found)


@bp.get("/orders/<number>")
@login_required
def show(number: str) -> ResponseReturnValue:
    """Show one order of this customer; answer 404 for another customer's order."""
    order = order_of(db.session(), required_customer().id, number.replace("\0", ""))
    if order is None:
        abort(404)
    return render_template("shop/order.html", order=order, pictures=pictures_of(db.session(), order))


@bp.post("/orders/<number>/pay")
@login_required
def pay(number: str) -> ResponseReturnValue:
    """Begin a payment of an order that awaits payment, and redirect to the provider's page."""
    order = order_of(db.session(), required_customer().id, number.replace("\0", ""))
    if order is None or order.status != payments.AWAITING_PAYMENT:
        abort(404)
    return redirect(payments.provider().payment_page(order), 303)
