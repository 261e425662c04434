"""The rules of the accounts: register, prove an address, log in by password, get back in, change the password.

Every function returns a typed outcome; what it changed is committed by the caller, with the mail that belongs to it.
Outcomes that a stranger must not tell apart (is this address registered?) are told apart by the mail alone, which
only the owner of the address reads (ASVS 6.3.8).

Registering logs nobody in and proves nothing: whoever registers with somebody else's address would wait inside the
account for its owner (pre-hijacking: Sudhodanan and Paverd, "Pre-hijacked accounts", USENIX Security 2022). So an
address counts only after a mailed link was used by somebody who also knows the password of the registration.
"""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from app.customers import email_tokens, lookup
from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.email_tokens import LinkSpent, TokenPurpose
from app.customers.models import Customer, EndReason, LoginMethod
from app.customers.passwords import hashing
from app.customers.sessions.session_store import end_all
from app.database import begin_write, db, utcnow


@dataclass(frozen=True)
class Registered:
    """A new account, or a renewed one that nobody ever confirmed; the token goes to the address by mail."""

    customer: Customer
    token: str


@dataclass(frozen=True)
class AddressTaken:
    """The address opens an account already; its owner is told by mail, and nothing changed."""

    customer: Customer


@dataclass(frozen=True)
class AddressConfirmed:
    """The address is the customer's from now on."""

    customer: Customer


@dataclass(frozen=True)
class WrongPassword:
    """The password is not that of the registration; nothing changed."""


def register(name: str, email: str, password: str, locale: str) -> Registered | AddressTaken:
    """Make an account that its address still has to confirm.

    `email` is in its normal form, `password` has passed `passwords.problem`. The hash is computed for a taken
    address as well, because its time would tell. An account that nobody confirmed belongs to nobody yet, so the newest
    registration replaces it; two at the same moment are decided by the unique constraint.
    """
    password_hash = hashing.make_hash(password)
    begin_write()
    customer = lookup.find_by_email(email, lock=True) or _added(Customer(email=email))
    if lookup.is_claimed(customer):
        return AddressTaken(customer)
    customer.name, customer.password_hash, customer.locale = name, password_hash, locale
    db.session.flush()
    return Registered(customer, email_tokens.issue(customer, email, TokenPurpose.CONFIRM))


def confirm_address(token: str, password: str | None) -> AddressConfirmed | LinkSpent | WrongPassword:
    """Use a mailed link to confirm the address of a registration.

    Pass the password that was given, or None when this browser is known to be the one that registered. The
    link alone is not enough: a stranger's registration would be confirmed by an owner who opens all their mail.
    """
    proof = email_tokens.find(token, TokenPurpose.CONFIRM)
    if proof is None or proof.customer.email != proof.email:
        return LinkSpent()
    customer_id, seen = proof.customer_id, proof.customer.password_hash
    if password is not None and not hashing.matches(password, seen):
        return WrongPassword()
    begin_write()
    customer = lookup.lock_customer(customer_id)
    if customer is None or customer.password_hash != seen or customer.blocked_at:
        return LinkSpent()
    if email_tokens.use(token, TokenPurpose.CONFIRM) is None:
        return LinkSpent()
    customer.mark_email_verified()
    account_activity.record(customer, Kind.ADDRESS_CONFIRMED, method=LoginMethod.MAIL)
    return AddressConfirmed(customer)


def block(customer: Customer) -> None:
    """Close an account: nobody logs in, and whoever is in is out (ASVS 7.4.2)."""
    customer.blocked_at = utcnow()
    email_tokens.revoke(customer)
    end_all(customer, EndReason.BLOCKED)
    account_activity.record(customer, Kind.BLOCKED)


def unblock(customer: Customer) -> None:
    """Open a blocked account again."""
    customer.blocked_at = None
    account_activity.record(customer, Kind.UNBLOCKED)


def _added(customer: Customer) -> Customer:
    """Add the account, or return the one that another request added first."""
    try:
        with db.session.begin_nested():
            db.session.add(customer)
    except IntegrityError:
        first = lookup.find_by_email(str(customer.email))
        if first is None:
            raise
        return first
    return customer
