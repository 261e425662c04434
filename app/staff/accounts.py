"""The staff's accounts: made and closed on the command line only, by whoever runs the server.

There is no page on which somebody becomes staff, and no mail that opens such an account.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, current_app
from sqlalchemy import select

from app.customers.passwords import hashing
from app.database import begin_write, db, utcnow
from app.staff import session_store
from app.staff.models import Staff

CLOSED_WHEN = "closed_staff_accounts"


@dataclass(frozen=True)
class LoggedIn:
    """The password is right and the account open."""

    staff: Staff


@dataclass(frozen=True)
class Refused:
    """No such account, a closed one, or a wrong password: one outcome, so that no page can tell."""


def check_login(email: str | None, password: str) -> LoggedIn | Refused:
    """Check a password; one hash is computed whatever is wrong, so that the time does not tell (ASVS 6.3.8).

    The caller commits.
    """
    staff = find(email) if email else None
    seen = staff.password_hash if staff else None
    if not hashing.matches(password, seen) or staff is None or seen is None:
        return Refused()
    renewed = hashing.make_hash(password) if hashing.outdated(seen) else seen
    staff_id = staff.id
    begin_write()
    current = lock_staff(staff_id)
    # It may have been closed, or got another password, while this one was being checked.
    if current is None or current.password_hash != seen or not is_open(current):
        return Refused()
    current.password_hash = renewed
    return LoggedIn(current)


def is_open(staff: Staff) -> bool:
    """Tell whether this account may log in: it is not disabled, and no check of `close_when` refuses it."""
    checks = current_app.extensions.get(CLOSED_WHEN, ())
    return staff.disabled_at is None and not any(is_closed(staff) for is_closed in checks)


def close_when(app: Flask, is_closed: Callable[[Staff], bool]) -> None:
    """Refuse the login of every account for which a check returns true."""
    app.extensions.setdefault(CLOSED_WHEN, []).append(is_closed)


def create(email: str, name: str, password: str) -> Staff | None:
    """Make an account, or open a disabled one again with a new password; None if there is an open one already."""
    password_hash = hashing.make_hash(password)
    begin_write()
    staff = find(email)
    if staff is not None and staff.disabled_at is None:
        return None
    if staff is None:
        staff = Staff(email=email)
        db.session.add(staff)
    staff.name, staff.password_hash, staff.disabled_at = name, password_hash, None
    return staff


def disable(staff: Staff) -> None:
    """Close an account, and end its sessions (ASVS 7.4.2). What it looked at stays on record."""
    staff.disabled_at = utcnow()
    session_store.end_all(staff)


def find(email: str) -> Staff | None:
    """Return the account with this address, given in its normal form."""
    return db.session.scalar(select(Staff).where(Staff.email == email))


def lock_staff(staff_id: int) -> Staff | None:
    """Read an account as it is now, and keep others from changing it before this transaction ends."""
    return db.session.get(Staff, staff_id, populate_existing=True, with_for_update=True)
