"""Labels of the back office: audit actions, query kinds, sources of answers, outcomes of deliveries."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.settings import settings_of_app
from app.staff.audit_log import AuditAction
from app.staff.search import QueryKind
from app.vipps.errors import REFUSALS

ACTIONS: Mapping[str, object] = {
    AuditAction.SEARCH: _l("Searched"),
    AuditAction.CUSTOMER: _l("Opened a customer"),
    AuditAction.ACTIVITY: _l("Read a customer’s activity"),
    AuditAction.AUDIENCE: _l("Viewed an audience"),
    AuditAction.EXPORT: _l("Exported an audience"),
}
KINDS: Mapping[str, object] = {
    QueryKind.EMAIL: _l("an email address"),
    QueryKind.PHONE: _l("a phone number"),
    QueryKind.NUMBER: _l("a customer number"),
    QueryKind.ORDER: _l("an order number"),
    QueryKind.REFERENCE: _l("a reference number"),
    QueryKind.NAME: _l("a name"),
}
SOURCES: Mapping[str, object] = {
    "vipps_login": _l("%(brand)s login"),
    "my_page": _l("My page"),
    "unsubscribe": _l("Link in an email"),
    "staff": _l("The shop’s staff"),
}
OUTCOMES: Mapping[str, object] = {
    "revoked": _l("Sharing ended"),
    "revoked_before": _l("Had already ended"),
    "unknown_subject": _l("Not a customer of ours"),
    "older_than_login": _l("Older than their latest login"),
}
STATES: Mapping[str, object] = {"on": _l("Yes"), "off": _l("No"), "resting": _l("Yes, but paused")}
CHANNELS: Mapping[str, object] = {"email": _l("Email"), "sms": _l("SMS")}


TABLES = {"action": ACTIONS, "kind": KINDS, "source": SOURCES, "outcome": OUTCOMES, "state": STATES}


def in_words(name: str, table: str) -> str:
    """Return the label of a name in one of the tables, or the name itself."""
    words = TABLES[table].get(name)
    return str(words) % {"brand": settings_of_app().brand} if words else name


def shown_to_customer(code: str) -> str:
    """Return the title of the page that a refusal showed; empty without one."""
    refusal = REFUSALS.get(code)
    return str(_(refusal.page.title, brand=settings_of_app().brand)) if refusal else ""


def cause(code: str) -> str:
    """Return the cause of a refused Vipps login, for developers, in English; empty without one."""
    refusal = REFUSALS.get(code)
    return refusal.cause if refusal else ""
