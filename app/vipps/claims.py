"""Turn the claims of userinfo into typed values (OpenID Connect Core, section 5.1). Every claim is optional.

Vipps drops a scope outside the product plan silently, a person may have no address, and a name may be any text. So
nothing here raises: a claim that is missing, null, empty, of another type or far too long is absent. The national
identity number is removed on arrival, although the shop never requests it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from .consents import ConsentAnswer
from .consents import parse as parse_consents
from .sanitize import lines, text

MAX_NAME_LENGTH = 200
MAX_EMAIL_LENGTH = 254  # RFC 5321, section 4.5.3.1.3
MAX_ADDRESSES = 10
# The documented form: ASCII, one @, no spaces, quotes, commas or brackets.
EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}")
# MSISDN: country code and number, digits only, no plus (Vipps Login API guide: scopes; ITU-T E.164).
PHONE = re.compile(r"[1-9][0-9]{6,14}")


@dataclass(frozen=True)
class Address:
    """A postal address. `street` may have a second line for the unit; `country` is ISO 3166-1 alpha-2."""

    type: str
    street: str
    postal_code: str
    region: str
    country: str


@dataclass(frozen=True)
class UserInfo:
    """The claims of one person. The default address is first."""

    subject: str
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    email_verified: bool = False
    phone_number: str | None = None
    phone_number_verified: bool = False
    birthdate: date | None = None
    addresses: tuple[Address, ...] = ()
    consents: tuple[ConsentAnswer, ...] = ()
    problems: tuple[str, ...] = field(default=(), compare=False)


def parse(claims: Mapping[str, Any]) -> UserInfo:
    """Read the claims of userinfo. `problems` names the unreadable ones, without their values."""
    consents, problems = parse_consents(claims)
    return UserInfo(
        subject=claims["sub"],
        name=text(claims.get("name"), MAX_NAME_LENGTH),
        given_name=text(claims.get("given_name"), MAX_NAME_LENGTH),
        family_name=text(claims.get("family_name"), MAX_NAME_LENGTH),
        email=email(claims.get("email")),
        # Strictly true: "true", 1 and a missing flag have verified nothing (OpenID Connect Core, section 5.1).
        email_verified=claims.get("email_verified") is True,
        phone_number=phone(claims.get("phone_number")),
        phone_number_verified=claims.get("phone_number_verified") is True,
        birthdate=birthdate(claims.get("birthdate")),
        addresses=tuple(_addresses(claims)),
        consents=consents,
        problems=problems,
    )


def drop_nin(claims: Mapping[str, Any]) -> None:
    """Remove the national identity number from the claims, at any depth.

    The shop never requests it and has no ground to keep it (GDPR, article 87; the Norwegian Personal Data Act, section
    12).
    """
    left: list[Any] = [claims]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            value.pop("nin", None)
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)


def email(value: object) -> str | None:
    """Return an email address in lower-case ASCII, or None if it is not one plain address."""
    if not isinstance(value, str) or not value.isascii():
        return None
    candidate = value.strip(" ").lower()
    return candidate if len(candidate) <= MAX_EMAIL_LENGTH and EMAIL.fullmatch(candidate) else None


def phone(value: object) -> str | None:
    """Return the digits of a number with its country code, or None."""
    return value if isinstance(value, str) and PHONE.fullmatch(value) else None


def birthdate(value: object) -> date | None:
    """Return a date of birth between 1900 and today, or None."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None
    return day if day and day.year >= 1900 and day <= datetime.now(UTC).date() else None


def _addresses(claims: Mapping[str, Any]) -> Iterator[Address]:
    """Yield the addresses, the default first. Vipps sends an object of empty strings for no address; skip it."""
    others = claims.get("other_addresses")
    candidates = [claims.get("address"), *(others if isinstance(others, list) else [])]
    for candidate in candidates[:MAX_ADDRESSES]:
        address = _address(candidate) if isinstance(candidate, dict) else None
        if address:
            yield address


def _address(raw: dict[str, Any]) -> Address | None:
    street = "\n".join(lines(raw.get("street_address"), MAX_NAME_LENGTH)[:3])
    postal_code = text(raw.get("postal_code"), 20) or ""
    region = text(raw.get("region"), 100) or ""
    if not (street or postal_code or region):
        return None
    kind = raw.get("address_type")
    country = (text(raw.get("country"), 2) or "").upper()
    return Address(kind if kind in ("home", "work") else "other", street, postal_code, region, country)
