"""The data sources of the accounts: what they keep about a customer, how to export it and how to erase it.

The export has no secret, no hash of one, and no text of an email, since its links open the account. About a pending
login of another user it says no more than the customer's own page.
"""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, or_, select, update

from app.customers.activity.account_activity import Kind
from app.customers.activity.descriptions import describe_activity, describe_decision, describe_reasons
from app.customers.consents import evidence, ledger
from app.customers.models import (
    PROFILE_COLUMNS,
    Activity,
    Customer,
    CustomerSession,
    EmailToken,
    PendingLink,
    ProfileChange,
    VippsLink,
    WebhookDelivery,
)
from app.customers.privacy import retention_periods, retention_rules
from app.customers.privacy.addresses import mailed_to
from app.customers.privacy.data_sources import MAX_ROWS, DataSource, columns, rows
from app.customers.privacy.erasure import pseudonym_of
from app.customers.privacy.labels import LABELS
from app.customers.sessions.user_agent import device
from app.database import db, utcnow
from app.mail import FAREWELL, Mail
from app.tokens import secret_hash

OWN = (
    "name",
    "given_name",
    "family_name",
    "email",
    "email_verified_at",
    "phone_number",
    "phone_verified_at",
    "address",
    "refresh_policy",
    "locale",
    "created_at",
    "blocked_at",
    "consents_asked_at",
)
SAID = ("received_at", *PROFILE_COLUMNS)
LINK = ("issuer", "client_id", "subject", "linked_at", "shared_at", "sharing_revoked_at")
SESSION = (
    "method",
    "user_agent",
    "created_at",
    "last_seen_at",
    "expires_at",
    "confirmed_at",
    "ended_at",
    "ended_reason",
)
CHANGE = ("at", "field", "before", "after", "source", "state", "decided_at")
PROOF = ("purpose", "email", "created_at", "expires_at", "used_at")
DELIVERY = ("received_at", "latest_at", "times", "outcome", "event_at", "reference")
MAIL = ("created_at", "sent_at", "recipient", "subject", "kind")
# What another user may have done, in their own browser.
BY_OTHERS = frozenset({Kind.LOGIN_HELD, Kind.LOGIN_REFUSED})


def profile(customer: Customer) -> dict[str, Any]:
    """Return what the customer keeps here."""
    return columns(customer, *OWN) | {"has_password": customer.password_hash is not None}


def identities(customer: Customer) -> list[dict[str, Any]]:
    """Return the Vipps users who open the account, and what Vipps said about them."""
    return [
        columns(link, *LINK) | {"vipps_said": columns(link.profile, *SAID) if link.profile else None}
        for link in customer.vipps_links
    ]


def lines(customer: Customer) -> list[dict[str, Any]]:
    """Return the activity list."""
    mine = select(Activity).where(Activity.customer_id == customer.id).order_by(Activity.id.desc()).limit(MAX_ROWS)
    return [_line(each) for each in db.session.scalars(mine)]


def _line(line: Activity) -> dict[str, Any]:
    browser = device(line.user_agent) if line.kind in BY_OTHERS else line.user_agent
    told = columns(line, "at", "kind", "method", "decision", "reasons", "reference")
    words = {
        "what": describe_activity(line),
        "decided": describe_decision(line),
        "because": describe_reasons(line.reasons),
    }
    return told | words | {"user_agent": browser}


def answers(customer: Customer) -> dict[str, Any]:
    """Return every answer to a consent question, with its proof."""
    names = (*evidence.FIELDS, *evidence.MOMENTS, *evidence.PROOF)
    found = [columns(row, *names) for row in ledger.history(customer)]
    return {"object_hash_is": evidence.HASHED, "answers": found}


def mails(customer: Customer) -> list[dict[str, Any]]:
    """Return the emails to the customer that the outbox lists, without their text."""
    theirs = func.lower(Mail.recipient).in_(mailed_to(customer))
    kept = select(Mail).where(theirs).order_by(Mail.id.desc()).limit(MAX_ROWS)
    return [columns(mail, *MAIL) for mail in db.session.scalars(kept)]


def erase_answers(customer: Customer) -> None:
    """Keep the questions and answers as evidence, under a pseudonym, for a limited time."""
    ledger.erase(customer, pseudonym_of(customer), utcnow() + retention_periods.consent_proof())


def erase_pending(customer: Customer) -> None:
    """Delete the pending logins of this customer, at whichever account they are pending."""
    db.session.execute(delete(PendingLink).where(PendingLink.subject.in_(_subjects(customer))))


def erase_deliveries(customer: Customer) -> None:
    """Keep that an event came, but not whom it was about."""
    hashes = [secret_hash(subject) for subject in db.session.scalars(_subjects(customer))]
    about = or_(WebhookDelivery.customer_id == customer.id, WebhookDelivery.subject_hash.in_(hashes))
    db.session.execute(update(WebhookDelivery).where(about).values(customer_id=None, subject_hash=None))


def erase_mails(customer: Customer) -> None:
    """Delete the emails to the customer, also those that wait, except the one about the deletion."""
    theirs = func.lower(Mail.recipient).in_(mailed_to(customer))
    db.session.execute(delete(Mail).where(theirs, Mail.kind != FAREWELL))


def _subjects(customer: Customer) -> Any:
    return select(VippsLink.subject).where(VippsLink.customer_id == customer.id)


SOURCES = (
    DataSource(
        name="profile",
        title=_l("What you store here"),
        export=profile,
        labels=LABELS,
        rules=(retention_rules.ACCOUNTS,),
    ),
    DataSource(name="identities", title=_l("Your %(brand)s connection, and what it told us"), export=identities),
    DataSource(
        name="profile_history",
        title=_l("What changed in your details"),
        export=lambda customer: rows(ProfileChange, customer, *CHANGE),
    ),
    DataSource(
        name="consents",
        title=_l("Your answers about news and offers, with the proof"),
        export=answers,
        erase=erase_answers,
        rules=(retention_rules.ANSWERS,),
    ),
    DataSource(
        name="sessions",
        title=_l("Where you were logged in"),
        export=lambda customer: rows(CustomerSession, customer, *SESSION),
        rules=(retention_rules.SESSIONS,),
    ),
    DataSource(
        name="activity",
        title=_l("What happened to your account"),
        export=lines,
        rules=(
            retention_rules.ACTIVITY,
            retention_rules.BROWSERS,
            retention_rules.UNKNOWN_CUSTOMER_ACTIVITY,
            retention_rules.ATTEMPTS,
        ),
    ),
    DataSource(
        name="mailed_links",
        title=_l("Links that we emailed to you"),
        export=lambda customer: rows(EmailToken, customer, *PROOF),
        rules=(retention_rules.EMAIL_TOKENS,),
    ),
    DataSource(
        name="pending_logins",
        title=_l("Logins that await proof that your account is theirs"),
        export=lambda customer: rows(PendingLink, customer, "created_at", "expires_at"),
        erase=erase_pending,
        rules=(retention_rules.PENDING,),
    ),
    DataSource(
        name="sharing_events",
        title=_l("What %(brand)s told us about your sharing"),
        export=lambda customer: rows(WebhookDelivery, customer, *DELIVERY),
        erase=erase_deliveries,
        rules=(retention_rules.DELIVERIES,),
    ),
    DataSource(
        name="mails",
        title=_l("Emails to you in our outbox"),
        export=mails,
        erase=erase_mails,
        rules=(retention_rules.MAILS,),
    ),
)
