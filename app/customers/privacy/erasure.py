"""Erasing a customer: GDPR, article 17.

Every holder takes the person out of what it keeps; then the account's row goes, and with it, by the foreign keys, all
that is only theirs. It is part of the caller's transaction: after a failure nothing is half erased.
"""

import hashlib
import hmac

from sqlalchemy import select

from app.customers.models import Customer, VippsLink
from app.customers.privacy import holders
from app.database import db
from app.settings import settings_of_app

# The key of the pseudonyms is made from SECRET_KEY for this one use; another use of it can never give the same value.
LABEL = b"pseudonyms of consent proofs"


def erase(customer: Customer) -> None:
    """Erase a customer everywhere. The caller holds the customer, and commits."""
    db.session.flush()
    for holder in holders.registered():
        if holder.erase:
            holder.erase(customer)
    db.session.delete(customer)
    db.session.flush()


def pseudonym_of(customer: Customer) -> str:
    """Return the name under which a customer's consent proofs are kept when nobody else can tell whose they are.

    It is made from the e-mail address, or else from the Vipps subject, so that whoever brings either, and says that
    they never said yes or no, can be answered; without the key nobody gets from one to the other (GDPR, article 4(5)).
    """
    if customer.email:
        return pseudonym(f"email {customer.email}")
    mine = select(VippsLink.subject).where(VippsLink.customer_id == customer.id).order_by(VippsLink.id)
    return pseudonym(f"subject {db.session.scalar(mine.limit(1)) or ''}")


def pseudonym(text: str) -> str:
    """Return the keyed hash of what names somebody."""
    key = hmac.digest(settings_of_app().signing_key.encode(), LABEL, "sha256")
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
