"""My page: what the shop knows about the customer, where it came from, and how they log in."""

from collections.abc import Sequence

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.customers.models import ConsentRecord, Customer, LoginEvent, VippsLink
from app.customers.profile import addresses_of, readable_phone, vipps_profile_of
from app.customers.sessions import login_required, required_customer
from app.database import db

LOGINS_SHOWN = 5

bp = Blueprint("account", __name__)


@bp.get("/account")
@login_required
def overview() -> ResponseReturnValue:
    """Show the customer's own page."""
    customer = required_customer()
    return render_template(
        "customers/overview.html",
        customer=customer,
        phone=readable_phone(customer.phone_number),
        link=_vipps_link(customer),
        profile=vipps_profile_of(customer),
        addresses=addresses_of(customer),
        answers=_latest_answers(customer),
        logins=_last_logins(customer),
    )


def _vipps_link(customer: Customer) -> VippsLink | None:
    newest = select(VippsLink).where(VippsLink.customer_id == customer.id).order_by(VippsLink.id.desc()).limit(1)
    return db.session.scalar(newest)


def _latest_answers(customer: Customer) -> list[ConsentRecord]:
    """Return the present state of the consent ledger: the newest answer to each question."""
    asked = select(ConsentRecord).where(ConsentRecord.customer_id == customer.id).order_by(ConsentRecord.id)
    return list({record.consent_id: record for record in db.session.scalars(asked)}.values())


def _last_logins(customer: Customer) -> Sequence[LoginEvent]:
    newest = select(LoginEvent).where(LoginEvent.customer_id == customer.id).order_by(LoginEvent.id.desc())
    return db.session.scalars(newest.limit(LOGINS_SHOWN)).all()
