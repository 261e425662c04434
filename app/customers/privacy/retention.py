"""Delete or clear old data, and say how long each kind is kept and why: GDPR, article 5(1)(e).

The job applies every data source's rules in batches. A batch is a transaction of its own, so the shop keeps serving,
finished batches stay done if the job is stopped, and a second run has nothing more to do. A row that another
transaction has locked is left for the next run.

Shorter periods stand where the data is made: a login in progress (`app.vipps.attempts`), a pending link
(`app.customers.linking.pending_link`), a guest's cart (`app.shop.carts`).
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from flask_babel import ngettext
from sqlalchemy import func, select

from app.customers.privacy import data_sources
from app.customers.privacy.data_sources import Rule
from app.database import begin_write, db
from app.settings import settings_of_app

# A customer who notices a strange login looks for it within this time.
SESSIONS = timedelta(days=90)
# One year of an account's activity. Entries that explain how the account came about are kept as long as the account.
ACTIVITY = timedelta(days=365)
# Support uses a refused login without an account to answer a question. Customers ask such a question soon, or never.
UNKNOWN_CUSTOMER_ACTIVITY = timedelta(days=90)
# A link works for a day at most. It is kept as long as its email, so that an erasure finds the emails to its address.
EMAIL_TOKENS = timedelta(days=30)
# A customer who wants the account opens the email within this time, even after a holiday.
UNUSED_ACCOUNTS = timedelta(days=30)
# The outbox lists the emails that were sent, so that support can answer questions about them; it is not an archive.
MAILS = timedelta(days=30)
# An event from Vipps is repeated within hours; questions about it come within weeks.
DELIVERIES = timedelta(days=90)
# A customer with a reference number from an error page writes soon, or never.
ERRORS = timedelta(days=90)
# Misuse of the back office may come to light late, but not after two years.
STAFF_LOOKS = timedelta(days=2 * 365)
STAFF_SESSIONS = SESSIONS
BATCH_SIZE = 500


def consent_proof() -> timedelta:
    """Return how long a consent's proof is kept after erasure: claims lapse after three years (foreldelsesloven, 2)."""
    return timedelta(days=settings_of_app().keep_consent_proof_days)


def orders() -> timedelta:
    """Return how long after the end of its year an order keeps its customer's details (bokføringsloven, section 13)."""
    return timedelta(days=settings_of_app().keep_orders_days)


def orders_before(now: datetime) -> datetime:
    """Return the time before which an order is anonymised: the start of the first accounting year still to be kept."""
    return datetime((now - orders()).year, 1, 1, tzinfo=UTC)


def format_period(period: timedelta) -> str:
    """Write how long a period is, in its largest whole unit: "3 years", "90 days", "15 minutes"."""
    days, hours = period.days, int(period.total_seconds() // 3600)
    years, rest = divmod(days, 365)
    if years and rest <= min(2, years):  # the rest is leap days: statutory periods are given in years
        return str(ngettext("%(num)s year", "%(num)s years", years))
    if period == timedelta(days=days):
        return str(ngettext("%(num)s day", "%(num)s days", days))
    if period == timedelta(hours=hours):
        return str(ngettext("%(num)s hour", "%(num)s hours", hours))
    return str(ngettext("%(num)s minute", "%(num)s minutes", int(period.total_seconds() // 60)))


def run(now: datetime, *, dry_run: bool = False) -> Iterator[tuple[str, int]]:
    """Apply the rules; yield each kind of data with its number of rows. With `dry_run` the rows are only counted."""
    work = _count if dry_run else _forget
    for source in data_sources.registered():
        for rule in source.rules:
            yield rule.kind, work(rule, now) if rule.is_there() else 0


def _count(rule: Rule, now: datetime) -> int:
    found = db.session.scalar(select(func.count()).select_from(rule.keys(now).subquery())) or 0
    db.session.rollback()
    return found


def _forget(rule: Rule, now: datetime) -> int:
    done, last = 0, 0
    while True:
        begin_write()
        key = rule.table.c.id
        due = rule.keys(now).where(key > last).order_by(key).limit(BATCH_SIZE)
        keys: Sequence[int] = db.session.scalars(due.with_for_update(skip_locked=True)).all()
        if not keys:
            db.session.rollback()
            return done
        rule.forget(keys)
        db.session.commit()
        done, last = done + len(keys), keys[-1]
