"""The fields of a profile, in the form in which Vipps' values and the customer's own values are compared. Pure.

A value is None, text, or addresses as JSON objects. An email address counts only if Vipps has verified it. `address` is
the person's default address at Vipps if the shop can send to it, or the delivery address that the customer keeps here.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from app.customers.accounts.postal_address import can_send_to, from_parts, parts_of
from app.customers.models import Customer
from app.vipps.values import normal_email

FIELDS = ("name", "email", "phone_number", "address", "addresses")

Values = dict[str, Any]


class Policy(StrEnum):
    """What a change at Vipps does to the customer's own value."""

    UPDATE = "update"
    ASK = "ask"
    KEEP = "keep"


class Source(StrEnum):
    """Where a value changed."""

    VIPPS = "vipps"
    CUSTOMER = "customer"


class State(StrEnum):
    """What a change did to the customer's own value."""

    APPLIED = "applied"
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    NOTED = "noted"
    EMAIL_TAKEN = "held_elsewhere"


def local_values(customer: Customer) -> Values:
    """Return the customer's own values; an empty value is None."""
    return {
        "name": customer.name or None,
        "email": customer.email,
        "phone_number": customer.phone_number,
        "address": customer.address,
    }


def provider_values(columns: Mapping[str, Any]) -> Values:
    """Return the values from Vipps, given the columns of a `VippsProfile`, in the form of the customer's own values."""
    addresses = columns["addresses"]
    default = from_parts(addresses[0]) if addresses else None
    return {
        "name": columns["name"],
        "email": normal_email(columns["email"]) if columns["email_verified"] else None,
        "phone_number": columns["phone_number"],
        "address": parts_of(default) if default and can_send_to(default) else None,
        "addresses": addresses or None,
    }


def equal(field: str, one: Any, other: Any) -> bool:
    """Tell whether two values of a field are equal. Upper case and blanks make no difference in an address."""
    if field == "address" and one and other:
        return _folded(one) == _folded(other)
    return bool(one == other)


def _folded(address: dict[str, str]) -> list[str]:
    return [" ".join(part.split()).casefold() for part in parts_of(from_parts(address)).values()]
