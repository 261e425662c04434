"""Postal addresses on labels and in tables: the lines as a person writes them, and the object in a JSON column.

The class is the integration's `Address`. Its `type` is one of `KINDS`, or `OWN` for the customer's own address.
"""

from collections.abc import Mapping
from dataclasses import fields

from babel import Locale
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from app.vipps.claims import Address

HOME = "NO"
OWN = "own"
# The kinds of address at Vipps, by their `type`.
KINDS = {"home": _l("Home address"), "work": _l("Work address"), "other": _l("Other address")}
# The number of digits of a postal code, for each country that the shop sends to.
POSTAL_DIGITS = {"NO": 4, "SE": 5, "DK": 4, "FI": 5}
PARTS = ("street", "postal_code", "region", "country")


def label_lines(address: Address) -> list[str]:
    """Return the lines of the label, with the country only if it is not Norway."""
    place = f"{address.postal_code} {address.region}"
    country = "" if address.country.upper() == HOME else country_name(address.country)
    lines = [*address.street.splitlines(), place, country]
    return [line.strip() for line in lines if line.strip()]


def one_label(address: Address) -> str:
    """Return the label in one line."""
    return ", ".join(label_lines(address))


def country_name(code: str) -> str:
    """Return the name of a country in the page's language, or its code if there is none."""
    locale = get_locale() or Locale("en")
    return str(locale.territories.get(code.upper(), code))


def postal_code_fits(code: str, country: str) -> bool:
    """Tell whether a postal code has the right number of digits; False for a country that the shop does not send to."""
    digits = "".join(code.split())
    return digits.isascii() and digits.isdigit() and len(digits) == POSTAL_DIGITS.get(country)


def can_send_to(address: Address) -> bool:
    """Tell whether the shop can send to an address: it is complete, and in a country that the shop sends to."""
    return bool(address.street and address.region) and postal_code_fits(address.postal_code, address.country)


def from_parts(parts: Mapping[str, str], kind: str | None = None) -> Address:
    """Return the address that a JSON object holds; a part that is missing is an empty string."""
    values = {each.name: str(parts.get(each.name) or "") for each in fields(Address)}
    return Address(**(values | ({"type": kind} if kind else {})))


def parts_of(address: Address) -> dict[str, str]:
    """Return the parts of an address without its kind, for a JSON column."""
    return {name: getattr(address, name) for name in PARTS}
