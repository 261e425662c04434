"""Who looked at what. A look is a row in the transaction that read the data, committed before anything is shown.

So a look that cannot be written down is not shown. The row says whose data it was by the customer's number only, and
of a search the kind and the number of hits, never what was typed (ASVS 16.2.5).
"""

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.database import db
from app.logging import reference
from app.pagination import Cursor, Page, paginate
from app.staff.models import PER_PAGE, AuditEntry

MAX_DETAIL = 200


class AuditAction(StrEnum):
    """What can be looked at."""

    SEARCH = "search"
    CUSTOMER = "customer"
    ACTIVITY = "activity"
    AUDIENCE = "audience"
    EXPORT = "export"


def record(staff_id: int, action: AuditAction, customer_id: int | None = None, detail: str = "") -> None:
    """Write a look down. The caller commits, and shows nothing before."""
    row = AuditEntry(
        staff_id=staff_id,
        action=action,
        customer_id=customer_id,
        detail=detail[:MAX_DETAIL],
        reference=reference(),
    )
    db.session.add(row)
    db.session.flush()


def entries(before: Cursor | None = None) -> Page[AuditEntry]:
    """Return one page of the audit log of all staff, newest first."""
    every = select(AuditEntry).options(joinedload(AuditEntry.staff))
    return paginate(every, AuditEntry.id, PER_PAGE, after=before, descending=True)
