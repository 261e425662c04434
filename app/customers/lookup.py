"""Look-ups of customers and their Vipps links, for every feature; this module imports none of them.

Always lock the customer before anything else of theirs, or concurrent transactions can deadlock.
"""

from dataclasses import dataclass

from sqlalchemy import bindparam, select
from sqlalchemy.orm.attributes import set_committed_value

from app.customers.models import Customer, VippsLink, VippsProfile
from app.database import db, writes_alone
from app.vipps.routes import integration


@dataclass(frozen=True)
class Identity:
    """A Vipps user as one sales unit knows it (Vipps Login API guide: core concepts, "sub")."""

    issuer: str
    client_id: str
    subject: str


LINK_OF_SUBJECT = (
    select(VippsLink, Customer, VippsProfile)
    .join(VippsLink.customer)
    .outerjoin(VippsLink.profile)
    .where(
        VippsLink.issuer == bindparam("issuer"),
        VippsLink.client_id == bindparam("client_id"),
        VippsLink.subject == bindparam("subject"),
    )
)


def find_by_email(email: str, *, lock: bool = False) -> Customer | None:
    """Return the account that logs in with this address, given in its normal form.

    With `lock`, nobody else changes it before this transaction ends.
    """
    found = select(Customer).where(Customer.email == email)
    return db.session.scalar(found.with_for_update() if lock else found)


def lock_customer(customer_id: int) -> Customer | None:
    """Read an account as it is now and keep others from changing it before this transaction ends; None if it is gone.

    What was read before `begin_write` may be out of date, and on PostgreSQL would be answered from memory.
    """
    return db.session.get(Customer, customer_id, populate_existing=True, with_for_update=True)


def has_vipps(customer: Customer) -> bool:
    """Tell whether a Vipps user opens this account."""
    return db.session.scalar(select(VippsLink.id).where(VippsLink.customer_id == customer.id).limit(1)) is not None


def is_claimed(customer: Customer) -> bool:
    """Tell whether anybody has ever proved that this account is theirs; a blocked one is not to be had either."""
    return customer.email_verified_at is not None or customer.blocked_at is not None or has_vipps(customer)


def find_link(who: Identity) -> VippsLink | None:
    """Find the account of a subject: by issuer, client and subject, never by a claim that can change hands."""
    values = {"issuer": who.issuer, "client_id": who.client_id, "subject": who.subject}
    found = db.session.execute(LINK_OF_SUBJECT, values, execution_options={"populate_existing": True}).one_or_none()
    if found is None:
        return None
    link, customer, profile = found  # set as `joinedload` would, at less cost
    set_committed_value(link, "customer", customer)
    set_committed_value(link, "profile", profile)
    return link


def lock_link(who: Identity) -> VippsLink | None:
    """Find the account of a subject, and keep others from changing it or its link before this transaction ends.

    The link is read again once its customer is held: another transaction may have had it meanwhile. Not so on SQLite,
    where `begin_write` has kept everybody else from writing before anything was read.
    """
    seen = find_link(who)
    if seen is None or writes_alone():
        return seen
    return find_link(who) if lock_customer(seen.customer_id) else None


def link_of(customer: Customer) -> VippsLink | None:
    """Return the link of a customer at the sales unit that this shop uses today."""
    unit = integration().client.config
    mine = select(VippsLink).where(VippsLink.customer_id == customer.id)
    return db.session.scalar(mine.where(VippsLink.issuer == unit.issuer, VippsLink.client_id == unit.client_id))
