"""Labels of the back office: audit actions, query kinds, sources of answers, outcomes of deliveries."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.settings import settings_of_app
from app.staff.audit_log import AuditAction
from app.staff.search import QueryKind
from app.staff.vipps_links import ChangeReason, IdentityCheck, NotChanged
from app.vipps.errors import REFUSALS

ACTIONS: Mapping[str, object] = {
    AuditAction.SEARCH: _l("Searched"),
    AuditAction.CUSTOMER: _l("Opened a customer"),
    AuditAction.ACTIVITY: _l("Read a customer’s activity"),
    AuditAction.ORDERS: _l("Listed orders"),
    AuditAction.AUDIENCE: _l("Viewed an audience"),
    AuditAction.EXPORT: _l("Exported an audience"),
    AuditAction.VIPPS_DISCONNECTED: _l("Disconnected %(brand)s"),
    AuditAction.VIPPS_RECONNECTED: _l("Connected %(brand)s again"),
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
ORDER_STATUSES: Mapping[str, object] = {
    "placed": _l("Placed"),
    "awaiting_payment": _l("Awaiting payment"),
    "paid": _l("Paid"),
    "expired": _l("Expired"),
}
CHANNELS: Mapping[str, object] = {"email": _l("Email"), "sms": _l("SMS")}


CHANGE_REASONS: Mapping[str, object] = {
    ChangeReason.NEW_PROFILE: _l("New %(brand)s profile"),
    ChangeReason.SALES_UNIT: _l("The shop has another sales unit"),
    ChangeReason.WRONG_USER: _l("Connected to the wrong person"),
    ChangeReason.ASKED: _l("The customer asked for it"),
}
CHECKS: Mapping[str, object] = {
    IdentityCheck.CALLED_BACK: _l("Called back on the account’s confirmed phone number, and asked about an order"),
    IdentityCheck.ORDER_DETAILS: _l("Two details of orders that no email or page shows to others"),
    IdentityCheck.CONFIRMED_EMAIL: _l("Answered an email to the account’s confirmed address"),
    IdentityCheck.IN_PERSON: _l("Showed identification in the shop"),
}
NOT_CHANGED: Mapping[str, object] = {
    NotChanged.NOT_CONNECTED: _l("No %(brand)s user is connected to this account."),
    NotChanged.NO_SUBJECT: _l("Enter the identifier (sub) of the %(brand)s user, as another customer’s page shows it."),
    NotChanged.CONNECTED_ALREADY: _l("This %(brand)s user opens this account already."),
    NotChanged.BLOCKED: _l("One of the accounts is blocked. Find out why before you change it."),
    NotChanged.CHANGED_MEANWHILE: _l("The account was changed after you opened this page. Please look again."),
}

TABLES = {
    "action": ACTIONS,
    "kind": KINDS,
    "source": SOURCES,
    "outcome": OUTCOMES,
    "state": STATES,
    "order_status": ORDER_STATUSES,
    "refusal": NOT_CHANGED,
}


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
