"""The data sources of the accounts: what they keep about a customer, how to export and erase it, and for how long.

The export has no secret, no hash of one, and no text of an email, since its links open the account. About a pending
login of another user it says no more than the customer's own page.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, not_, or_, select, update

from app.customers.account_activity import describe_activity, describe_decision, describe_reasons
from app.customers.consents import ledger
from app.customers.models import (
    PROFILE_COLUMNS,
    Activity,
    ConsentRecord,
    Customer,
    CustomerSession,
    EmailToken,
    Kind,
    PendingLink,
    ProfileChange,
    VippsLink,
    WebhookDelivery,
)
from app.customers.privacy import data_sources, retention
from app.customers.privacy.data_sources import DataSource, Rule, columns, deletes, exports, table_of
from app.customers.privacy.erasure import erase, pseudonym_of
from app.customers.user_agent import device
from app.database import db, utcnow
from app.mail import FAREWELL, Mail
from app.tokens import secret_hash
from app.vipps.attempts import RETENTION as ATTEMPT_RETENTION
from app.vipps.attempts import login_attempt
from app.vipps.matching import Verdict

PROFILE = (
    *("name", "given_name", "family_name", "email", "email_verified_at", "phone_number", "phone_verified_at"),
    *("address", "refresh_policy", "locale", "created_at", "blocked_at", "consents_asked_at"),
)
LINK = ("issuer", "client_id", "subject", "linked_at", "shared_at", "sharing_revoked_at")
SESSION = (
    *("method", "user_agent", "created_at", "last_seen_at", "expires_at", "confirmed_at", "ended_at", "ended_reason"),
)
# Activity that another user may have caused in their own browser.
BY_OTHERS = frozenset({Kind.LOGIN_HELD, Kind.LOGIN_REFUSED})
# Entries that explain how an account came about are kept as long as the account; their user agent is cleared after a
# year.
EXPLAINS = (
    *(Kind.CONNECTED_HERE, Kind.VIPPS_CONNECTED, Kind.VIPPS_DISCONNECTED, Kind.SUPPORT_DISCONNECTED),
    *(Kind.SUPPORT_CONNECTED, Kind.SUPPORT_MOVED, Kind.ADDRESS_CONFIRMED, Kind.TAKEN_OVER),
    *(Kind.PASSWORD_SET, Kind.EMAIL_CHANGED, Kind.BLOCKED, Kind.UNBLOCKED),
)
BEGAN = (Verdict.CREATE, Verdict.LINK_AND_LOG_IN, Verdict.LINK)
EXPLAINING = or_(Activity.kind.in_(EXPLAINS), and_(Activity.decision.is_not(None), Activity.decision.in_(BEGAN)))
# The consent ledger uses the database's clock; this machine's clock may be a little ahead of it.
CLOCKS_DIFFER = timedelta(minutes=5)


def profile(customer: Customer) -> dict[str, Any]:
    """Return the customer's profile in this shop."""
    return columns(customer, *PROFILE) | {"has_password": customer.password_hash is not None}


def identities(customer: Customer) -> list[dict[str, Any]]:
    """Return the Vipps users that are linked to the account, with their profiles from Vipps."""
    said = ("received_at", *PROFILE_COLUMNS)
    return [
        columns(link, *LINK) | {"vipps_said": columns(link.profile, *said) if link.profile else None}
        for link in customer.vipps_links
    ]


def activity_lines(customer: Customer) -> list[dict[str, Any]]:
    """Return the activity list."""
    return [_line(each) for each in data_sources.newest_of(Activity, customer)]


def _line(line: Activity) -> dict[str, Any]:
    return columns(line, "at", "kind", "method", "decision", "reasons", "reference") | {
        "what": describe_activity(line),
        "decided": describe_decision(line),
        "because": describe_reasons(line.reasons),
        "user_agent": device(line.user_agent) if line.kind in BY_OTHERS else line.user_agent,
    }


def answers(customer: Customer) -> dict[str, Any]:
    """Return every answer to a consent question, with its proof."""
    found = [columns(row, *ledger.EVIDENCE) for row in ledger.history(customer)]
    return {"object_hash_is": ledger.HASHED, "answers": found}


def mails(customer: Customer) -> list[dict[str, Any]]:
    """Return the emails to the customer that the outbox lists, without their text."""
    kept = select(Mail).where(_is_to(customer)).order_by(Mail.id.desc()).limit(data_sources.MAX_ROWS)
    return [columns(mail, "created_at", "sent_at", "recipient", "subject", "kind") for mail in db.session.scalars(kept)]


def erase_answers(customer: Customer) -> None:
    """Keep the questions and answers as evidence, under a pseudonym, for a limited time."""
    ledger.erase(customer, pseudonym_of(customer), utcnow() + retention.consent_proof())


def erase_pending(customer: Customer) -> None:
    """Delete the pending links of this customer's Vipps users, also those to other accounts."""
    subjects = [link.subject for link in customer.vipps_links]
    db.session.execute(delete(PendingLink).where(PendingLink.subject.in_(subjects)))


def erase_deliveries(customer: Customer) -> None:
    """Keep the record that an event came, without the customer and the subject that it was about."""
    hashes = [secret_hash(link.subject) for link in customer.vipps_links]
    about = or_(WebhookDelivery.customer_id == customer.id, WebhookDelivery.subject_hash.in_(hashes))
    db.session.execute(update(WebhookDelivery).where(about).values(customer_id=None, subject_hash=None))


def erase_mails(customer: Customer) -> None:
    """Delete the emails to the customer, sent or still queued, except the email about the deletion."""
    db.session.execute(delete(Mail).where(_is_to(customer), Mail.kind != FAREWELL))


