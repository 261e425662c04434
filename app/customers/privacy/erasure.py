"""Erase a customer, in the caller's transaction: GDPR, article 17.

Every data source removes the customer from its data. Then the account's row is deleted, and foreign keys delete all
rows that belong to the customer only.
"""

import hashlib
import hmac
from collections.abc import Sequence

from sqlalchemy import select

from app.customers.models import ConsentRecord, Customer, VippsLink
from app.customers.privacy import data_sources
from app.database import db
from app.settings import settings_of_app
from app.vipps.values import normal_email

# The pseudonyms' key is derived from SECRET_KEY for this use only, so that no other use gives the same value.
LABEL = b"pseudonyms of consent proofs"


def erase(customer: Customer) -> None:
    """Erase a customer everywhere. The caller has locked the customer, and commits."""
    db.session.flush()
    for source in data_sources.registered():
        if source.erase:
            source.erase(customer)
    db.session.delete(customer)
    db.session.flush()


def pseudonym_of(customer: Customer) -> str:
    """Return the pseudonym under which a customer's consent proofs are kept after the erasure.

    It is made from the email address, or else from the Vipps subject. A person who disputes a consent states one of
    them. Without the key, the pseudonym cannot be connected with it (GDPR, article 4(5)).
    """
    if customer.email:
        return pseudonyms(f"email {customer.email}")[-1]
    subjects = select(VippsLink.subject).where(VippsLink.customer_id == customer.id).order_by(VippsLink.id)
    return pseudonyms(f"subject {db.session.scalar(subjects.limit(1)) or ''}")[-1]


def proofs_about(who: str) -> Sequence[ConsentRecord]:
    """Return an erased customer's consent proofs, by their email address or Vipps subject, the oldest first.

    A proof from before a key rotation is found as long as the older key is among the fallbacks.
    """
    email = normal_email(who)
    names = pseudonyms(f"email {email}" if email else f"subject {who}")
    records = select(ConsentRecord).where(ConsentRecord.pseudonym.in_(names))
    return db.session.scalars(records.order_by(ConsentRecord.effective_at, ConsentRecord.id)).all()


def pseudonyms(text: str) -> list[str]:
    """Return the keyed hashes of an identifier, one for each key; the last is made with the signing key."""
    keys = [hmac.digest(key.encode(), LABEL, "sha256") for key in settings_of_app().signing_keys]
    return [hmac.new(key, text.encode(), hashlib.sha256).hexdigest() for key in keys]
