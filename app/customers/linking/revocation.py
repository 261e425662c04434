"""Process the webhook event of a person who stopped sharing data with this shop in the app.

The event is not signed, so an attacker who knows the webhook's address and a subject can forge one. Therefore the event
has only effects that the next login undoes. It deletes nothing, logs no customer in and withdraws no consent (GDPR,
article 7(3): only the person can withdraw).

Events come late, twice, or after a newer login. Only Vipps' own times are compared: an event from before the latest
login changes nothing. A body that was received before is only counted, however late, so the sender may retry.
"""

from enum import StrEnum

from sqlalchemy import delete, func, select, update

from app.customers import account_activity, account_emails, lookup
from app.customers.lookup import Identity
from app.customers.models import EndReason, Kind, LoginMethod, VippsLink, WebhookDelivery
from app.customers.profile.change_history import withdraw_proposals
from app.customers.sessions import session_store
from app.database import db, utcnow
from app.logging import reference
from app.tokens import secret_hash
from app.vipps.revocation_event import Delivery, Revoked, Unreadable


class Outcome(StrEnum):
    """The result of a valid event."""

    REVOKED = "revoked"
    REVOKED_BEFORE = "revoked_before"
    OLDER_THAN_LOGIN = "older_than_login"
    UNKNOWN_SUBJECT = "unknown_subject"


UNDERSTOOD = frozenset(Outcome)
# An attacker who knows the webhook's address cannot fill the database with more rows than this.
MAX_DELIVERIES = 100_000


def process(delivery: Delivery) -> str:
    """Process an event, record its delivery, and return its outcome or the name of its mistake. The caller commits.

    If two requests with equal bodies run at the same time, one fails by the unique hash; the caller retries it.
    """
    same = select(WebhookDelivery).where(WebhookDelivery.body_hash == delivery.body_hash)
    row = db.session.scalar(same.execution_options(populate_existing=True))
    if row is None:
        return _process(WebhookDelivery(body_hash=delivery.body_hash, reference=reference()), delivery)
    if isinstance(delivery.event, Revoked) and row.outcome not in UNDERSTOOD:
        _process(row, delivery)  # the first delivery was refused, for example because this machine's clock was behind
    this = update(WebhookDelivery).where(WebhookDelivery.id == row.id)
    repeated = this.values(times=WebhookDelivery.times + 1, latest_at=utcnow())
    db.session.execute(repeated.execution_options(synchronize_session=False))
    return row.outcome


def _process(row: WebhookDelivery, delivery: Delivery) -> str:
    """Process an event, and store the outcome in its row."""
    match delivery.event:
        case Unreadable(code):
            row.outcome = code
        case Revoked() as event:
            row.event_at = event.issued_at
            who = Identity(delivery.issuer, delivery.client_id, event.subject)
            row.outcome = _apply(event, lookup.lock_link(who), row)
    db.session.add(row)
    db.session.flush()
    oldest_kept = select(func.max(WebhookDelivery.id) - MAX_DELIVERIES).scalar_subquery()
    surplus = delete(WebhookDelivery).where(WebhookDelivery.id <= oldest_kept)
    db.session.execute(surplus.execution_options(synchronize_session=False))
    return row.outcome


def _apply(event: Revoked, link: VippsLink | None, row: WebhookDelivery) -> Outcome:
    """Apply an event if it is newer than the latest login. For an unknown subject not even a hash is stored."""
    if link is None:
        return Outcome.UNKNOWN_SUBJECT
    row.customer_id, row.subject_hash = link.customer_id, secret_hash(event.subject)
    if link.shared_at is not None and event.issued_at < link.shared_at:
        return Outcome.OLDER_THAN_LOGIN
    before = link.sharing_revoked_at
    link.sharing_revoked_at = max(before or event.issued_at, event.issued_at)
    if before is not None:
        return Outcome.REVOKED_BEFORE
    customer = link.customer
    session_store.end_all(customer, EndReason.SHARING_REVOKED, method=LoginMethod.VIPPS)
    withdraw_proposals(customer)
    entry = account_activity.record(customer, Kind.SHARING_REVOKED, method=LoginMethod.VIPPS)
    entry.user_agent = ""  # the sender is Vipps, not the customer's browser
    account_emails.send(customer, "sharing_revoked")
    return Outcome.REVOKED
