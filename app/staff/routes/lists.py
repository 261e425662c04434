"""What Vipps delivered, what went wrong, and who looked: lists without a personal value, only customers' numbers."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.customers.models import WebhookDelivery
from app.pagination import cursor_in_query, paginate
from app.staff import audit_log, reports
from app.staff.models import PER_PAGE

bp = Blueprint("lists", __name__)


@bp.get("/deliveries")
def deliveries() -> ResponseReturnValue:
    """Show what was delivered to the webhook, and what it led to."""
    before = cursor_in_query("before")
    listing = paginate(select(WebhookDelivery), WebhookDelivery.id, PER_PAGE, after=before, descending=True)
    return render_template("staff/deliveries.html", listing=listing)


@bp.get("/errors")
def errors() -> ResponseReturnValue:
    """Show what reference numbers on error pages stand for; one of them is found by the search."""
    return render_template("staff/errors.html", listing=reports.error_reports(cursor_in_query("before")))


@bp.get("/looks")
def seen() -> ResponseReturnValue:
    """Show who looked at what."""
    return render_template("staff/looks.html", listing=audit_log.entries(cursor_in_query("before")))
