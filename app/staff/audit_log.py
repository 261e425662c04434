"""Who looked at what. A look is a row in the transaction that read the data, committed before anything is shown.

So a look that cannot be written down is not shown. The row says whose data it was by the customer's number only, and
of a search the kind and the number of hits, never what was typed (ASVS 16.2.5).
"""

from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.database import db
from app.logging import reference
from app.staff.models import StaffLook
from app.staff.pagination import Listing, newest

MAX_DETAIL = 200


class Action(StrEnum):
    """What can be looked at."""

    SEARCH = "search"
    CUSTOMER = "customer"
    ACTIVITY = "activity"
    AUDIENCE = "audience"
    EXPORT = "export"


def note(staff_id: int, action: Action, customer_id: int | None = None, detail: str = "") -> None:
    """Write a look down. The caller commits, and shows nothing before."""
    row = StaffLook(
        staff_id=staff_id,
        action=action,
        customer_id=customer_id,
        detail=detail[:MAX_DETAIL],
        reference=reference(),
    )
    db.session.add(row)
    db.session.flush()


def listing(before: int | None = None) -> Listing[StaffLook]:
    """Return one page of the looks of everybody, the newest first."""
    return newest(select(StaffLook).options(joinedload(StaffLook.staff)), StaffLook.id, before)
