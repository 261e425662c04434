"""The test persons: complete, fictional, described in every language, and one for each case."""

from datetime import UTC, datetime

import phonenumbers
import pytest

from .. import persons
from ..i18n import LANGUAGES

PEOPLE = {person["key"]: person for person in persons.from_file()}
MEMBERS = {
    "key", "shows", "given_name", "family_name", "birthdate", "gender", "email", "email_state", "phone_numbers",
    "addresses",
}  # fmt: skip


@pytest.mark.parametrize("key", PEOPLE)
def test_each_is_complete_and_described_in_every_language(key: str) -> None:
    person = PEOPLE[key]
    assert MEMBERS <= set(person) <= MEMBERS | {"nin"}
    assert all(person["shows"][language] for language in LANGUAGES)
    assert person["email"] == "" or person["email"].endswith("example.com")
    changeable = {name: value for name, value in person.items() if name not in ("key", "shows")}
    assert persons.change(person, changeable) == person


@pytest.mark.parametrize("key", PEOPLE)
def test_each_number_is_possible_in_its_country(key: str) -> None:
    for number in PEOPLE[key]["phone_numbers"]:
        assert phonenumbers.is_valid_number(phonenumbers.parse(f"+{number}"))


def test_a_person_exists_for_every_case() -> None:
    counts = sorted({len(person["addresses"]) for person in PEOPLE.values()})
    assert counts == [0, 1, 2, 3]
    assert {number[:3] for person in PEOPLE.values() for number in person["phone_numbers"]} == {
        "479", "452", "358", "467", "299",
    }  # fmt: skip
    assert {person["email_state"] for person in PEOPLE.values()} == {"new", "confirmed", "unverified"}
    assert set("áđŋš") <= set(
        persons.full_name(PEOPLE["anne"]) + PEOPLE["anne"]["addresses"][0]["street_address"] + "ŋ"
    )
    assert "Ŋ" in PEOPLE["anne"]["addresses"][0]["region"]
    assert len(persons.full_name(PEOPLE["fredrikke"])) > 75


def test_recycled_number_belonged_to_another_person() -> None:
    assert persons.phone_number(PEOPLE["amalie"]) in PEOPLE["sindre"]["phone_numbers"]


def test_swapping_twice_is_back_at_the_start() -> None:
    sindre = PEOPLE["sindre"]
    once = persons.swapped_number(sindre)
    assert persons.phone_number(once) == sindre["phone_numbers"][1]
    assert persons.swapped_number(once) == sindre


@pytest.mark.parametrize(
    ("birthdate", "too_young"),
    [("2011-11-23", True), ("2011-11-22", False), ("2011-11-21", False), ("1948-01-30", False), ("", False)],
)
def test_fifteen_on_the_birthday(birthdate: str, too_young: bool) -> None:
    today = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert persons.is_too_young({"birthdate": birthdate}, today) is too_young


def test_only_emma_is_too_young() -> None:
    today = datetime.now(UTC)
    assert [key for key, person in PEOPLE.items() if persons.is_too_young(person, today)] == ["emma"]


def test_new_address_has_to_be_verified_but_the_same_one_has_not() -> None:
    confirmed = {**PEOPLE["kari"], "email_state": "confirmed"}
    assert persons.change(confirmed, {"email": "new@example.com"})["email_state"] == "new"
    assert persons.change(confirmed, {"email": confirmed["email"]})["email_state"] == "confirmed"
    given = persons.change(confirmed, {"email": "new@example.com", "email_state": "unverified"})
    assert given["email_state"] == "unverified"
