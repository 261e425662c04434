"""Change an account's email address: a logged-in customer asks for it, and an emailed link proves the new address.

Only the reader of the new mailbox learns whether the address opens another account (ASVS 6.3.8). A registration that
was never confirmed has no owner, so it does not keep the address from a customer who proves it.
"""

from dataclasses import dataclass

from app.customers import email_tokens, lookup
from app.customers.accounts.registration import AddressTaken
from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.email_tokens import LinkSpent, TokenPurpose
from app.customers.models import Customer, EndReason, LoginMethod
from app.customers.privacy.erasure import erase
from app.customers.profile.change_history import record
from app.customers.profile.fields import Source, State
from app.customers.sessions.session_store import end_all
from app.database import begin_write, db


@dataclass(frozen=True)
class ChangeRequested:
    """A link that changes the account's address is emailed to the new address."""

    token: str


@dataclass(frozen=True)
class EmailChanged:
    """The account has another address, and every other session has ended."""

    customer: Customer
    old_email: str | None


def request(customer: Customer, new_email: str) -> ChangeRequested | AddressTaken:
    """Prepare a link to a new address, given in its normal form, and revoke the earlier ones."""
    begin_write()
    lookup.lock_customer(customer.id)
    account_activity.record(customer, Kind.EMAIL_CHANGE_ASKED)
    owner = lookup.find_by_email(new_email)
    if owner is not None and owner is not customer and lookup.is_claimed(owner):
        email_tokens.revoke(customer, TokenPurpose.CHANGE_EMAIL)
        return AddressTaken(owner)
    return ChangeRequested(email_tokens.issue(customer, new_email, TokenPurpose.CHANGE_EMAIL))


def change(customer: Customer, token: str, keep_session: int | None) -> EmailChanged | AddressTaken | LinkSpent:
    """Change the address to that of an emailed link; raises `IntegrityError` if another request is faster.

    The link works only for the account that asked for it. Every other session and every other open link ends.
    """
    begin_write()
    proof = email_tokens.use(token, TokenPurpose.CHANGE_EMAIL)
    if proof is None or proof.customer_id != customer.id:
        return LinkSpent()
    owner = lookup.find_by_email(proof.email, lock=True)
    if owner is not None and owner is not customer:  # their own address, never confirmed, is confirmed now
        if lookup.is_claimed(owner):
            return AddressTaken(owner)
        erase(owner)
    return _changed(customer, proof.email, keep_session)


def _changed(customer: Customer, email: str, keep_session: int | None) -> EmailChanged:
    old_email = customer.email if customer.email != email else None  # None: the same one, confirmed now
    customer.set_verified_email(email)
    db.session.flush()
    email_tokens.revoke(customer)
    end_all(customer, EndReason.EMAIL_CHANGED, keep=keep_session)
    account_activity.record(customer, Kind.EMAIL_CHANGED, method=LoginMethod.MAIL)
    record(customer, "email", (old_email, email), Source.CUSTOMER, State.APPLIED)
    return EmailChanged(customer, old_email)
