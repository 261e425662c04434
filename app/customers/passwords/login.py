"""Check the password of an account, for the logins of customers and of staff.

One hash is computed whatever is wrong, so that the time does not tell whether there is such an account (ASVS 6.3.8).
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from app.customers.passwords import hashing
from app.database import begin_write


class Account(Protocol):
    """A row with a password."""

    id: Any
    password_hash: Any


A = TypeVar("A", bound=Account)


def lock_if_correct(account: A | None, password: str, lock: Callable[[int], A | None]) -> A | None:
    """Return the account as `lock` reads it now if the password is correct, else None. The caller commits."""
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
