"""Links that are mailed to prove an address: each works once, for a limited time, for one purpose.

The mail carries 256 random bits; the table keeps their hash (ASVS 6.4.1, 6.6.3). Only the newest link of a kind works,
so that an old mail in a stolen mailbox is worth nothing. Looking at a link changes nothing, because mail scanners
open every link they see; a link is used up by `take`, from the form on the page that it leads to.

Whoever changes links holds their customer first, as everywhere: `take` does it itself, and callers of `issue` and
`void` have done it. Of two that locked a link and its customer in two orders, PostgreSQL would end one.
"""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, select, update

from app.customers.models import Customer, MailedProof, PendingLink
from app.database import db, utcnow
from app.tokens import new_token, secret_hash


class Purpose(StrEnum):
    """What a link is good for."""

    CONFIRM = "confirm_address"
    RESET = "reset_password"
    CONNECT = "connect_vipps"
    CHANGE_EMAIL = "change_email"


# How soon an unasked-for link may follow the last one, so that a login form is no way to fill a mailbox.
AGAIN_AFTER = timedelta(minutes=15)
# A new address may wait until tomorrow; a link that opens an account may not (ASVS 6.4.1).
LIFETIME = {
    Purpose.CONFIRM: timedelta(hours=24),
    Purpose.RESET: timedelta(hours=1),
    Purpose.CONNECT: timedelta(hours=1),
    Purpose.CHANGE_EMAIL: timedelta(hours=1),
}


def issue(customer: Customer, email: str, purpose: Purpose, pending_link_id: int | None = None) -> str:
    """Add a proof for the address, end the earlier ones of its kind, and return the token for the mail."""
    void(customer, purpose)
    token = new_token()
    proof = MailedProof(
        customer=customer,
        purpose=purpose,
        pending_link_id=pending_link_id,
        email=email,
        token_hash=secret_hash(token),
        expires_at=utcnow() + LIFETIME[purpose],
    )
    db.session.add(proof)
    return token


def mailed_lately(customer: Customer, purpose: Purpose) -> bool:
    """Tell whether a link of this kind that still works went out a short while ago."""
    lately = select(MailedProof.id).where(
        MailedProof.customer_id == customer.id,
        MailedProof.purpose == purpose,
        MailedProof.used_at.is_(None),
        MailedProof.created_at > utcnow() - AGAIN_AFTER,
    )
    return db.session.scalar(lately.limit(1)) is not None


def was_mailed_for(waiting: PendingLink) -> bool:
    """Tell whether a link that completes this login has gone out and still works."""
    theirs = select(MailedProof.id).where(
        MailedProof.pending_link_id == waiting.id,
        MailedProof.used_at.is_(None),
        MailedProof.expires_at > utcnow(),
    )
    return db.session.scalar(theirs.limit(1)) is not None


def look_at(token: str, purpose: Purpose) -> MailedProof | None:
    """Return the proof if its link would still work, without using it up."""
    return db.session.scalar(select(MailedProof).where(*_works(secret_hash(token), purpose)))


def take(token: str, purpose: Purpose) -> MailedProof | None:
    """Use the link up and return its proof; of two at the same moment one gets it and the other None."""
    return take_by_hash(secret_hash(token), purpose)


def take_by_hash(token_hash: str, purpose: Purpose) -> MailedProof | None:
    """Use up a link whose token's hash is known, as `take` does."""
    whose = db.session.scalar(select(MailedProof.customer_id).where(*_works(token_hash, purpose)))
    if whose is None or not db.session.get(Customer, whose, populate_existing=True, with_for_update=True):
        return None
    using = update(MailedProof).where(*_works(token_hash, purpose)).values(used_at=utcnow()).returning(MailedProof)
    return db.session.scalar(using)


def void(customer: Customer, *purposes: Purpose) -> None:
    """End the open links of a customer, of these kinds or of all."""
    if customer.id is None:
        return
    db.session.execute(
        update(MailedProof)
        .where(
            MailedProof.customer_id == customer.id,
            MailedProof.used_at.is_(None),
            MailedProof.purpose.in_(purposes or tuple(Purpose)),
        )
        .values(used_at=utcnow())
    )


def _works(token_hash: str, purpose: Purpose) -> tuple[ColumnElement[bool], ...]:
    return (
        MailedProof.token_hash == token_hash,
        MailedProof.purpose == purpose,
        MailedProof.used_at.is_(None),
        MailedProof.expires_at > utcnow(),
    )