def mailed_to(customer: Customer) -> list[str]:
    """Return the customer's present and former addresses, in lower case: the emails to them are about the customer.

    An address is left out if another account has it or was sent a link to it, unless this customer has confirmed it.
    """
    proofs = select(EmailToken.email).where(EmailToken.customer_id == customer.id)
    changes = select(ProfileChange).where(ProfileChange.customer_id == customer.id, ProfileChange.field == "email")
    former = [value for change in db.session.scalars(changes) for value in (change.before, change.after)]
    in_vipps = [link.profile.email for link in customer.vipps_links if link.profile]
    found = {each.lower() for each in (customer.email, *former, *db.session.scalars(proofs), *in_vipps) if each}
    of_others = select(Customer.email).where(Customer.id != customer.id, Customer.email.in_(found))
    address = func.lower(EmailToken.email)
    proving = select(address).where(EmailToken.customer_id != customer.id, address.in_(found))
    own = found & {customer.email} if customer.email_verified_at else set()
    return sorted(own | found.difference(db.session.scalars(of_others), db.session.scalars(proving)))


def _is_to(customer: Customer) -> ColumnElement[bool]:
    return func.lower(Mail.recipient).in_(mailed_to(customer))


def _ended(now: datetime) -> ColumnElement[bool]:
    before = now - retention.SESSIONS
    return or_(CustomerSession.ended_at < before, CustomerSession.expires_at < before)


def _is_old(now: datetime) -> ColumnElement[bool]:
    return and_(Activity.customer_id.is_not(None), Activity.at < now - retention.ACTIVITY)


def _refused(now: datetime) -> ColumnElement[bool]:
    return and_(Activity.customer_id.is_(None), Activity.at < now - retention.UNKNOWN_CUSTOMER_ACTIVITY)


def _unused(now: datetime) -> ColumnElement[bool]:
    """Match the accounts whose email address was never confirmed, and to which no link was sent lately."""
    before = now - retention.UNUSED_ACCOUNTS
    used = [source.in_use() for source in data_sources.registered() if source.in_use]
    return and_(
        Customer.created_at < before,
        Customer.email_verified_at.is_(None),
        Customer.blocked_at.is_(None),
        not_(exists().where(VippsLink.customer_id == Customer.id)),
        not_(exists().where(EmailToken.customer_id == Customer.id, EmailToken.created_at >= before)),
        # An account that support disconnected was used, and waits until its customer is connected again.
        not_(exists().where(Activity.customer_id == Customer.id, Activity.kind == Kind.SUPPORT_DISCONNECTED)),
        *(not_(each) for each in used),
    )


def _erase_accounts(keys: Sequence[int]) -> None:
    for key in keys:
        erase(db.session.get_one(Customer, key, populate_existing=True))


UNUSED_ACCOUNTS = Rule("unused accounts", table_of(Customer), _unused, _erase_accounts)
BROWSERS = Rule(
    "browsers of activity lines",
    table_of(Activity),
    lambda now: and_(_is_old(now), EXPLAINING, Activity.user_agent != ""),
    lambda keys: db.session.execute(update(Activity).where(Activity.id.in_(keys)).values(user_agent="")),
)
ACTIVITY = deletes("activity lines", Activity, lambda now: and_(_is_old(now), not_(EXPLAINING)))
REFUSED = deletes("activity of unknown customers", Activity, _refused)
ATTEMPTS = deletes(
    "login attempts", login_attempt, lambda now: login_attempt.c.expires_at < int((now - ATTEMPT_RETENTION).timestamp())
)
PROOFS = deletes(
    "consent proofs",
    ConsentRecord,
    lambda now: and_(ConsentRecord.customer_id.is_(None), ConsentRecord.keep_until < now - CLOCKS_DIFFER),
)
LINKS = deletes("mailed links", EmailToken, lambda now: EmailToken.expires_at < now - retention.EMAIL_TOKENS)
PENDING = deletes("logins that waited", PendingLink, lambda now: PendingLink.expires_at < now)
EVENTS = deletes(
    "webhook deliveries", WebhookDelivery, lambda now: WebhookDelivery.latest_at < now - retention.DELIVERIES
)
MAILS = deletes("mails", Mail, lambda now: Mail.created_at < now - retention.MAILS)

CHANGE = ("at", "field", "before", "after", "source", "state", "decided_at")
TOKEN = ("purpose", "email", "created_at", "expires_at", "used_at")
EVENT = ("received_at", "latest_at", "times", "outcome", "event_at", "reference")

SOURCES = (
    DataSource("profile", export=profile, rules=[UNUSED_ACCOUNTS]),
    DataSource("identities", export=identities),
    DataSource("profile_history", export=exports(ProfileChange, *CHANGE)),
    DataSource("consents", export=answers, erase=erase_answers, rules=[PROOFS]),
    DataSource(
        "sessions", export=exports(CustomerSession, *SESSION), rules=[deletes("sessions", CustomerSession, _ended)]
    ),
    DataSource("activity", export=activity_lines, rules=[ACTIVITY, BROWSERS, REFUSED, ATTEMPTS]),
    DataSource("mailed_links", export=exports(EmailToken, *TOKEN), rules=[LINKS]),
    DataSource(
        "pending_logins", export=exports(PendingLink, "created_at", "expires_at"), erase=erase_pending, rules=[PENDING]
    ),
    DataSource("sharing_events", export=exports(WebhookDelivery, *EVENT), erase=erase_deliveries, rules=[EVENTS]),
    DataSource("mails", export=mails, erase=erase_mails, rules=[MAILS]),
)
