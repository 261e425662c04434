"""Check a password, set a new one by an emailed link, and change it.

The caller commits an outcome together with its email. The page must not reveal whether an address has an account, so
these outcomes differ only in the email, which only the owner of the address reads (ASVS 6.3.8).
"""

from collections.abc import Callable
from typing import Any, TypeVar

from app.customers import account_activity, account_emails, email_tokens
from app.customers.lookup import find_by_email, has_vipps, lock_customer
from app.customers.models import Customer, EndReason, Kind, TokenPurpose
from app.customers.passwords import hashing
from app.customers.sessions.session_cookie import end_sessions_of
from app.database import begin_write

A = TypeVar("A", bound=Any)  # a row with an `id` and a `password_hash`


def lock_if_correct(account: A | None, password: str, lock: Callable[[int], A | None]) -> A | None:
    """Return the account, locked and read again by `lock`, if the password is correct, else None. The caller commits.

    It serves customers and staff. One hash is computed in every case, so that the time does not reveal whether the
    account exists (ASVS 6.3.8).
    """
    seen = account.password_hash if account else None
    if not hashing.matches(password, seen) or account is None or seen is None:
        return None
    renewed = hashing.make_hash(password) if hashing.outdated(seen) else seen
    account_id = account.id
    begin_write()
    current = lock(account_id)
    # The password may have been changed while this one was being checked.
    if current is None or current.password_hash != seen:
        return None
    current.password_hash = renewed
    return current


def send_reset_link(email: str) -> bool:
    """Email a link that sets a new password, if the owner of the address can prove an account by it.

    Return False if no link was sent; then the caller must roll back, so that an earlier link still works.

    An account with Vipps and without a password gets a link too: its owner may set a password after the proof. An
    account with Vipps whose address was never confirmed gets none, because the mailbox may be another person's.
    """
    begin_write()
    customer = find_by_email(email, lock=True)
    if customer is None or customer.blocked_at or (customer.email_verified_at is None and has_vipps(customer)):
        return False
    token = email_tokens.issue(customer, str(customer.email), TokenPurpose.RESET)
    return account_emails.send(customer, "reset_password", token=token)


def reset_password(token: str, password: str) -> Customer | None:
    """Set a new password by an emailed link, which proves the address as well; None if the link no longer works.

    Every session and every other open link ends, also those of an attacker (ASVS 7.4.3).
    """
    password_hash = hashing.make_hash(password)
    begin_write()
    proof = email_tokens.use(token, TokenPurpose.RESET)
    if proof is None or proof.customer.email != proof.email or proof.customer.blocked_at:
        return None
    proof.customer.mark_email_verified()
    _set_password(proof.customer, password_hash)
    end_sessions_of(proof.customer, EndReason.PASSWORD_RESET)
    return proof.customer


def change_password(customer: Customer, current: str, new: str) -> bool:
    """Change the password, and end the sessions in other browsers; False if `current` is wrong (ASVS 6.2.3)."""
    password_hash = hashing.make_hash(new)
    if lock_if_correct(customer, current, lock_customer) is None:
        return False
    _set_password(customer, password_hash)
    end_sessions_of(customer, EndReason.PASSWORD_CHANGED, except_current=True)
    return True


def _set_password(customer: Customer, password_hash: str) -> None:
    customer.password_hash = password_hash
    email_tokens.revoke(customer)
    account_activity.record(customer, Kind.PASSWORD_SET)
    account_emails.send(customer, "password_set")
