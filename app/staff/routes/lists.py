"""What Vipps delivered, what went wrong, and who looked: lists without a personal value, only customers' numbers."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.customers.models import WebhookDelivery
from app.staff import audit_log, reports
from app.staff.numbers import number_in_query
from app.staff.pagination import newest

bp = Blueprint("lists", __name__)


@bp.get("/deliveries")
def deliveries() -> ResponseReturnValue:
    """Show what was delivered to the webhook, and what it led to."""
    listing = newest(select(WebhookDelivery), WebhookDelivery.id, number_in_query("before"))
    return render_template("staff/deliveries.html", listing=listing)


@bp.get("/errors")
def errors() -> ResponseReturnValue:
    """Show what reference numbers on error pages stand for; one of them is found by the search."""
    return render_template("staff/errors.html", listing=reports.listing(number_in_query("before")))


@bp.get("/looks")
def seen() -> ResponseReturnValue:
    """Show who looked at what."""
    return render_template("staff/looks.html", listing=audit_log.listing(number_in_query("before")))
