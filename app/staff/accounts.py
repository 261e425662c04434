"""Create, check and disable staff accounts.

Only the operator can do this, on the command line: no page creates a staff account, and no emailed link opens one.
"""

from collections.abc import Callable

from flask import Flask, current_app
from sqlalchemy import select

from app.customers.passwords import hashing
from app.customers.passwords.password_login import lock_if_correct
from app.database import begin_write, db, utcnow
from app.staff import sessions
from app.staff.models import Staff

CLOSED_WHEN = "closed_staff_accounts"


def lock_if_open(staff: Staff | None, password: str) -> Staff | None:
    """Lock and return the account if it is open and the password is right; else None, so that no page can say why."""
    current = lock_if_correct(staff, password, lock_staff)
    # The account may have been closed while its password was being checked.
    return current if current and is_open(current) else None


def is_open(staff: Staff) -> bool:
    """Tell whether this account may log in: it is not disabled, and no check of `close_when` refuses it."""
    checks = current_app.extensions.get(CLOSED_WHEN, ())
    return staff.disabled_at is None and not any(is_closed(staff) for is_closed in checks)


def close_when(app: Flask, is_closed: Callable[[Staff], bool]) -> None:
    """Refuse the login of every account for which a check returns true."""
    app.extensions.setdefault(CLOSED_WHEN, []).append(is_closed)


def create(email: str, name: str, password: str) -> Staff | None:
    """Create an account, or re-enable a disabled one with a new password; None if an enabled one exists."""
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
    """Disable an account and end its sessions (ASVS 7.4.2). Its audit log stays."""
    staff.disabled_at = utcnow()
    sessions.end_all(staff)


def find(email: str) -> Staff | None:
    """Return the account with this email address, given in its normal form."""
    return db.session.scalar(select(Staff).where(Staff.email == email))


def lock_staff(staff_id: int) -> Staff | None:
    """Read the current row of an account and lock it until this transaction ends."""
    return db.session.get(Staff, staff_id, populate_existing=True, with_for_update=True)
