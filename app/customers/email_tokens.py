"""Email tokens: links that prove an address. Each works once, for a limited time, for one purpose.

The email has 256 random bits; the table stores their hash (ASVS 6.4.1, 6.6.3). Only the newest link of a kind works, so
that an old email in a stolen mailbox is worth nothing. `find` changes nothing, because mail scanners open every link.
Always lock the customer before the token, or concurrent transactions can deadlock. `use` locks both; callers of `issue`
and `revoke` have locked the customer.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from app.customers.models import Customer, EmailToken, PendingLink, TokenPurpose
from app.database import db, utcnow
from app.tokens import new_token, secret_hash

# The shortest time between two links that the customer did not ask for, so that a login form cannot fill a mailbox.
RESEND_AFTER = timedelta(minutes=15)
# A link that gives access to an account expires sooner than one that confirms an address (ASVS 6.4.1).
LIFETIME = dict.fromkeys(TokenPurpose, timedelta(hours=1)) | {TokenPurpose.CONFIRM: timedelta(hours=24)}


def issue(customer: Customer, email: str, purpose: TokenPurpose, pending_link_id: int | None = None) -> str:
    """Add a token for the address, revoke the earlier ones of its kind, and return the secret for the email."""
    revoke(customer, purpose)
    token, expires_at = new_token(), utcnow() + LIFETIME[purpose]
    row = EmailToken(purpose=purpose, email=email, token_hash=secret_hash(token), expires_at=expires_at)
    row.customer, row.pending_link_id = customer, pending_link_id
    db.session.add(row)
    return token


def sent_recently(customer: Customer, purpose: TokenPurpose) -> bool:
    """Tell whether a link of this kind was sent a short while ago and still works."""
    tokens = select(EmailToken.id).where(EmailToken.customer_id == customer.id, EmailToken.purpose == purpose)
    lately = tokens.where(EmailToken.used_at.is_(None), EmailToken.created_at > utcnow() - RESEND_AFTER)
    return db.session.scalar(lately.limit(1)) is not None


def was_sent_for(pending: PendingLink) -> bool:
    """Tell whether a link that completes this login was sent and still works."""
    tokens = select(EmailToken.id).where(EmailToken.pending_link_id == pending.id, *_still_works())
    return db.session.scalar(tokens.limit(1)) is not None


def find(token: str, purpose: TokenPurpose) -> EmailToken | None:
    """Return the token's row if the link still works, without using it up."""
    return db.session.scalar(select(EmailToken).where(*_works(secret_hash(token), purpose)))


def use(token: str, purpose: TokenPurpose) -> EmailToken | None:
    """Use the link up and return its row. Of two concurrent requests, one gets the row and the other gets None."""
    return use_by_hash(secret_hash(token), purpose)


def use_by_hash(token_hash: str, purpose: TokenPurpose) -> EmailToken | None:
    """Use up a link by the hash of its token, as `use` does."""
    whose = db.session.scalar(select(EmailToken.customer_id).where(*_works(token_hash, purpose)))
    if whose is None or not db.session.get(Customer, whose, populate_existing=True, with_for_update=True):
        return None
    using = update(EmailToken).where(*_works(token_hash, purpose)).values(used_at=utcnow()).returning(EmailToken)
    return db.session.scalar(using)


def revoke(customer: Customer, *purposes: TokenPurpose) -> None:
    """Revoke the open links of a customer, of these kinds or of all."""
    tokens = update(EmailToken).where(EmailToken.customer_id == customer.id, EmailToken.used_at.is_(None))
    if purposes:
        tokens = tokens.where(EmailToken.purpose.in_(purposes))
    db.session.execute(tokens.values(used_at=utcnow()))


def _works(token_hash: str, purpose: TokenPurpose) -> tuple[ColumnElement[bool], ...]:
    return EmailToken.token_hash == token_hash, EmailToken.purpose == purpose, *_still_works()


def _still_works() -> tuple[ColumnElement[bool], ...]:
    return EmailToken.used_at.is_(None), EmailToken.expires_at > utcnow()
