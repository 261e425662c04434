"""Disconnect and reconnect a customer's Vipps user, with a reason, for a customer whose identity was checked.

This can give another person access to any account. So it requires the staff member's password again (ASVS 7.5.3), a
reason, and the way in which the identity was checked (ASVS 6.4.4). Each changed account gets an entry in the audit log,
in the same transaction. A Vipps user of another account is moved only if the staff member named that account.
"""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.exc import DBAPIError

from app.customers import lookup
from app.customers.linking import support
from app.customers.lookup import Identity
from app.customers.models import Customer
from app.database import db, is_conflict
from app.logging import log
from app.staff import audit_log
from app.staff.audit_log import AuditAction
from app.vipps.id_token import is_subject
from app.vipps.routes import integration


class NotChanged(StrEnum):
    """Why nothing was changed."""

    NO_CUSTOMER = "no_customer"
    NOT_CONNECTED = "not_connected"
    NO_SUBJECT = "no_subject"
    CONNECTED_ALREADY = "connected_already"
    BLOCKED = "blocked"
    CHANGED_MEANWHILE = "changed_meanwhile"


@dataclass(frozen=True)
class LinkChange:
    """The change that a staff member requests.

    `reason` and `check`, how the identity was checked, are names of the tables `change_reasons` and `identity_checks`.
    `seen` is the subject that the page showed, None without a page.
    """

    staff_id: int
    customer_id: int
    reason: str
    check: str
    seen: str | None = None


@dataclass(frozen=True)
class Done:
    """The link was changed. `other` is this Vipps user's earlier account; staff phone the `not_emailed` customers."""

    not_emailed: tuple[int, ...] = ()
    other: int | None = None


@dataclass(frozen=True)
class Held:
    """The Vipps user is linked to another account, which the staff member did not name; nothing was changed."""

    customer_id: int


def disconnect(change: LinkChange) -> Done | NotChanged:
    """Unlink the customer's Vipps user. The caller has begun to write; a refusal changes nothing."""
    customer = lookup.lock_customer(change.customer_id)
    if customer is None:
        return NotChanged.NO_CUSTOMER
    link = lookup.link_of(customer)
    if not _is_as_seen(change, link.subject if link else ""):
        return NotChanged.CHANGED_MEANWHILE
    if link is None:
        return NotChanged.NOT_CONNECTED
    done = Done(_without_address(customer))
    support.disconnect(customer, link)
    _record(change, AuditAction.VIPPS_DISCONNECTED, customer.id)
    db.session.commit()
    log.info("support_disconnected", staff=change.staff_id, customer=customer.id, reason=change.reason)
    return done


def reconnect(change: LinkChange, subject: str, move_from: int | None = None) -> Done | Held | NotChanged:
    """Link a subject to the customer. The caller has begun to write; a refusal changes nothing."""
    try:
        return _reconnect(change, subject, move_from)
    except DBAPIError as error:
        db.session.rollback()
        if not is_conflict(error):  # a login linked this subject at the same moment
            raise
        return NotChanged.CHANGED_MEANWHILE


def _reconnect(change: LinkChange, subject: str, move_from: int | None) -> Done | Held | NotChanged:
    if not is_subject(subject):
        return NotChanged.NO_SUBJECT
    unit = integration().client.config
    who = Identity(unit.issuer, unit.client_id, subject)
    holder = _holder(who)
    # Always lock in the order of the ids, or two concurrent requests could deadlock.
    numbers = sorted({change.customer_id, holder or change.customer_id})
    locked = {number: lookup.lock_customer(number) for number in numbers}
    customer = locked[change.customer_id]
    if customer is None:
        return NotChanged.NO_CUSTOMER
    present = lookup.link_of(customer)
    if not _is_as_seen(change, present.subject if present else "") or _holder(who) != holder:
        return NotChanged.CHANGED_MEANWHILE
    if holder == customer.id:
        return NotChanged.CONNECTED_ALREADY
    if any(each is not None and each.blocked_at for each in locked.values()):
        return NotChanged.BLOCKED
    if holder != move_from:
        return Held(holder) if holder else NotChanged.CHANGED_MEANWHILE
    not_emailed = _without_address(*locked.values())
    other = support.reconnect(customer, who)
    _record(change, AuditAction.VIPPS_RECONNECTED, customer.id, f" from={holder}" if holder else "")
    if other:
        _record(change, AuditAction.VIPPS_DISCONNECTED, other.id, f" to={customer.id}")
    db.session.commit()
    staff, why = change.staff_id, change.reason
    log.info("support_reconnected", staff=staff, customer=customer.id, reason=why, moved_from=holder)
    return Done(not_emailed, holder)


def _without_address(*customers: Customer | None) -> tuple[int, ...]:
    return tuple(customer.id for customer in customers if customer and customer.email is None)


def _holder(who: Identity) -> int | None:
    link = lookup.find_link(who)
    return link.customer_id if link else None


def _is_as_seen(change: LinkChange, subject: str) -> bool:
    return change.seen is None or change.seen == subject


def _record(change: LinkChange, action: AuditAction, customer_id: int, more: str = "") -> None:
    audit_log.record(change.staff_id, action, customer_id, f"reason={change.reason} check={change.check}{more}")
