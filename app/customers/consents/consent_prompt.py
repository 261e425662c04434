"""Ask a new customer once for consents, at their first login, if Vipps has not asked them.

The login's own transaction records that the customer is asked, so it happens once even if the page is never seen. The
question is on the next page that is not part of buying, because buying never depends on the answer (GDPR, article
7(4)). No box is ticked beforehand (GDPR, recital 32).
"""

from collections.abc import Collection

from flask import request, session

from app.customers import account_activity
from app.customers.consents import ledger, preferences
from app.customers.consents.channels import ALL, CHANNELS, Channel
from app.customers.models import ConsentRecord, Customer
from app.customers.sessions.session_cookie import current_customer
from app.database import utcnow
from app.settings import settings_of_app
from app.vipps.matching import Decision, Verdict

# In the form cookie: the customer to ask on the next page.
TO_ASK = "consents_to_ask"
NEW_HERE = frozenset({Verdict.CREATE, Verdict.LINK, Verdict.LINK_AND_LOG_IN})
# Pages that never ask: the pages for buying, and pages that already have the same question.
ELSEWHERE = frozenset({"cart", "checkout", "consents", "unsubscribe", "privacy", "confirm"})


def is_due(customer: Customer, decision: Decision | None) -> bool:
    """Tell whether to ask at this login, and record that it asks. Call it before the login is recorded."""
    if customer.consents_asked_at is not None or not settings_of_app().consents:
        return False
    is_first = decision.verdict in NEW_HERE if decision else not account_activity.latest_logins(customer, 1)
    # An answer to another question, such as the terms, does not count as an answer about a channel.
    if not is_first or any(record.consent_id in CHANNELS for record in ledger.latest(customer)):
        return False
    customer.consents_asked_at = utcnow()
    return True


def ask_on_next_page(customer: Customer) -> None:
    """Make the next page ask, if the same customer is logged in then."""
    session[TO_ASK] = customer.id


def questions() -> tuple[Channel, ...]:
    """Return the questions for this page, only once per customer. The layout of every page calls this."""
    if TO_ASK not in session or request.method != "GET" or request.blueprint in ELSEWHERE:
        return ()
    customer, asked = current_customer(), session.pop(TO_ASK)
    return ALL if customer and customer.id == asked else ()


def answer(customer: Customer, ticked: Collection[str]) -> list[ConsentRecord]:
    """Record a yes for each channel that was ticked and a no for each that was not. The caller commits."""
    rows = [preferences.choose(customer, channel.id, channel.id in ticked) for channel in ALL]
    return [row for row in rows if row]
