"""Export and retain the back office's data about customers.

A customer may know when and why staff opened their data, but not which employee it was (GDPR, article 15(1); Court of
Justice, C-579/21). Erasing a customer removes their id from these rows, by the foreign keys.
"""

from typing import Any

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.customers.models import Customer
from app.customers.privacy import data_sources, retention_periods
from app.customers.privacy.data_sources import DataSource, deletes, rows
from app.staff.labels import in_words
from app.staff.models import AuditEntry, ErrorReport, StaffSession


def init_app(app: Flask) -> None:
    """Register the data sources of the back office."""
    for holder in HOLDERS:
        data_sources.register(app, holder)


def audit_entries_of(customer: Customer) -> list[dict[str, Any]]:
    """Return when staff opened a customer's data, and for what."""
    return [
        {"at": row["at"], "what": in_words(row["action"], "action"), "reference": row["reference"]}
        for row in rows(AuditEntry, customer, "at", "action", "reference")
    ]


def errors_of(customer: Customer) -> list[dict[str, Any]]:
    """Return the errors that a customer saw."""
    return rows(ErrorReport, customer, "at", "code", "status", "route", "reference")


HOLDERS = (
    DataSource(
        name="looked_at_by_staff",
        title=_l("When the shop’s staff viewed your data"),
        export=audit_entries_of,
        rules=(
            deletes("audit log entries", AuditEntry, lambda now: AuditEntry.at < now - retention_periods.STAFF_LOOKS),
            deletes(
                "sessions of staff",
                StaffSession,
                lambda now: StaffSession.expires_at < now - retention_periods.STAFF_SESSIONS,
            ),
        ),
    ),
    DataSource(
        name="errors",
        title=_l("Errors that you saw"),
        export=errors_of,
        rules=(deletes("error reports", ErrorReport, lambda now: ErrorReport.at < now - retention_periods.ERRORS),),
        labels={"code": _l("Error"), "status": _l("Status of the page"), "route": _l("Where in the shop")},
    ),
)
