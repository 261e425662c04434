"""Export and retain the back office's data about customers.

A customer may know when and why staff opened their data, but not which employee it was (GDPR, article 15(1); Court of
Justice, C-579/21). Erasing a customer removes their id from these rows, by the foreign keys.
"""

from typing import Any

from app.customers.models import Customer
from app.customers.privacy import retention
from app.customers.privacy.data_sources import DataSource, deletes, exports, newest_of
from app.staff.labels import in_words
from app.staff.models import AuditEntry, ErrorReport, StaffSession


def audit_entries_of(customer: Customer) -> list[dict[str, Any]]:
    """Return the times and the actions of staff's accesses to a customer's data."""
    return [
        {"at": entry.at, "what": in_words(entry.action, "actions"), "reference": entry.reference}
        for entry in newest_of(AuditEntry, customer)
    ]


SOURCES = (
    DataSource(
        name="looked_at_by_staff",
        package="staff",
        export=audit_entries_of,
        rules=(
            deletes("audit log entries", AuditEntry, lambda now: AuditEntry.at < now - retention.STAFF_LOOKS),
            deletes(
                "sessions of staff", StaffSession, lambda now: StaffSession.expires_at < now - retention.STAFF_SESSIONS
            ),
        ),
    ),
    DataSource(
        name="errors",
        package="staff",
        export=exports(ErrorReport, "at", "code", "status", "route", "reference"),
        rules=(deletes("error reports", ErrorReport, lambda now: ErrorReport.at < now - retention.ERRORS),),
    ),
)
