"""The link in a mail that ends it: signed, good for as long as the account is, without a login.

The token names the account and the channel, and has no personal value. It includes the time when the account was made:
a restored backup may give an id to another customer, whose consent an old link must not end. An email program may press
it for its reader with one POST without cookies (RFC 8058), so it can only withdraw.
"""

from dataclasses import dataclass

from flask import url_for
from itsdangerous import BadData, URLSafeSerializer

from app.customers import lookup
from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.consents import ledger, preferences
from app.customers.consents.channels import CHANNELS, Channel
from app.customers.models import Customer, LoginMethod
from app.database import begin_write, db
from app.settings import settings_of_app

SALT = "unsubscribe"
MAX_TOKEN_LENGTH = 500


@dataclass(frozen=True)
class UnsubscribeLink:
    """The account and the channel of a valid token."""

    customer: Customer
    channel: Channel


def token_for(customer: Customer, consent_id: str) -> str:
    """Return the token of a customer's link."""
    return _serializer().dumps([customer.id, consent_id, _created(customer)])


def headers(customer: Customer, consent_id: str) -> dict[str, str]:
    """Return the headers of a marketing mail (RFC 2369, section 3.2; RFC 8058, section 3.1)."""
    return {
        "List-Unsubscribe": f"<{address(customer, consent_id)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def address(customer: Customer, consent_id: str) -> str:
    """Return the link for a mail."""
    token = token_for(customer, consent_id)
    return settings_of_app().public_url + url_for("unsubscribe.page", token=token, _external=False)


def find(token: str) -> UnsubscribeLink | None:
    """Return the account and channel of a token; None if it is forged, or its account was deleted."""
    customer_id, channel, created = _read(token)
    customer = db.session.get(Customer, customer_id) if customer_id else None
    if channel is None or customer is None or _created(customer) != created:
        return None
    return UnsubscribeLink(customer, channel)


def withdraw(token: str) -> UnsubscribeLink | None:
    """Withdraw the consent; a repeat changes nothing. The caller commits."""
    begin_write()
    link = find(token)
    customer = lookup.lock_customer(link.customer.id) if link else None
    if link is None or customer is None:
        return None
    if preferences.choose(customer, link.channel.id, False, ledger.UNSUBSCRIBE):
        account_activity.record(customer, Kind.CONSENT_WITHDRAWN, method=LoginMethod.MAIL)
    return link


def _read(token: str) -> tuple[int, Channel | None, int]:
    if len(token) > MAX_TOKEN_LENGTH:
        return 0, None, 0
    try:
        customer_id, consent_id, created = _serializer().loads(token)
    except BadData:
        return 0, None, 0
    return customer_id, CHANNELS.get(consent_id), created


def _created(customer: Customer) -> int:
    return int(customer.created_at.timestamp() * 1000)


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(settings_of_app().signing_keys, salt=SALT)
