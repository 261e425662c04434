"""The test persons: their data, the allowed changes, and their userinfo claims.

`data/persons.json` has the original data; the control API and the start page change a copy in the database.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from simulator.database import fetch
from simulator.models import Person

FILE = Path(__file__).parent / "data" / "persons.json"
MINIMUM_AGE = 15
"""Vipps MobilePay Login FAQ: the user must be at least 15."""

_SUBJECTS = uuid.UUID("5d1d36b0-6d0c-4c0e-9b43-0f2b6ab5a5a1")
TEXTS = ("given_name", "family_name", "birthdate", "gender", "nin", "email")
EMAIL_STATES = ("new", "confirmed", "unverified")
ADDRESS = ("address_type", "street_address", "postal_code", "region", "country")
_NO_ADDRESS = dict.fromkeys((*ADDRESS, "formatted"), "")


@cache
def from_file() -> tuple[dict[str, Any], ...]:
    """Return the persons of the data file."""
    return tuple(json.loads(FILE.read_text(encoding="utf-8"))["persons"])


def seed(session: Session) -> None:
    """Add the persons of the data file that are not in the database yet."""
    known = set(session.scalars(select(Person.key)))
    for position, profile in enumerate(from_file()):
        if profile["key"] not in known:
            session.add(Person(key=profile["key"], position=position, profile=profile))


def restore(session: Session) -> None:
    """Give every person the data of the file again."""
    original = {profile["key"]: profile for profile in from_file()}
    for person in session.scalars(select(Person).where(Person.key.in_(original))):
        person.profile, person.generation = original[person.key], 1


def list_persons(session: Session) -> list[Person]:
    """Return all persons in the order of the data file."""
    return list(session.scalars(select(Person).order_by(Person.position)))


def by_phone_number(session: Session, entered: str) -> Person | None:
    """Find a person by a phone number as people write it, with or without country code."""
    digits = "".join(character for character in entered if character.isdecimal()).removeprefix("00")
    if len(digits) < 6:
        return None
    numbers = {phone_number(person.profile): person for person in reversed(list_persons(session))}
    return numbers.get(digits) or numbers.get(f"47{digits}")


def by_hint(session: Session, hint: str) -> Person | None:
    """Find a person by a `login_hint`: a key of the data file, or `urn:msisdn:` and a number."""
    return fetch(session, Person, hint) or by_phone_number(session, hint.removeprefix("urn:msisdn:"))


def change(profile: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profile with changes; a new email address is not verified yet. Raise ValueError on a bad field."""
    for name, value in changes.items():
        _check(name, value)
    changed = {**profile, **changes}
    if changes.get("email", profile["email"]) != profile["email"] and "email_state" not in changes:
        changed["email_state"] = "new"
    return changed


def swapped_number(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the profile with the next of its phone numbers as the current one."""
    first, *others = profile["phone_numbers"]
    return {**profile, "phone_numbers": [*others, first]}


def subject(person: Person, msn: str) -> str:
    """Return the person's `sub` at one sales unit.

    A UUID, different at each unit and permanent: it survives a new phone number and a revoked consent, and changes
    only when the profile is deleted and recreated (Vipps MobilePay Login API guide:
    userinfo, `sub`). It is computed, so it also survives the loss of this disposable database.
    """
    return str(uuid.uuid5(_SUBJECTS, f"{msn}/{person.key}/{person.generation}"))


def phone_number(profile: Mapping[str, Any]) -> str:
    """Return the current number: digits with country code, no plus sign."""
    return str(profile["phone_numbers"][0])


def full_name(profile: Mapping[str, Any]) -> str:
    """Return the name in its display form."""
    return f"{profile['given_name']} {profile['family_name']}"


def is_too_young(profile: Mapping[str, Any], today: datetime) -> bool:
    """Return whether the person is under the minimum age; False without a date of birth."""
    try:
        born = date.fromisoformat(profile["birthdate"])
    except ValueError:
        return False
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return today.year - born.year - (not had_birthday) < MINIMUM_AGE


def claims(profile: Mapping[str, Any], scopes: list[str]) -> dict[str, Any]:
    """Return the userinfo claims of the granted scopes, in the order of the documented sample."""
    by_scope = {
        "name": _name_claims,
        "birthDate": lambda known: {"birthdate": known["birthdate"]} if known["birthdate"] else {},
        "gender": lambda known: {"gender": known["gender"]} if known["gender"] else {},
        "nin": lambda known: {"nin": known["nin"]} if known.get("nin") else {},
        "email": email_claims,
        "phoneNumber": lambda known: {"phone_number": phone_number(known), "phone_number_verified": True},
        "address": _address_claims,
    }
    found: dict[str, Any] = {}
    for scope, read in by_scope.items():
        if scope in scopes:
            found.update(read(profile))
    return found


def email_claims(profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return the email claims. The current documentation says `email_verified` is always true, older pages do not."""
    if not profile["email"]:
        return {}
    return {"email": profile["email"], "email_verified": profile["email_state"] != "unverified"}


def one_line(address: Mapping[str, str]) -> str:
    """Return an address as people write it on one line."""
    street = address["street_address"].replace("\n", ", ")
    return f"{street}, {address['postal_code']} {address['region']}, {address['country']}"


def _name_claims(profile: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": full_name(profile), "given_name": profile["given_name"], "family_name": profile["family_name"]}


def _address_claims(profile: Mapping[str, Any]) -> dict[str, Any]:
    """The default address and the others; if there are none, one of empty strings (Login API guide: userinfo)."""
    addresses = [_formatted(address) for address in profile["addresses"]]
    return {"address": addresses[0] if addresses else dict(_NO_ADDRESS), "other_addresses": addresses[1:]}


def _formatted(address: Mapping[str, str]) -> dict[str, str]:
    members = {name: address[name] for name in ADDRESS}
    lines = (address["street_address"], address["postal_code"], address["region"], address["country"])
    return {**members, "formatted": "\n".join(lines)}


def _check(name: str, value: object) -> None:
    if name in TEXTS:
        fits = isinstance(value, str)
    elif name == "email_state":
        fits = value in EMAIL_STATES
    elif name == "phone_numbers":
        fits = isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)
    elif name == "addresses":
        fits = isinstance(value, list) and all(_is_address(item) for item in value)
    else:
        raise ValueError(f"{name}: no such field")
    if not fits:
        raise ValueError(f"{name}: wrong type or value")


def _is_address(value: object) -> bool:
    return (
        isinstance(value, dict) and set(value) == set(ADDRESS) and all(isinstance(item, str) for item in value.values())
    )
