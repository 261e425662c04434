"""Record each access of staff to customers' data in the audit log.

The entry is part of the transaction that reads the data and is committed before the page is shown: without an entry
there is no page. An entry names the customer by id only, and a search by its kind and number of hits, never by the
query (ASVS 16.2.5).
"""

from enum import StrEnum

from app.database import db
from app.logging import reference
from app.staff.models import AuditEntry

MAX_DETAIL = 200


class AuditAction(StrEnum):
    """The actions that are recorded."""

    SEARCH = "search"
    CUSTOMER = "customer"
    ACTIVITY = "activity"
    ORDERS = "orders"
    AUDIENCE = "audience"
    EXPORT = "export"
    ENROLMENT = "enrolment"
    VIPPS_DISCONNECTED = "vipps_disconnected"
    VIPPS_RECONNECTED = "vipps_reconnected"


def record(staff_id: int, action: AuditAction, customer_id: int | None = None, detail: str = "") -> None:
    """Add an entry. The caller commits, and shows the data only after that."""
    about = {"customer_id": customer_id, "detail": detail[:MAX_DETAIL], "reference": reference()}
    db.session.add(AuditEntry(staff_id=staff_id, action=action, **about))
    db.session.flush()
