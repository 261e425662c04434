"""The rules of the accounts: register, prove an address, log in by password, get back in, change the password.

Every function returns a typed outcome; what it changed is committed by the caller, with the mail that belongs to it.
Outcomes that a stranger must not tell apart (is this address registered?) are told apart by the mail alone, which
only the owner of the address reads (ASVS 6.3.8).

Registering logs nobody in and proves nothing: whoever registers with somebody else's address would wait inside the
account for its owner (pre-hijacking: Sudhodanan and Paverd, "Pre-hijacked accounts", USENIX Security 2022). So an
address counts only after a mailed link was used by somebody who also knows the password of the registration.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.customers.accounts import email_tokens
from app.customers.accounts.email_tokens import Purpose
from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.models import Customer, VippsLink
from app.customers.passwords import hashing
from app.customers.passwords.login import lock_if_correct
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
class LoggedIn:
    """The password is right and the address confirmed."""

    customer: Customer


@dataclass(frozen=True)
class NotConfirmed:
    """The password is right, but the address was never confirmed; a new link goes to it by mail.

    `token` is None if one went out a short while ago.
    """

    customer: Customer
    token: str | None


@dataclass(frozen=True)
class Refused:
    """No such account, no password on it, or a wrong one: one outcome, so that no page can tell."""


@dataclass(frozen=True)
class ResetMailed:
    """A link to set a new password goes to the address by mail."""

    customer: Customer
    token: str


@dataclass(frozen=True)
class NobodyToMail:
    """There is no account that this address could prove to be its own."""


@dataclass(frozen=True)
class AddressConfirmed:
    """The address is the customer's from now on."""

    customer: Customer


@dataclass(frozen=True)
class PasswordSet:
    """A new password holds, and every other session has ended."""

    customer: Customer


@dataclass(frozen=True)
class Blocked:
    """The password is right, but the shop has blocked the account."""

    customer: Customer


@dataclass(frozen=True)
class LinkSpent:
    """The mailed link is unknown, used, replaced by a newer one or too old."""


def register(name: str, email: str, password: str, locale: str) -> Registered | AddressTaken:
    """Make an account that its address still has to confirm.

    `email` is in its normal form, `password` has passed `passwords.problem`. The hash is computed for a taken
    address as well, because its time would tell. An account that nobody confirmed belongs to nobody yet, so the newest
    registration replaces it; two at the same moment are decided by the unique constraint.
    """
    password_hash = hashing.make_hash(password)
    begin_write()
    customer = find_by_email(email, lock=True) or _added(Customer(email=email))
    if is_somebodys(customer):
        return AddressTaken(customer)
    customer.name, customer.password_hash, customer.locale = name, password_hash, locale
    db.session.flush()
    return Registered(customer, email_tokens.issue(customer, email, Purpose.CONFIRM))


def confirm_address(token: str, password: str | None) -> AddressConfirmed | LinkSpent | Refused:
    """Use a mailed link to confirm the address of a registration.

    Pass the password that was given, or None when this browser is known to be the one that registered. The
    link alone is not enough: a stranger's registration would be confirmed by an owner who opens all their mail.
    """
    proof = email_tokens.look_at(token, Purpose.CONFIRM)
    if proof is None or proof.customer.email != proof.email:
        return LinkSpent()
    customer_id, seen = proof.customer_id, proof.customer.password_hash
    if password is not None and not hashing.matches(password, seen):
        return Refused()
    begin_write()
    customer = hold(customer_id)
    if customer is None or customer.password_hash != seen or customer.blocked_at:
        return LinkSpent()
    if email_tokens.take(token, Purpose.CONFIRM) is None:
        return LinkSpent()
    customer.email_verified_at = utcnow()
    account_activity.note(customer, Kind.ADDRESS_CONFIRMED, method="mail")
    return AddressConfirmed(customer)


def log_in(email: str | None, password: str) -> LoggedIn | NotConfirmed | Blocked | Refused:
    """Check a password and whether the account may be used. The caller commits or rolls back."""
    current = lock_if_correct(find_by_email(email) if email else None, password, hold)
    if current is None:
        return Refused()
    if current.blocked_at is not None:
        return Blocked(current)
    if current.email_verified_at is None:
        lately = email_tokens.mailed_lately(current, Purpose.CONFIRM)
        return NotConfirmed(
            current, None if lately else email_tokens.issue(current, str(current.email), Purpose.CONFIRM)
        )
    return LoggedIn(current)


