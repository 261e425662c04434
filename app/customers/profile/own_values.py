"""Change the values that the customer keeps here, with everything that follows from it."""

from typing import Any

from app.customers import email_tokens, lookup
from app.customers.accounts import emails, phone_number
from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.models import Customer, EndReason, LoginMethod, VippsProfile
from app.customers.sessions.session_cookie import end_sessions_of


def email_taken(customer: Customer, email: str) -> bool:
    """Tell whether an address opens another account."""
    holder = lookup.find_by_email(email)
    return holder is not None and holder.id != customer.id


def assign(customer: Customer, field: str, value: Any, profile: VippsProfile | None, *, verified: bool) -> None:
    """Make a value the customer's own; `verified` says whether Vipps has verified it. The caller commits."""
    match field:
        case "name":
            from_vipps = profile if profile and profile.name == value else None
            customer.name = value
            customer.given_name = (from_vipps and from_vipps.given_name) or ""
            customer.family_name = (from_vipps and from_vipps.family_name) or ""
        case "email":
            _replace_email(customer, value)
        case "phone_number":
            customer.phone_number, customer.phone_verified_at = value, None
            if value and verified:
                phone_number.mark_verified(customer)
        case "address":
            customer.address = value


def _replace_email(customer: Customer, email: str) -> None:
    """Let the customer log in with an address that Vipps has verified, and tell the old address (ASVS 6.3.7)."""
    old = customer.email
    customer.set_verified_email(email)
    email_tokens.revoke(customer)
    end_sessions_of(customer, EndReason.EMAIL_CHANGED, except_current=True)
    account_activity.record(customer, Kind.EMAIL_CHANGED, method=LoginMethod.VIPPS)
    if old:
        emails.send(customer, "email_changed", to=old)
