"""Simulates changes of persons: they move, change their name or email address, or recreate their profile.

Each event turns a profile into the changed one. The start page has a button for each event, to see how a merchant site
handles the change at the next login. A repeated event switches to another value.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from . import logins, persons
from .models import Person

Profile = Mapping[str, Any]
Changes = dict[str, Any]

NEW_PROFILE = "new_profile"
FAMILY_NAMES = ("Solbakken", "Myhre")
HOMES = (
    {"street_address": "Furulia 17\nBolig H0203", "postal_code": "7045", "region": "TRONDHEIM"},
    {"street_address": "Havnegata 2", "postal_code": "8001", "region": "BODØ"},
)
OFFICES = (
    {"street_address": "Kontorgata 21\n4. etasje", "postal_code": "0179", "region": "OSLO"},
    {"street_address": "Torget 6", "postal_code": "4611", "region": "KRISTIANSAND"},
)


def apply_event(session: Session, person: Person, event: str) -> None:
    """Apply an event to a person; raise KeyError if the event is unknown."""
    if event == NEW_PROFILE:
        _recreate_profile(session, person)
    else:
        others = [each.profile["email"] for each in persons.list_persons(session) if each.key != person.key]
        person.profile = persons.change(person.profile, EVENTS[event](person.profile, others))


def is_changed(person: Person) -> bool:
    """Return whether a person differs from the data file; a confirmed email address does not count."""
    original = next((profile for profile in persons.from_file() if profile["key"] == person.key), None)
    if original is None or person.generation > 1:
        return True
    return any(person.profile[name] != value for name, value in original.items() if name != "email_state")


def _new_email(profile: Profile, others: Sequence[str]) -> Changes:
    emails = (f"{profile['key']}.new@example.com", f"{profile['key']}.newer@example.com")
    return {"email": _another(emails, profile["email"])}


def _shared_email(profile: Profile, others: Sequence[str]) -> Changes:
    """Use the address of another person: a family may share one."""
    return {"email": _another([email for email in reversed(others) if email], profile["email"])}


def _new_name(profile: Profile, others: Sequence[str]) -> Changes:
    return {"family_name": _another(FAMILY_NAMES, profile["family_name"])}


def _moved(profile: Profile, others: Sequence[str]) -> Changes:
    return {"addresses": _replaced(profile, "home", HOMES)}


def _new_work(profile: Profile, others: Sequence[str]) -> Changes:
    return {"addresses": _replaced(profile, "work", OFFICES)}


def _no_address(profile: Profile, others: Sequence[str]) -> Changes:
    return {"addresses": []}


EVENTS: dict[str, Callable[[Profile, Sequence[str]], Changes]] = {
    "new_email": _new_email,
    "shared_email": _shared_email,
    "new_name": _new_name,
    "moved": _moved,
    "new_work": _new_work,
    "no_address": _no_address,
}


def _recreate_profile(session: Session, person: Person) -> None:
    """Delete and recreate the profile: all consents are revoked, and the subject changes."""
    person.generation += 1
    for grant in logins.grants_of(session, person.key):
        logins.revoke_sharing(session, person.key, grant.client_id)


def _another(values: Sequence[str], current: str) -> str:
    """Return the first of the values that is not the current one."""
    return next(value for value in values if value != current)


def _replaced(profile: Profile, kind: str, choices: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Return the addresses with the one of a kind replaced, or with a new one added at the end."""
    addresses: list[dict[str, str]] = list(profile["addresses"])
    at = next((i for i, address in enumerate(addresses) if address["address_type"] == kind), len(addresses))
    full = [{"address_type": kind, **choice, "country": "NO"} for choice in choices]
    chosen = next(choice for choice in full if choice not in addresses)
    return [*addresses[:at], chosen, *addresses[at + 1 :]]
