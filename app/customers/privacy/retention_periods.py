"""How long what is kept, each with its reason: GDPR, article 5(1)(e).

The retention job, the page before a deletion and the privacy page all read them here. Two are set from outside:
`KEEP_CONSENT_PROOF_DAYS` and `KEEP_ORDERS_DAYS`. Shorter periods stand where the data is made: a login in progress
(`app.vipps.attempts`), a login that waits for proof (`app.customers.linking.pending_link`), a guest's cart
(`app.shop.carts`).
"""

from datetime import UTC, datetime, timedelta

from app.settings import settings_of_app

# An old login is looked for when somebody notices something strange: not later than that.
SESSIONS = timedelta(days=90)
# A year shows a person every season of their account; what explains how it became what it is stays with the account.
ACTIVITY = timedelta(days=365)
# A refused login that belongs to no account helps support with a question that is asked soon, or never.
NOBODYS_ACTIVITY = timedelta(days=90)
# A mailed link lives for a day at most; as long as the mail that carried it, it tells an old one from an unknown one.
PROOFS = timedelta(days=30)
# Who registers and means it opens the mail; a holiday is shorter.
UNUSED_ACCOUNTS = timedelta(days=30)
# The outbox is for looking at what was sent, not an archive.
MAILS = timedelta(days=30)
# An event from Vipps is repeated within hours; questions about it come within weeks.
DELIVERIES = timedelta(days=90)
# Who has a reference number from an error page writes soon, or never.
ERRORS = timedelta(days=90)
# Misuse of the back office may come to light late; after two years nobody asks any more.
STAFF_LOOKS = timedelta(days=2 * 365)
STAFF_SESSIONS = SESSIONS


def consent_proof() -> timedelta:
    """Return how long a consent's proof outlives its customer: claims lapse after three years (foreldelsesloven, 2)."""
    return timedelta(days=settings_of_app().keep_consent_proof_days)


def orders() -> timedelta:
    """Return how long after the end of its year an order says whose it was (bokføringsloven, section 13)."""
    return timedelta(days=settings_of_app().keep_orders_days)


def orders_before(now: datetime) -> datetime:
    """Return the moment before which orders are old enough: the years of the books that have ended so long ago."""
    return datetime((now - orders()).year, 1, 1, tzinfo=UTC)
