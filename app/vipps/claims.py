"""Turn the claims of userinfo into typed values (OpenID Connect Core, section 5.1). Every claim is optional.

Vipps drops a scope outside the product plan silently, a person may have no address, and a name may be any text. So
nothing here raises: a claim that is missing, null, empty, of another type or far too long counts as absent. `problems`
names each claim that was present but could not be read. The national identity number is removed on arrival, although
the shop never requests it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, TypeVar

from .consents import ConsentAnswer
from .consents import parse as parse_consents
from .sanitize import MAX_TEXT, lines, text
from .values import birthdate, country_code, normal_email, phone_digits

MAX_NAME_LENGTH = 200
MAX_POSTAL_CODE = 20
MAX_REGION = 100
MAX_STREET_LINES = 3
MAX_ADDRESSES = 10

Value = TypeVar("Value")
_name = partial(text, longest=MAX_NAME_LENGTH)


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
    consents, consent_problems = parse_consents(claims)
    problems: list[str] = []

    def read(name: str, reader: Callable[[object], Value | None]) -> Value | None:
        return _read(claims, name, name, reader, problems)

    given_name, family_name = read("given_name", _name), read("family_name", _name)
    return UserInfo(
        subject=claims["sub"],
        # A plan or a scope may leave out the whole name or its parts.
        name=read("name", _name) or text(f"{given_name or ''} {family_name or ''}", MAX_NAME_LENGTH),
        given_name=given_name,
        family_name=family_name,
        email=read("email", normal_email),
        # Strictly true: "true", 1 and a missing flag have verified nothing (OpenID Connect Core, section 5.1).
        email_verified=read("email_verified", _flag) is True,
        phone_number=read("phone_number", phone_digits),
        phone_number_verified=read("phone_number_verified", _flag) is True,
        birthdate=read("birthdate", birthdate),
        addresses=_addresses(claims, problems),
        consents=consents,
        problems=(*problems, *consent_problems),
    )


def _read(
    claims: Mapping[str, Any], name: str, place: str, reader: Callable[[object], Value | None], problems: list[str]
) -> Value | None:
    """Read a claim with its reader. If the claim is present but cannot be read, add its place to the problems."""
    value = claims.get(name)
    read = reader(value)
    if read is None and value not in (None, "") and not (isinstance(value, str) and not value.strip()):
        problems.append(place)
    return read


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


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


def _addresses(claims: Mapping[str, Any], problems: list[str]) -> tuple[Address, ...]:
    """Return the addresses, the default first. Vipps sends an object of empty strings for no address; skip it."""
    others = claims.get("other_addresses")
    if not isinstance(others, list | None):
        problems.append("other_addresses")
        others = []
    places = {"address": claims.get("address")}
    places |= {f"other_addresses[{at}]": each for at, each in enumerate(others or [])}
    found = []
    for place, candidate in list(places.items())[:MAX_ADDRESSES]:
        if isinstance(candidate, dict):
            found.append(_address(candidate, place, problems))
        elif candidate is not None:
            problems.append(place)
    return tuple(address for address in found if address)


def _address(raw: dict[str, Any], place: str, problems: list[str]) -> Address | None:
    """Return an address. A part that cannot be read is left empty and never cut, so that the customer is asked."""

    def part(name: str, reader: Callable[[object], str | None]) -> str:
        return _read(raw, name, f"{place}.{name}", reader, problems) or ""

    street = part("street_address", _street)
    postal_code, region = part("postal_code", _within(MAX_POSTAL_CODE)), part("region", _within(MAX_REGION))
    if not (street or postal_code or region):
        return None
    kind = raw.get("address_type")
    return Address(
        kind if kind in ("home", "work") else "other", street, postal_code, region, part("country", country_code)
    )


def _street(value: object) -> str | None:
    found = lines(value, MAX_TEXT)
    fits = len(found) <= MAX_STREET_LINES and all(len(line) <= MAX_NAME_LENGTH for line in found)
    return "\n".join(found) if fits else None


def _within(longest: int) -> Callable[[object], str | None]:
    """Return a reader of text that is not longer than this."""

    def read(value: object) -> str | None:
        whole = text(value)
        return whole if whole and len(whole) <= longest else None

    return read
