"""Register an account, confirm its address, and block or unblock it.

The page must not reveal whether an address is registered, so these outcomes differ only in the email, which only the
owner of the address reads (ASVS 6.3.8). Registering does not log in and proves nothing: an attacker who registers with
another person's address would have access to the account before its owner (pre-hijacking: Sudhodanan and Paverd,
"Pre-hijacked accounts", USENIX Security 2022). So an address counts only after its emailed link was used by a person
who also knows the registration's password. The caller commits.
"""

from sqlalchemy.exc import IntegrityError

from app.customers import account_activity, email_tokens, lookup
from app.customers.models import Customer, EndReason, Kind, LoginMethod, TokenPurpose
from app.customers.passwords import hashing
from app.customers.sessions.session_store import end_all
from app.database import begin_write, db, utcnow


class WrongPasswordError(Exception):
    """The password differs from the registration's; nothing changed."""


def register(name: str, email: str, password: str, locale: str) -> tuple[Customer, str | None]:
    """Create an account whose address is not confirmed yet; return it with the token that confirms the address.

    If a confirmed account has the address already, nothing changes, and that account is returned without a token. The
    password hash is computed in this case too, because the time would reveal it. An unconfirmed account has no owner
    yet, so the newest registration replaces it. The unique constraint accepts only one of two concurrent ones.
    """
    password_hash = hashing.make_hash(password)
    begin_write()
    customer = lookup.find_by_email(email, lock=True) or _added(Customer(email=email))
    if lookup.is_claimed(customer):
        return customer, None
    customer.name, customer.password_hash, customer.locale = name, password_hash, locale
    db.session.flush()
    return customer, email_tokens.issue(customer, email, TokenPurpose.CONFIRM)


def confirm_address(token: str, password: str | None) -> Customer | None:
    """Use an emailed link to confirm the address of a registration; None if the link no longer works.

    `password` is None in the browser that registered; a wrong one raises `WrongPasswordError`. The link alone is not
    enough: an owner who opens every link would confirm an attacker's registration.
    """
    proof = email_tokens.find(token, TokenPurpose.CONFIRM)
    if proof is None or proof.customer.email != proof.email:
        return None
    customer_id, seen = proof.customer_id, proof.customer.password_hash
    if password is not None and not hashing.matches(password, seen):
        raise WrongPasswordError
    begin_write()
    customer = lookup.lock_customer(customer_id)
    if customer is None or customer.password_hash != seen or customer.blocked_at:
        return None
    if email_tokens.use(token, TokenPurpose.CONFIRM) is None:
        return None
    customer.mark_email_verified()
    account_activity.record(customer, Kind.ADDRESS_CONFIRMED, method=LoginMethod.MAIL)
    return customer


def block(customer: Customer) -> None:
    """Block an account: end its sessions and refuse its logins (ASVS 7.4.2)."""
    customer.blocked_at = utcnow()
    email_tokens.revoke(customer)
    end_all(customer, EndReason.BLOCKED)
    account_activity.record(customer, Kind.BLOCKED)


def unblock(customer: Customer) -> None:
    """Unblock an account."""
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
