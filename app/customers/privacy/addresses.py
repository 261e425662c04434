"""The email addresses that are, or were, a customer's: the mails to them are about the customer.

An address that another account has, or has proved or tried to, is that one's, unless it is confirmed here.
"""

from sqlalchemy import func, select

from app.customers.models import Customer, EmailToken, ProfileChange, VippsLink, VippsProfile
from app.database import db


def mailed_to(customer: Customer) -> list[str]:
    """Return the addresses, in lower case."""
    found = _known(customer) - {None, ""}
    own = {customer.email} & found if customer.email_verified_at else set()
    return sorted(str(each) for each in own | (found - _of_others(customer, found)))


def _known(customer: Customer) -> set[str | None]:
    """Return every address that has to do with the customer: today's, former ones, and what Vipps said."""
    proofs = select(func.lower(EmailToken.email)).where(EmailToken.customer_id == customer.id)
    told = select(func.lower(VippsProfile.email)).join(VippsProfile.link).where(VippsLink.customer_id == customer.id)
    changes = select(ProfileChange).where(ProfileChange.customer_id == customer.id, ProfileChange.field == "email")
    former = {value for change in db.session.scalars(changes) for value in (change.before, change.after) if value}
    return {customer.email, *former, *db.session.scalars(proofs), *db.session.scalars(told)}


def _of_others(customer: Customer, addresses: set[str | None]) -> set[str | None]:
    theirs = select(Customer.email).where(Customer.id != customer.id, Customer.email.in_(addresses))
    proving = select(func.lower(EmailToken.email)).where(
        EmailToken.customer_id != customer.id, func.lower(EmailToken.email).in_(addresses)
    )
    return {*db.session.scalars(theirs), *db.session.scalars(proving)}
