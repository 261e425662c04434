"""The values of a profile by field: what the customer keeps here, what Vipps said last, and how one becomes the other.

A value is None, text, or addresses as JSON objects. An e-mail address counts only if Vipps has verified it, and
`address` is the person's default address there, or the delivery address that the customer keeps here.
"""

from collections.abc import Mapping
from typing import Any

from app.customers import email_tokens
from app.customers.accounts import emails, registration
from app.customers.accounts.postal_address import from_parts, parts_of
from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.email_address import normal_email
from app.customers.models import Customer, VippsProfile
from app.customers.sessions.session_cookie import end_sessions_of
from app.database import utcnow

FIELDS = ("name", "email", "phone_number", "address", "addresses")
COLUMNS = (
    "name",
    "given_name",
    "family_name",
    "email",
    "email_verified",
    "phone_number",
    "birthdate",
    "addresses",
)

Values = dict[str, Any]


def local_values(customer: Customer) -> Values:
    """Return what the customer keeps here; a value that they do not have is None."""
    return {
        "name": customer.name or None,
        "email": customer.email,
        "phone_number": customer.phone_number,
        "address": customer.address,
    }


def columns_of(said_last: VippsProfile) -> dict[str, Any]:
    """Return the columns of what Vipps said last."""
    return {name: getattr(said_last, name) for name in COLUMNS}


def provider_values(columns: Mapping[str, Any]) -> Values:
    """Return what Vipps said, given the columns of a `VippsProfile`, in the forms in which the shop keeps its own."""
    addresses = columns["addresses"]
    default = addresses[0] if addresses else None
    return {
        "name": columns["name"],
        "email": normal_email(columns["email"]) if columns["email_verified"] else None,
        "phone_number": columns["phone_number"],
        "address": parts_of(from_parts(default)) if default else None,
        "addresses": addresses or None,
    }


def equal(field: str, one: Any, other: Any) -> bool:
    """Tell whether two values of a field are the same; an address is, however its letters and lines are written."""
    if field == "address" and one and other:
        return _folded(one) == _folded(other)
    return bool(one == other)


def email_taken(customer: Customer, email: str) -> bool:
    """Tell whether an address opens somebody else's account."""
    holder = registration.find_by_email(email)
    return holder is not None and holder.id != customer.id


def assign(customer: Customer, field: str, value: Any, profile: VippsProfile | None, *, verified: bool) -> None:
    """Make a value the customer's own; `verified` says whether Vipps has verified it. The caller commits."""
    match field:
        case "name":
            told = profile if profile and profile.name == value else None
            customer.name = value
            customer.given_name = (told and told.given_name) or ""
            customer.family_name = (told and told.family_name) or ""
        case "email":
            _move_login(customer, value)
        case "phone_number":
            customer.phone_number = value
            customer.phone_verified_at = utcnow() if value and verified else None
        case "address":
            customer.address = value


def _move_login(customer: Customer, email: str) -> None:
    """Let the customer log in with an address that Vipps has verified, and tell the old one (ASVS 6.3.7)."""
    old, customer.email, customer.email_verified_at = customer.email, email, utcnow()
    email_tokens.revoke(customer)
    end_sessions_of(customer, "email_changed", except_current=True)
    account_activity.record(customer, Kind.EMAIL_CHANGED, method="vipps")
    if old:
        emails.email_changed(customer, old)


def _folded(address: dict[str, str]) -> list[str]:
    return [" ".join(part.split()).casefold() for part in parts_of(from_parts(address)).values()]
