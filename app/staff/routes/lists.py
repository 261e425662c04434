"""Lists of webhook deliveries, emails, errors and audit entries: without personal data, with customers' ids only."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from app import mail_sender
from app.customers.models import WebhookDelivery
from app.mail import Mail, is_given_up, is_waiting
from app.pagination import cursor_in_query, paginate
from app.staff import audit_log, reports
from app.staff.models import PER_PAGE

bp = Blueprint("lists", __name__)


@bp.get("/deliveries")
def deliveries() -> ResponseReturnValue:
    """Show the deliveries to the webhook and their outcomes."""
    before = cursor_in_query("before")
    listing = paginate(select(WebhookDelivery), WebhookDelivery.id, PER_PAGE, after=before, descending=True)
    return render_template("staff/deliveries.html", listing=listing)


@bp.get("/mail")
def mail() -> ResponseReturnValue:
    """Show the emails that wait and those that were given up, without their addresses."""
    before = cursor_in_query("before")
    not_sent = select(Mail).where(or_(is_waiting(), is_given_up()))
    listing = paginate(not_sent, Mail.id, PER_PAGE, after=before, descending=True)
    return render_template("staff/mail.html", listing=listing, queue=mail_sender.queue())


@bp.get("/errors")
def errors() -> ResponseReturnValue:
    """Show the error reports; the search finds one by its reference number."""
    return render_template("staff/errors.html", listing=reports.error_reports(cursor_in_query("before")))


@bp.get("/looks")
def seen() -> ResponseReturnValue:
    """Show the audit log."""
    return render_template("staff/looks.html", listing=audit_log.entries(cursor_in_query("before")))
