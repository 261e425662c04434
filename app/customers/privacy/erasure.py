"""Erasing a customer: GDPR, article 17.

Every holder takes the person out of what it keeps; then the account's row goes, and with it, by the foreign keys, all
that is only theirs. It is part of the caller's transaction: after a failure nothing is half erased.
"""

import hashlib
import hmac
from collections.abc import Sequence

from sqlalchemy import select

from app.customers.consents.models import ConsentRecord
from app.customers.email_address import normal_email
from app.customers.models import Customer, VippsLink
from app.customers.privacy import data_sources
from app.database import db
from app.settings import settings_of_app

# The key of the pseudonyms is made from SECRET_KEY for this one use; another use of it can never give the same value.
LABEL = b"pseudonyms of consent proofs"


def erase(customer: Customer) -> None:
    """Erase a customer everywhere. The caller holds the customer, and commits."""
    db.session.flush()
    for holder in data_sources.registered():
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
        return pseudonyms(f"email {customer.email}")[-1]
    mine = select(VippsLink.subject).where(VippsLink.customer_id == customer.id).order_by(VippsLink.id)
    return pseudonyms(f"subject {db.session.scalar(mine.limit(1)) or ''}")[-1]


def proofs_about(who: str) -> Sequence[ConsentRecord]:
    """Return the proofs that are kept of somebody who was erased, the oldest first.

    `who` is the e-mail address, or the Vipps subject, that they bring. A proof from before a change of the key is found
    as long as the older key is among the fallbacks: a pseudonym cannot be made anew, since nobody knows of whom it is.
    """
    email = normal_email(who)
    names = pseudonyms(f"email {email}" if email else f"subject {who}")
    theirs = select(ConsentRecord).where(ConsentRecord.pseudonym.in_(names))
    return db.session.scalars(theirs.order_by(ConsentRecord.effective_at, ConsentRecord.id)).all()


def pseudonyms(text: str) -> list[str]:
    """Return the keyed hashes of what names somebody: one by each key, the last by the key that signs now."""
    keys = [hmac.digest(key.encode(), LABEL, "sha256") for key in settings_of_app().signing_keys]
    return [hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for key in keys]
