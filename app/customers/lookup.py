"""Look up customers and their Vipps links, for every feature; this module imports none of the features.

Always lock the customer before the customer's other rows, or concurrent transactions can deadlock.
"""

from dataclasses import asdict, dataclass

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


_IS_OF_SUBJECT = [getattr(VippsLink, name) == bindparam(name) for name in ("issuer", "client_id", "subject")]
_LINK = select(VippsLink, Customer, VippsProfile).join(VippsLink.customer).outerjoin(VippsLink.profile)
LINK_OF_SUBJECT = _LINK.where(*_IS_OF_SUBJECT)
_CUSTOMER_ID = select(Customer.id).join(VippsLink.customer)
LOCK_CUSTOMER_OF_SUBJECT = _CUSTOMER_ID.where(*_IS_OF_SUBJECT).with_for_update(of=Customer)


def find_by_email(email: str, *, lock: bool = False) -> Customer | None:
    """Return the account that logs in with this address, given in its normal form; with `lock`, lock its row."""
    found = select(Customer).where(Customer.email == email)
    return db.session.scalar(found.with_for_update() if lock else found)


def lock_customer(customer_id: int) -> Customer | None:
    """Read an account's current row, lock it until this transaction ends, and return it; None if it is deleted."""
    return db.session.get(Customer, customer_id, populate_existing=True, with_for_update=True)


def has_vipps(customer: Customer) -> bool:
    """Tell whether the account is linked to a Vipps user."""
    return db.session.scalar(select(VippsLink.id).where(VippsLink.customer_id == customer.id).limit(1)) is not None


def is_claimed(customer: Customer) -> bool:
    """Tell whether a customer has ever proved that this account is theirs; a blocked account counts as claimed."""
    return customer.email_verified_at is not None or customer.blocked_at is not None or has_vipps(customer)


def find_link(who: Identity) -> VippsLink | None:
    """Find the link of a subject: by issuer, client and subject, never by a claim that can change hands."""
    options = {"populate_existing": True}
    found = db.session.execute(LINK_OF_SUBJECT, asdict(who), execution_options=options).one_or_none()
    if found is None:
        return None
    link, customer, profile = found  # the effect of `joinedload`, at less cost
    set_committed_value(link, "customer", customer)
    set_committed_value(link, "profile", profile)
    return link


def lock_link(who: Identity) -> VippsLink | None:
    """Find the link of a subject, and lock its customer until this transaction ends.

    The link is read after the lock: another transaction may have changed it during the wait. SQLite has one writer.
    """
    if not writes_alone() and db.session.execute(LOCK_CUSTOMER_OF_SUBJECT, asdict(who)).first() is None:
        return None
    return find_link(who)


def link_of(customer: Customer) -> VippsLink | None:
    """Return the link of a customer at the sales unit that this shop uses today."""
    unit = integration().client.config
    links = select(VippsLink).where(VippsLink.customer_id == customer.id)
    return db.session.scalar(links.where(VippsLink.issuer == unit.issuer, VippsLink.client_id == unit.client_id))
