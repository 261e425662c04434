"""The unsubscribe link of a marketing email: signed, valid as long as the account exists, and usable without a login.

The token names the account and the channel, and has no personal data. It includes the time when the account was made:
a restored backup may give an id to another customer, whose consent an old link must not end. An email program may use
it for its reader with one POST without cookies (RFC 8058), so the link can only withdraw a consent.
"""

from flask import url_for
from itsdangerous import BadData, URLSafeSerializer

from app.customers import account_activity, lookup
from app.customers.consents import ledger, preferences
from app.customers.consents.channels import CHANNELS, Channel
from app.customers.models import Customer, Kind, LoginMethod
from app.database import begin_write, db
from app.settings import settings_of_app

SALT = "unsubscribe"
MAX_TOKEN_LENGTH = 500


def token_for(customer: Customer, consent_id: str) -> str:
    """Return the token of a customer's link."""
    return _serializer().dumps([customer.id, consent_id, _created(customer)])


def headers(customer: Customer, consent_id: str) -> dict[str, str]:
    """Return the headers of a marketing email (RFC 2369, section 3.2; RFC 8058, section 3.1)."""
    return {
        "List-Unsubscribe": f"<{address(customer, consent_id)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def address(customer: Customer, consent_id: str) -> str:
    """Return the link for an email."""
    token = token_for(customer, consent_id)
    return settings_of_app().public_url + url_for("unsubscribe.page", token=token, _external=False)


def find(token: str) -> tuple[Customer, Channel] | None:
    """Return the account and channel of a token; None if it is forged, or its account was deleted."""
    try:
        customer_id, consent_id, created = _serializer().loads(token[:MAX_TOKEN_LENGTH])
    except BadData:
        return None
    customer, channel = db.session.get(Customer, customer_id), CHANNELS.get(consent_id)
    return (customer, channel) if customer and channel and _created(customer) == created else None


def withdraw(token: str) -> tuple[Customer, Channel] | None:
    """Withdraw the consent; a repeat changes nothing. The caller commits."""
    begin_write()
    found = find(token)
    if found is None or lookup.lock_customer(found[0].id) is None:
        return None
    customer, channel = found
    if preferences.choose(customer, channel.id, False, ledger.UNSUBSCRIBE):
        account_activity.record(customer, Kind.CONSENT_WITHDRAWN, method=LoginMethod.MAIL)
    return found


def _created(customer: Customer) -> int:
    return int(customer.created_at.timestamp() * 1000)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(settings_of_app().signing_keys, salt=SALT)
