"""How long each kind of data is kept, with the reason: GDPR, article 5(1)(e).

The retention job, the page before a deletion and the privacy page all read the periods here. Two come from the
environment: `KEEP_CONSENT_PROOF_DAYS` and `KEEP_ORDERS_DAYS`. Shorter periods stand where the data is made: a login in
progress (`app.vipps.attempts`), a pending link (`app.customers.linking.pending_link`), a guest's cart
(`app.shop.carts`).
"""

from datetime import UTC, datetime, timedelta

from app.settings import settings_of_app

# A customer who notices a strange login looks for it within this time.
SESSIONS = timedelta(days=90)
# A year shows every season of an account; entries that explain how the account came about are kept as long as it.
ACTIVITY = timedelta(days=365)
# A refused login that belongs to no account helps support with a question that is asked soon, or never.
UNKNOWN_CUSTOMER_ACTIVITY = timedelta(days=90)
# A link works for a day at most; kept as long as its email, so that an old link differs from an unknown one.
EMAIL_TOKENS = timedelta(days=30)
# A customer who wants the account opens the email within this time, even after a holiday.
UNUSED_ACCOUNTS = timedelta(days=30)
# The outbox lists what was sent, so that support can answer a question about it; it is not an archive.
MAILS = timedelta(days=30)
# An event from Vipps is repeated within hours; questions about it come within weeks.
DELIVERIES = timedelta(days=90)
# A customer with a reference number from an error page writes soon, or never.
ERRORS = timedelta(days=90)
# Misuse of the back office may come to light late, but not after two years.
STAFF_LOOKS = timedelta(days=2 * 365)
STAFF_SESSIONS = SESSIONS


def consent_proof() -> timedelta:
    """Return how long a consent's proof outlives its customer: claims lapse after three years (foreldelsesloven, 2)."""
    return timedelta(days=settings_of_app().keep_consent_proof_days)


def orders() -> timedelta:
    """Return how long after the end of its year an order says whose it was (bokføringsloven, section 13)."""
    return timedelta(days=settings_of_app().keep_orders_days)


def orders_before(now: datetime) -> datetime:
    """Return the moment before which orders are old enough: the accounting years that ended so long ago."""
    return datetime((now - orders()).year, 1, 1, tzinfo=UTC)
