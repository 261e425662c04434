"""A customer's orders: each by itself, right after ordering and ever after, and all of them."""

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from app.customers.models import Customer
from app.customers.sessions.session_cookie import current_customer, login_required
from app.database import db
from app.shop.orders import history_of, order_of, pictures_of
from app.shop.routes.paging import page_number, within

bp = Blueprint("orders", __name__)


@bp.get("/orders")
@login_required
def history() -> ResponseReturnValue:
    """List the customer's orders, newest first."""
    found = history_of(db.session(), _customer().id, page_number())
    within(found.page, found.pages if found.orders else 1)
    return render_template("shop/orders.html", history=found)


@bp.get("/orders/<number>")
@login_required
def show(number: str) -> ResponseReturnValue:
    """Show one order of this customer; anybody else's does not exist."""
    order = order_of(db.session(), _customer().id, number.replace("\0", ""))
    if order is None:
        abort(404)
    return render_template("shop/order.html", order=order, pictures=pictures_of(db.session(), order))


def _customer() -> Customer:
    """Return the customer whom `login_required` let through."""
    return current_customer() or abort(401)
