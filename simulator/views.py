"""Gathers the values that the templates show."""

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from . import faults, logins, merchants, person_changes, person_groups, persons
from .consents import answers
from .logins import Step
from .models import Login, Person, SalesUnit
from .scopes import to_share

BRAND_NAMES = {"vipps": "Vipps", "mobilepay": "MobilePay"}


def context(
    session: Session, login: Login, unit: SalesUnit, step: Step, language: str, screen_language: str
) -> dict[str, Any]:
    """Return the template values for the screen of a step; the consent screens are in `screen_language`."""
    person = session.get(Person, login.person_key) if login.person_key else None
    shown: dict[str, Any] = {
        "login_id": login.id,
        "merchant": unit,
        "brand": BRAND_NAMES[login.brand],
        "app_confirmation": login.app_confirmation,
        "person": person and portrait(person, language),
    }
    match step:
        case Step.PERSON:
            portraits = [portrait(each, language) for each in persons.shown_persons(session)]
            shown["groups"] = groups = person_groups.arrange(portraits, unit.person_groups, language)
            shown["hinted"] = next(
                (each for group in groups for each in group.persons if each["key"] == login.hinted_key), None
            )
            shown["stops_at_door"] = login.stops_at_door
            shown["errors"] = list(faults.REDIRECT_ERRORS)
        case Step.CONFIRM:
            shown["number"] = login.challenge[0]
            shown["choices"] = sorted(login.challenge)
        case Step.CONSENT:
            profile = person.profile if person else {}
            shown["shared"] = [(scope, shared_values(profile, scope)) for scope in to_share(login.scopes)]
        case Step.CONSENTS_SCREEN | Step.FLOW_SCREENS:
            shown |= answers.shown(unit, login, step, screen_language)
        case _:
            pass
    return shown


def home_context(session: Session, language: str) -> dict[str, Any]:
    """Return the persons with what they share, and the merchants."""
    units = merchants.list_merchants(session)
    names = {unit.client_id: unit.name for unit in units}
    rows = []
    for person in persons.shown_persons(session):
        grants = [(grant, names[grant.client_id]) for grant in logins.grants_of(session, person.key)]
        rows.append({**portrait(person, language), **_particulars(person), "grants": grants})
    return {"persons": rows, "merchants": units}


def account_page(unit: SalesUnit) -> str:
    """Return the merchant's page with the person's data: `account_url`, or the front page."""
    return unit.account_url or front_page(unit)


def front_page(unit: SalesUnit) -> str:
    """Return the front page of the merchant's site, which its redirect URIs name; empty if it has only an app."""
    parts = (urlsplit(uri) for uri in unit.redirect_uris)
    return next((f"{each.scheme}://{each.netloc}/" for each in parts if each.scheme in ("http", "https")), "")


def way_back(unit: SalesUnit) -> dict[str, str]:
    """Return the merchant's name and front page for the link of an error page."""
    return {"name": unit.name, "page": front_page(unit)}


def portrait(person: Person, language: str) -> dict[str, Any]:
    """Return the values with which the pages present a person."""
    profile = person.profile
    return {
        "key": person.key,
        "name": persons.full_name(profile),
        "first_name": profile["given_name"],
        "initials": profile["given_name"][:1] + profile["family_name"][:1],
        "phone_number": spaced(persons.phone_number(profile)),
        "other_number": spaced(profile["phone_numbers"][1]) if len(profile["phone_numbers"]) > 1 else "",
        "email": profile["email"],
        "shows": profile["shows"].get(language, profile["shows"]["en"]),
    }


def _particulars(person: Person) -> dict[str, Any]:
    """Return the data of a person that can be changed."""
    return {
        "is_changed": person_changes.is_changed(person),
        "is_new": person.generation > 1,
        "addresses": [persons.one_line(address) for address in person.profile["addresses"]],
    }


def shared_values(profile: dict[str, Any], scope: str) -> list[str]:
    """Return the values that a scope shares, one readable line per value."""
    match scope:
        case "name":
            return [persons.full_name(profile)]
        case "phoneNumber":
            return [spaced(persons.phone_number(profile))]
        case "email":
            return [profile["email"]] if profile["email"] else []
        case "birthDate":
            return [profile["birthdate"]]
        case "gender" | "nin":
            return [profile[scope]] if profile.get(scope) else []
        case "address":
            return [persons.one_line(address) for address in profile["addresses"]]
    return []


def spaced(number: str) -> str:
    """Write a phone number with a plus sign, the country code and the digits in groups."""
    code = next((code for code in ("299", "358") if number.startswith(code)), number[:2])
    rest = number.removeprefix(code)
    groups = [rest[:3], rest[3:5], rest[5:]] if len(rest) == 8 and code == "47" else _pairs(rest)
    return f"+{code} {' '.join(groups)}"


def _pairs(digits: str) -> list[str]:
    start = len(digits) % 2
    head = [digits[: 2 + start]] if start else []
    return head + [digits[i : i + 2] for i in range(3 if start else 0, len(digits), 2)]
