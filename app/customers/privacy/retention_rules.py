"""The retention rules of the accounts; their periods are in `retention_periods`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, not_, or_, update

from app.customers.activity.account_activity import Kind
from app.customers.consents.models import ConsentRecord
from app.customers.models import (
    Activity,
    Customer,
    CustomerSession,
    EmailToken,
    PendingLink,
    VippsLink,
    WebhookDelivery,
)
from app.customers.privacy import data_sources, retention_periods
from app.customers.privacy.data_sources import Rule, deletes, table_of
from app.customers.privacy.erasure import erase
from app.database import db
from app.mail import Mail
from app.vipps.attempts import RETENTION as ATTEMPT_RETENTION
from app.vipps.attempts import login_attempt
from app.vipps.matching import Verdict

# Entries that explain how an account came about are kept as long as the account; their user agent is cleared after a
# year.
EXPLAINS = (
    Kind.CONNECTED_HERE,
    Kind.VIPPS_CONNECTED,
    Kind.VIPPS_DISCONNECTED,
    Kind.SUPPORT_DISCONNECTED,
    Kind.SUPPORT_CONNECTED,
    Kind.SUPPORT_MOVED,
    Kind.ADDRESS_CONFIRMED,
    Kind.TAKEN_OVER,
    Kind.PASSWORD_SET,
    Kind.EMAIL_CHANGED,
    Kind.BLOCKED,
    Kind.UNBLOCKED,
)
BEGAN = (Verdict.CREATE, Verdict.LINK_AND_LOG_IN, Verdict.LINK)
# The database's clock decides about the ledger; this one may be a little ahead of it.
CLOCKS_DIFFER = timedelta(minutes=5)


def _explains() -> ColumnElement[bool]:
    decided = and_(Activity.decision.is_not(None), Activity.decision.in_(BEGAN))
    return or_(Activity.kind.in_(EXPLAINS), decided)


def _old_attempt(now: datetime) -> ColumnElement[bool]:
    return login_attempt.c.expires_at < int((now - ATTEMPT_RETENTION).timestamp())


def _ended(now: datetime) -> ColumnElement[bool]:
    before = now - retention_periods.SESSIONS
    return or_(CustomerSession.ended_at < before, CustomerSession.expires_at < before)


def _routine(now: datetime) -> ColumnElement[bool]:
    return and_(Activity.customer_id.is_not(None), Activity.at < now - retention_periods.ACTIVITY, not_(_explains()))


def _explains_and_names_a_browser(now: datetime) -> ColumnElement[bool]:
    old = Activity.at < now - retention_periods.ACTIVITY
    return and_(Activity.customer_id.is_not(None), old, _explains(), Activity.user_agent != "")


def _of_unknown_customers(now: datetime) -> ColumnElement[bool]:
    return and_(Activity.customer_id.is_(None), Activity.at < now - retention_periods.UNKNOWN_CUSTOMER_ACTIVITY)


def _unused(now: datetime) -> ColumnElement[bool]:
    """Match the accounts that no customer ever proved to be theirs, and for which no link went out lately."""
    before = now - retention_periods.UNUSED_ACCOUNTS
    used = [holder.in_use() for holder in data_sources.registered() if holder.in_use]
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


def _lapsed(now: datetime) -> ColumnElement[bool]:
    return and_(ConsentRecord.customer_id.is_(None), ConsentRecord.keep_until < now - CLOCKS_DIFFER)


def _old_delivery(now: datetime) -> ColumnElement[bool]:
    return WebhookDelivery.latest_at < now - retention_periods.DELIVERIES


def _no_browser(keys: Sequence[int]) -> None:
    db.session.execute(update(Activity).where(Activity.id.in_(keys)).values(user_agent=""))


ATTEMPTS = deletes("login attempts", login_attempt, _old_attempt)
SESSIONS = deletes("sessions", CustomerSession, _ended)
ACTIVITY = deletes("activity lines", Activity, _routine)
BROWSERS = Rule("browsers of activity lines", table_of(Activity), _explains_and_names_a_browser, _no_browser)
UNKNOWN_CUSTOMER_ACTIVITY = deletes("activity of unknown customers", Activity, _of_unknown_customers)
EMAIL_TOKENS = deletes(
    "mailed links", EmailToken, lambda now: EmailToken.expires_at < now - retention_periods.EMAIL_TOKENS
)
PENDING = deletes("logins that waited", PendingLink, lambda now: PendingLink.expires_at < now)
ACCOUNTS = Rule("unused accounts", table_of(Customer), _unused, _erase_accounts)
ANSWERS = deletes("consent proofs", ConsentRecord, _lapsed)
MAILS = deletes("mails", Mail, lambda now: Mail.created_at < now - retention_periods.MAILS)
DELIVERIES = deletes("webhook deliveries", WebhookDelivery, _old_delivery)