def request_reset(email: str | None) -> ResetMailed | NobodyToMail:
    """Prepare a link to set a new password, for every account whose owner this address can prove.

    An account that only Vipps opens gets one too: its owner may set a password after the proof. Not so when its address
    was never confirmed, since the mailbox may be somebody else's.
    """
    begin_write()
    customer = find_by_email(email, lock=True) if email else None
    if customer is None or customer.blocked_at or (customer.email_verified_at is None and has_vipps(customer)):
        return NobodyToMail()
    return ResetMailed(customer, email_tokens.issue(customer, str(customer.email), Purpose.RESET))


def reset_password(token: str, password: str) -> PasswordSet | LinkSpent:
    """Set a new password by a mailed link, which proves the address as well.

    Every session and every other open link ends: whoever was inside is out (ASVS 7.4.3).
    """
    password_hash = hashing.make_hash(password)
    begin_write()
    proof = email_tokens.take(token, Purpose.RESET)
    if proof is None or proof.customer.email != proof.email or proof.customer.blocked_at:
        return LinkSpent()
    customer = proof.customer
    customer.email_verified_at = customer.email_verified_at or utcnow()
    _set_password(customer, password_hash)
    end_all(customer, "password_reset")
    return PasswordSet(customer)


def change_password(customer: Customer, current: str, new: str, keep_session: int | None) -> PasswordSet | Refused:
    """Change the password of who is logged in, after asking for the present one (ASVS 6.2.3).

    The sessions in other browsers end; `keep_session` is the id of the one that goes on.
    """
    customer_id, seen = customer.id, customer.password_hash
    if not hashing.matches(current, seen):
        return Refused()
    password_hash = hashing.make_hash(new)
    begin_write()
    held = hold(customer_id)
    if held is None or held.password_hash != seen:
        return Refused()
    _set_password(customer, password_hash)
    end_all(customer, "password_changed", keep=keep_session)
    return PasswordSet(customer)


def is_somebodys(customer: Customer) -> bool:
    """Tell whether anybody has ever proved that this account is theirs; a blocked one is not to be had either."""
    return customer.email_verified_at is not None or customer.blocked_at is not None or has_vipps(customer)


def block(customer: Customer) -> None:
    """Close an account: nobody logs in, and whoever is in is out (ASVS 7.4.2)."""
    customer.blocked_at = utcnow()
    email_tokens.void(customer)
    end_all(customer, "blocked")
    account_activity.note(customer, Kind.BLOCKED)


def unblock(customer: Customer) -> None:
    """Open a blocked account again."""
    customer.blocked_at = None
    account_activity.note(customer, Kind.UNBLOCKED)


def find_by_email(email: str, *, lock: bool = False) -> Customer | None:
    """Return the account that logs in with this address, given in its normal form.

    With `lock`, nobody else changes it before this transaction ends.
    """
    found = select(Customer).where(Customer.email == email)
    return db.session.scalar(found.with_for_update() if lock else found)


def hold(customer_id: int) -> Customer | None:
    """Read an account as it is now and keep others from changing it before this transaction ends; None if it is gone.

    What was read before `begin_write` may be out of date, and on PostgreSQL would be answered from memory.
    """
    return db.session.get(Customer, customer_id, populate_existing=True, with_for_update=True)


def has_vipps(customer: Customer) -> bool:
    """Tell whether a Vipps user opens this account."""
    return db.session.scalar(select(VippsLink.id).where(VippsLink.customer_id == customer.id).limit(1)) is not None


def _set_password(customer: Customer, password_hash: str) -> None:
    customer.password_hash = password_hash
    email_tokens.void(customer)
    account_activity.note(customer, Kind.PASSWORD_SET)


def _added(customer: Customer) -> Customer:
    """Add the account, or return the one that another request added first."""
    try:
        with db.session.begin_nested():
            db.session.add(customer)
    except IntegrityError:
        first = find_by_email(str(customer.email))
        if first is None:
            raise
        return first
    return customer
