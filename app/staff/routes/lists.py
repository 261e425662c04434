"""Lists of webhook deliveries, emails, errors and audit entries: without personal data, with customers' ids only."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from app import mail_sender
from app.customers.models import WebhookDelivery
from app.mail import Mail, is_given_up, is_waiting
from app.pagination import paginate_onwards
from app.staff.models import ROWS_PER_PAGE, AuditEntry, ErrorReport

bp = Blueprint("lists", __name__)


@bp.get("/deliveries")
def deliveries() -> ResponseReturnValue:
    """Show the deliveries to the webhook and their outcomes."""
    listing = paginate_onwards(select(WebhookDelivery), WebhookDelivery.id, ROWS_PER_PAGE)
    return render_template("staff/deliveries.html", listing=listing)


@bp.get("/mail")
def mail() -> ResponseReturnValue:
    """Show the emails that wait and those that were given up, without their addresses."""
    not_sent = paginate_onwards(select(Mail).where(or_(is_waiting(), is_given_up())), Mail.id, ROWS_PER_PAGE)
    return render_template("staff/mail.html", listing=not_sent, queue=mail_sender.queue())


@bp.get("/errors")
def errors() -> ResponseReturnValue:
    """Show the error reports; the search finds one by its reference number."""
    return render_template(
        "staff/errors.html", listing=paginate_onwards(select(ErrorReport), ErrorReport.id, ROWS_PER_PAGE)
    )


@bp.get("/looks")
def seen() -> ResponseReturnValue:
    """Show the audit log of all staff."""
    every = select(AuditEntry).options(joinedload(AuditEntry.staff))
    return render_template("staff/looks.html", listing=paginate_onwards(every, AuditEntry.id, ROWS_PER_PAGE))
