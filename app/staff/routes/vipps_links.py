"""The page on which staff disconnect or reconnect a customer's Vipps user, with their own password."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField, RadioField, StringField
from wtforms.validators import InputRequired, Optional, Regexp

from app.customers import lookup
from app.database import begin_write, db
from app.forms import Form, one_line
from app.security import limiter
from app.settings import settings_of_app
from app.staff import accounts, audit_log, customer_view, labels, vipps_links
from app.staff.audit_log import AuditAction
from app.staff.models import Staff
from app.staff.routes.customers import ONE
from app.staff.sessions import required_staff
from app.staff.vipps_links import Done, Held, LinkChange, NotChanged

DISCONNECT, RECONNECT = "disconnect", "reconnect"
PER_STAFF = "10 per 15 minutes"

bp = Blueprint("vipps_links", __name__)


class LinkForm(Form):
    """The change and its reason. `seen` is the subject that the page showed, `move_from` is a checkbox."""

    action = RadioField(_l("What to do"), [InputRequired()])
    subject = StringField(_l("Identifier (sub) of the Vipps user to connect"), [Optional()], filters=[one_line])
    reason = RadioField(_l("Reason"), [InputRequired()])
    check = RadioField(_l("How you checked who the customer is"), [InputRequired()])
    password = PasswordField(_l("Your own password"), [InputRequired(_l("Enter your password."))])
    seen = HiddenField()
    move_from = HiddenField(validators=[Optional(), Regexp(r"[0-9]{1,9}\Z")])

    def __init__(self, **options: Any) -> None:
        """Fill in the choices, in the language of the page."""
        super().__init__(**options)
        brand = {"brand": settings_of_app().brand}
        instead = _("Connect another %(brand)s user instead", **brand)
        self.action.choices = [(DISCONNECT, _("Disconnect %(brand)s", **brand)), (RECONNECT, instead)]
        self.reason.choices = labels.choices("change_reasons")
        self.check.choices = labels.choices("identity_checks")


@bp.get(f"{ONE}/vipps")
def page(customer_id: int) -> ResponseReturnValue:
    """Show the Vipps user that is linked to the account, and the form."""
    return _page(customer_id, LinkForm(formdata=None))


@bp.post(f"{ONE}/vipps")
@limiter.limit(PER_STAFF, key_func=lambda: f"links {required_staff().staff_id}")
def submit(customer_id: int) -> ResponseReturnValue:
    """Change the link, if the form is complete and the password is the staff member's."""
    form, staff = LinkForm(), db.session.get(Staff, required_staff().staff_id)
    if not form.validate_on_submit():
        return _page(customer_id, form), 422
    current = accounts.lock_if_open(staff, form.password.data or "")
    if current is None:
        form.password.errors = [_("That is not your password. Nothing was changed.")]
        return _page(customer_id, form), 422
    change = LinkChange(current.id, customer_id, form.reason.data, form.check.data, form.seen.data or "")
    if form.action.data == DISCONNECT:
        outcome: Done | Held | NotChanged = vipps_links.disconnect(change)
    else:
        move_from = int(form.move_from.data) if form.move_from.data else None
        outcome = vipps_links.reconnect(change, form.subject.data or "", move_from)
    match outcome:
        case Done(not_emailed):
            said = _("Done. Every customer concerned gets an email.")
            if not_emailed:
                numbers = ", ".join(map(str, not_emailed))
                said = _("Done. These customers have no email address, so call them: %(numbers)s.", numbers=numbers)
            flash(said, "success")
            return redirect(url_for("staff.customers.page", customer_id=customer_id), 303)
        case NotChanged.NO_CUSTOMER:
            abort(404)
    return _page(customer_id, form, outcome), 409


def _page(customer_id: int, form: LinkForm, outcome: Held | NotChanged | None = None) -> str:
    """Show the customer and the form, and record every view in the audit log; store nothing else."""
    db.session.rollback()
    begin_write()
    customer = customer_view.find_customer(customer_id) or abort(404)
    link = lookup.link_of(customer)
    if outcome or not form.is_submitted():  # after a mistake in the form, keep the subject that the first page showed
        form.seen.data = link.subject if link else ""
    held_by = outcome.customer_id if isinstance(outcome, Held) else None
    refusal = outcome if isinstance(outcome, NotChanged) else None
    facts = {"form": form, "customer": customer, "link": link, "held_by": held_by, "refusal": refusal}
    html = render_template("staff/vipps_links.html", **facts)
    audit_log.record(required_staff().staff_id, AuditAction.CUSTOMER, customer_id)
    db.session.commit()
    return html
