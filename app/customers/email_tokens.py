"""Links that are mailed to prove an address: each works once, for a limited time, for one purpose.

The mail carries 256 random bits; the table keeps their hash (ASVS 6.4.1, 6.6.3). Only the newest link of a kind works,
so that an old mail in a stolen mailbox is worth nothing. Looking at a link changes nothing, because mail scanners
open every link they see; a link is used up by `take`, from the form on the page that it leads to.

Whoever changes links holds their customer first, as everywhere: `take` does it itself, and callers of `issue` and
`void` have done it. Of two that locked a link and its customer in two orders, PostgreSQL would end one.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, select, update

from app.customers.models import Customer, EmailToken, PendingLink
from app.database import db, utcnow
from app.tokens import new_token, secret_hash


class TokenPurpose(StrEnum):
    """What a link is good for."""

    CONFIRM = "confirm_address"
    RESET = "reset_password"
    CONNECT = "connect_vipps"
    CHANGE_EMAIL = "change_email"


# How soon an unasked-for link may follow the last one, so that a login form is no way to fill a mailbox.
RESEND_AFTER = timedelta(minutes=15)
# A new address may wait until tomorrow; a link that opens an account may not (ASVS 6.4.1).
LIFETIME = {
    TokenPurpose.CONFIRM: timedelta(hours=24),
    TokenPurpose.RESET: timedelta(hours=1),
    TokenPurpose.CONNECT: timedelta(hours=1),
    TokenPurpose.CHANGE_EMAIL: timedelta(hours=1),
}


@dataclass(frozen=True)
class LinkSpent:
    """The mailed link is unknown, used, replaced by a newer one or too old."""


def issue(customer: Customer, email: str, purpose: TokenPurpose, pending_link_id: int | None = None) -> str:
    """Add a proof for the address, end the earlier ones of its kind, and return the token for the mail."""
    revoke(customer, purpose)
    token = new_token()
    proof = EmailToken(
        customer=customer,
        purpose=purpose,
        pending_link_id=pending_link_id,
        email=email,
        token_hash=secret_hash(token),
        expires_at=utcnow() + LIFETIME[purpose],
    )
    db.session.add(proof)
    return token


def sent_recently(customer: Customer, purpose: TokenPurpose) -> bool:
    """Tell whether a link of this kind that still works went out a short while ago."""
    lately = select(EmailToken.id).where(
        EmailToken.customer_id == customer.id,
        EmailToken.purpose == purpose,
        EmailToken.used_at.is_(None),
        EmailToken.created_at > utcnow() - RESEND_AFTER,
    )
    return db.session.scalar(lately.limit(1)) is not None


def was_sent_for(waiting: PendingLink) -> bool:
    """Tell whether a link that completes this login has gone out and still works."""
    theirs = select(EmailToken.id).where(
        EmailToken.pending_link_id == waiting.id,
        EmailToken.used_at.is_(None),
        EmailToken.expires_at > utcnow(),
    )
    return db.session.scalar(theirs.limit(1)) is not None


def find(token: str, purpose: TokenPurpose) -> EmailToken | None:
    """Return the proof if its link would still work, without using it up."""
    return db.session.scalar(select(EmailToken).where(*_works(secret_hash(token), purpose)))


def use(token: str, purpose: TokenPurpose) -> EmailToken | None:
    """Use the link up and return its proof; of two at the same moment one gets it and the other None."""
    return use_by_hash(secret_hash(token), purpose)


def use_by_hash(token_hash: str, purpose: TokenPurpose) -> EmailToken | None:
    """Use up a link whose token's hash is known, as `take` does."""
    whose = db.session.scalar(select(EmailToken.customer_id).where(*_works(token_hash, purpose)))
    if whose is None or not db.session.get(Customer, whose, populate_existing=True, with_for_update=True):
        return None
    using = update(EmailToken).where(*_works(token_hash, purpose)).values(used_at=utcnow()).returning(EmailToken)
    return db.session.scalar(using)


def revoke(customer: Customer, *purposes: TokenPurpose) -> None:
    """End the open links of a customer, of these kinds or of all."""
    if customer.id is None:
        return
    db.session.execute(
        update(EmailToken)
        .where(
            EmailToken.customer_id == customer.id,
            EmailToken.used_at.is_(None),
            EmailToken.purpose.in_(purposes or tuple(TokenPurpose)),
        )
        .values(used_at=utcnow())
    )


def _works(token_hash: str, purpose: TokenPurpose) -> tuple[ColumnElement[bool], ...]:
    return (
        EmailToken.token_hash == token_hash,
        EmailToken.purpose == purpose,
        EmailToken.used_at.is_(None),
        EmailToken.expires_at > utcnow(),
    )
