"""A person has ended in the app what they share with us: what that does here, and that it does so once.

The event is not signed, so whoever knows its address and a subject can forge one. Therefore it does only what the next
login makes good: the link is marked, Vipps' data rests with the consents given there, sessions that came from Vipps
end, open questions about changes at Vipps become lines of the history, and the customer is told. Nothing is deleted,
nobody is logged in, and nobody's consent is withdrawn in their name (GDPR, article 7(3): it is the person's own act).

Events come late, twice, or after a newer login. All times that are compared are Vipps' own: an event from before the
latest login changes nothing. A body that has been received before is counted and does nothing more, whatever time has
passed, so a sender that heard no answer may ask again.
"""

from enum import StrEnum

from sqlalchemy import bindparam, delete, func, select, update

from app.customers import lookup
from app.customers.accounts import emails
from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.lookup import Identity
from app.customers.models import EndReason, LoginMethod, VippsLink, WebhookDelivery
from app.customers.profile.change_history import withdraw_proposals
from app.customers.sessions import session_store
from app.database import db, utcnow
from app.logging import reference
from app.tokens import secret_hash
from app.vipps.revocation import Delivery, Revoked, Unreadable


class Outcome(StrEnum):
    """What an event that was understood led to."""

    REVOKED = "revoked"
    REVOKED_BEFORE = "revoked_before"
    OLDER_THAN_LOGIN = "older_than_login"
    UNKNOWN_SUBJECT = "unknown_subject"


UNDERSTOOD = frozenset(Outcome)
# The rows that are kept at most, whatever somebody does who knows the address.
MAX_DELIVERIES = 100_000


def process(delivery: Delivery) -> str:
    """Do what an event means, keep that it came, and return its outcome; for a malformed one, what is wrong with it.

    The caller commits. Of two equal bodies at the same moment one fails by its unique hash; to be tried again.
    """
    row = _received(delivery)
    if row is None:
        return _keep(WebhookDelivery(body_hash=delivery.body_hash, reference=reference()), delivery)
    if isinstance(delivery.event, Revoked) and row.outcome not in UNDERSTOOD:
        _keep(row, delivery)  # it came too early the first time
    db.session.execute(_AGAIN, {"row": row.id, "now": utcnow()})
    return row.outcome


def _received(delivery: Delivery) -> WebhookDelivery | None:
    same = select(WebhookDelivery).where(WebhookDelivery.body_hash == delivery.body_hash)
    return db.session.scalar(same.execution_options(populate_existing=True))


_AGAIN = (
    update(WebhookDelivery)
    .where(WebhookDelivery.id == bindparam("row"))
    .values(times=WebhookDelivery.times + 1, latest_at=bindparam("now"))
    .execution_options(synchronize_session=False)
)
_SURPLUS = (
    delete(WebhookDelivery)
    .where(WebhookDelivery.id <= select(func.max(WebhookDelivery.id) - bindparam("most")).scalar_subquery())
    .execution_options(synchronize_session=False)
)


def _keep(row: WebhookDelivery, delivery: Delivery) -> str:
    """Do what an event means, and write into its row what that was."""
    match delivery.event:
        case Unreadable(code):
            row.outcome = code
        case Revoked() as event:
            row.event_at = event.issued_at
            who = Identity(delivery.issuer, delivery.client_id, event.subject)
            row.outcome = _heard(event, lookup.lock_link(who), row)
    db.session.add(row)
    db.session.flush()
    db.session.execute(_SURPLUS, {"most": MAX_DELIVERIES})
    return row.outcome


def _heard(event: Revoked, link: VippsLink | None, row: WebhookDelivery) -> Outcome:
    """Do what is newer than what we know. Of somebody whom we do not know, not even a hash is kept."""
    if link is None:
        return Outcome.UNKNOWN_SUBJECT
    row.customer_id, row.subject_hash = link.customer_id, secret_hash(event.subject)
    if link.shared_at is not None and event.issued_at < link.shared_at:
        return Outcome.OLDER_THAN_LOGIN
    before = link.sharing_revoked_at
    link.sharing_revoked_at = max(before or event.issued_at, event.issued_at)
    if before is not None:
        return Outcome.REVOKED_BEFORE
    _rest(link)
    return Outcome.REVOKED


def _rest(link: VippsLink) -> None:
    """Let what came from Vipps rest, and tell the customer what that means."""
    customer = link.customer
    session_store.end_all(customer, EndReason.SHARING_REVOKED, method=LoginMethod.VIPPS)
    withdraw_proposals(customer)
    line = account_activity.record(customer, Kind.SHARING_REVOKED, method=LoginMethod.VIPPS)
    line.user_agent = ""  # the sender is no browser of theirs
    emails.sharing_revoked(customer)
