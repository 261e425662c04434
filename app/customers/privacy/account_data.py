"""What the accounts themselves keep about a customer: how it is handed over, and how the customer is taken out of it.

No secret and no hash of one is handed over, nor the text of a mail, since the links in it open the account. What a
stranger left in somebody's account (a login that was held back) is told as the customer's page tells it, not more.
"""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, or_, select, update

from app.customers.activity.account_activity import Kind
from app.customers.activity.descriptions import describe_decision, describe_reasons, said
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
from app.mail import Mail
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
MAIL = ("sent_at", "recipient", "subject", "kind")
# What somebody else may have done, in their own browser.
BY_OTHERS = frozenset({Kind.LOGIN_HELD, Kind.LOGIN_REFUSED})
FAREWELL = "account_deleted"


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
    words = {"what": said(line), "decided": describe_decision(line), "because": describe_reasons(line.reasons)}
    return told | words | {"user_agent": browser}


def answers(customer: Customer) -> dict[str, Any]:
    """Return every answer to a consent question, with its proof."""
    names = (*evidence.FIELDS, *evidence.MOMENTS, *evidence.PROOF)
    found = [columns(row, *names) for row in ledger.history(customer)]
    return {"object_hash_is": evidence.HASHED, "answers": found}


def mails(customer: Customer) -> list[dict[str, Any]]:
    """Return what the outbox has sent to the customer."""
    theirs = func.lower(Mail.recipient).in_(mailed_to(customer))
    kept = select(Mail).where(theirs).order_by(Mail.id.desc()).limit(MAX_ROWS)
    return [columns(mail, *MAIL) for mail in db.session.scalars(kept)]


def erase_answers(customer: Customer) -> None:
    """Keep what was asked and answered as evidence, under a pseudonym, and for a while."""
    ledger.erase(customer, pseudonym_of(customer), utcnow() + retention_periods.consent_proof())


def erase_pending(customer: Customer) -> None:
    """Forget the logins of this customer that wait for proof, at whatever account they wait."""
    db.session.execute(delete(PendingLink).where(PendingLink.subject.in_(_subjects(customer))))


def erase_deliveries(customer: Customer) -> None:
    """Keep that an event came, and no longer whom it was about."""
    hashes = [secret_hash(subject) for subject in db.session.scalars(_subjects(customer))]
    about = or_(WebhookDelivery.customer_id == customer.id, WebhookDelivery.subject_hash.in_(hashes))
    db.session.execute(update(WebhookDelivery).where(about).values(customer_id=None, subject_hash=None))


def erase_mails(customer: Customer) -> None:
    """Delete what the outbox sent to the customer, but the mail that says goodbye."""
    theirs = func.lower(Mail.recipient).in_(mailed_to(customer))
    db.session.execute(delete(Mail).where(theirs, Mail.kind != FAREWELL))


def _subjects(customer: Customer) -> Any:
    return select(VippsLink.subject).where(VippsLink.customer_id == customer.id)


SOURCES = (
    DataSource(
        name="profile", title=_l("What you keep here"), export=profile, labels=LABELS, rules=(retention_rules.ACCOUNTS,)
    ),
    DataSource(name="identities", title=_l("You at %(brand)s, and what it said"), export=identities),
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
            retention_rules.NOBODYS_ACTIVITY,
            retention_rules.ATTEMPTS,
        ),
    ),
    DataSource(
        name="mailed_links",
        title=_l("Links that we mailed to you"),
        export=lambda customer: rows(EmailToken, customer, *PROOF),
        rules=(retention_rules.PROOFS,),
    ),
    DataSource(
        name="pending_logins",
        title=_l("Logins that wait for proof that your account is theirs"),
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
        title=_l("Mails in our outbox to you"),
        export=mails,
        erase=erase_mails,
        rules=(retention_rules.MAILS,),
    ),
)
