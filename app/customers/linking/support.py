"""Unlink or link the Vipps user of an account. Support does this after checking who the customer is.

A `sub` changes with a new Vipps profile, or when the shop moves to another sales unit (Vipps Login API guide: core
concepts, "sub"). Each change ends all sessions and open email links of the account, and tells its customer by email
(ASVS 6.3.7). The caller has locked the customers, writes the audit log, and commits.
"""

from app.customers import account_activity, account_emails, email_tokens, lookup
from app.customers.linking import account_links
from app.customers.lookup import Identity
from app.customers.models import Customer, EndReason, Kind, LoginMethod, VippsLink
from app.customers.sessions import session_store
from app.database import db


def disconnect(customer: Customer, link: VippsLink, kind: Kind = Kind.SUPPORT_DISCONNECTED) -> None:
    """Unlink the Vipps user of an account, and remove an address that was never confirmed.

    The owner of that address, perhaps another person, could otherwise claim the account as their own registration.
    """
    account_links.remove_link(customer, link)
    _end_access(customer, kind)
    account_emails.send(customer, "support_disconnected")
    if customer.email_verified_at is None:
        customer.email = None


def reconnect(customer: Customer, who: Identity) -> Customer | None:
    """Link another Vipps user to an account; return the account from which this user was unlinked, or None."""
    held, present = lookup.find_link(who), lookup.link_of(customer)
    other = held.customer if held else None
    if held and other:
        disconnect(other, held, Kind.SUPPORT_MOVED)
    if present:
        account_links.remove_link(customer, present)
    db.session.flush()
    account_links.add_link(customer, who)
    _end_access(customer, Kind.SUPPORT_CONNECTED)
    account_emails.send(customer, "support_connected")
    return other


def _end_access(customer: Customer, kind: Kind) -> None:
    email_tokens.revoke(customer)
    session_store.end_all(customer, EndReason.VIPPS_DISCONNECTED)
    entry = account_activity.record(customer, kind, method=LoginMethod.VIPPS)
    entry.user_agent = ""  # this request comes from the staff member's browser
