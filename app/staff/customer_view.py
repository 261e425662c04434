"""Read the data of one customer that support may see, with a limit on each list.

It has no password hash and no token: it only tells whether there is a password, and the number of open sessions.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import defer, joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from app.customers.consents import preferences
from app.customers.models import Activity, ConsentRecord, Customer, CustomerSession, VippsLink, WebhookDelivery
from app.database import db, utcnow
from app.pagination import BEGINNING, Page, Place, paginate
from app.shop.models import Order
from app.staff.models import ROWS_PER_PAGE, AuditEntry, ErrorReport

# The newest rows of each kind; a longer list has its own page, or support does not need it.
MAX_ROWS = 20
MAX_ANSWERS = 50


def read(customer_id: int) -> dict[str, Any] | None:
    """Return a customer and their data, each list with the newest first; None if there is no such customer."""
    customer = find_customer(customer_id)
    if customer is None:
        return None
    has_password = select(Customer.password_hash.is_not(None)).where(Customer.id == customer.id)
    of_customer = CustomerSession.customer_id == customer.id, CustomerSession.ended_at.is_(None)
    open_sessions = select(func.count(CustomerSession.id)).where(*of_customer, CustomerSession.expires_at > utcnow())
    return {
        "customer": customer,
        "has_password": bool(db.session.scalar(has_password)),
        "links": customer.vipps_links,
        "standings": preferences.channel_statuses(customer),
        "others": preferences.other_answers(customer),
        "answers": _newest_of(ConsentRecord, customer, MAX_ANSWERS),
        "activity": activity_of(customer),
        "sessions": db.session.scalar(open_sessions) or 0,
        "orders": _newest_of(Order, customer),
        "errors": _newest_of(ErrorReport, customer),
        "deliveries": _newest_of(WebhookDelivery, customer),
        "audit_entries": _newest_of(AuditEntry, customer, MAX_ROWS, joinedload(AuditEntry.staff)),
    }


def find_customer(customer_id: int) -> Customer | None:
    """Return a customer with the Vipps links, without the password hash."""
    whole = select(Customer).where(Customer.id == customer_id)
    options = (defer(Customer.password_hash), selectinload(Customer.vipps_links).selectinload(VippsLink.profile))
    return db.session.scalar(whole.options(*options))


def activity_of(customer: Customer, place: Place = BEGINNING) -> Page[Activity]:
    """Return one page of the account's activity list, newest first."""
    of_customer = select(Activity).where(Activity.customer_id == customer.id)
    return paginate(of_customer, Activity.id, ROWS_PER_PAGE, place, descending=True)


def _newest_of(model: Any, customer: Customer, most: int = MAX_ROWS, *options: ORMOption) -> Sequence[Any]:
    of_customer = select(model).where(model.customer_id == customer.id).options(*options)
    return db.session.scalars(of_customer.order_by(model.id.desc()).limit(most)).all()
