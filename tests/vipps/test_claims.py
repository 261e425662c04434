"""Claims as Vipps may send them: missing, null, empty, of another type, endless, hostile."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vipps.claims import Address, drop_nin, parse

SUB = {"sub": "3f6c1a52-8d0e-4b77-9a41-6c2f5be0d913"}
EMPTY_ADDRESS = dict.fromkeys(["country", "street_address", "address_type", "formatted", "postal_code", "region"], "")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
CLAIMS = [
    "name", "given_name", "family_name", "email", "email_verified", "phone_number", "birthdate", "address",
    "other_addresses", "delegatedConsents", "flowResult", "nin", "is_admin",
]  # fmt: skip


def test_only_a_subject_is_enough() -> None:
    info = parse(SUB)
    assert (info.name, info.email, info.phone_number, info.birthdate, info.addresses) == (None, None, None, None, ())
    assert info.problems == ()


@given(st.dictionaries(st.sampled_from(CLAIMS), JSON))
def test_arbitrary_claims_never_raise_and_can_be_stored(claims: dict[str, Any]) -> None:
    info = parse({**claims, **SUB})
    texts = [info.name, info.given_name, info.family_name, info.email, info.phone_number]
    texts += [part for address in info.addresses for part in (address.street, address.postal_code, address.region)]
    for text in filter(None, texts):
        assert "\x00" not in text
        assert 0 < len(text.encode()) <= 4000


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Ánne   Márjá Eira ", "Ánne Márjá Eira"), ("Kari\r\nBcc: x@example.com", "Kari Bcc: x@example.com"),
        ("Ka\x00ri", "Ka ri"), ("Ka\ud800ri", "Kari"), ("Ka\u202eri", "Kari"), ("Ma\u200cryam", "Ma\u200cryam"),
        ("A\u030angstro\u0308m", "Ångström"), ("x" * 10_000, "x" * 200),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
)  # fmt: skip
def test_a_name_is_cleaned_but_not_changed(given: str, kept: str) -> None:
    assert parse({**SUB, "name": given}).name == kept


@pytest.mark.parametrize(
    ("value", "normal"),
    [
        (" Kari.Nordfjell+shop@Example.COM ", "kari.nordfjell+shop@example.com"),
        ("ida@Blåbær.example", "ida@xn--blbr-roah.example"),
        ("ida@xn--blbr-roah.example", "ida@xn--blbr-roah.example"),
    ],
)
def test_an_email_has_one_form(value: str, normal: str) -> None:
    assert parse({**SUB, "email": value}).email == normal


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        ("4712345678", "4712345678"),
        ("299123456", "299123456"),
        ("358401234567", "358401234567"),
        ("+4790000018", "4790000018"),
        ("47 90 00 00 18", None),
        ("+47 90 00 00 18", "4790000018"),
        ("004790000018", "4790000018"),
        ("90000018", None),  # as an MSISDN it begins with Turkey's code, which has no number of that length
        ("20123456", None),
        ("+90000018", None),
    ],
)
def test_a_phone_number_is_digits_with_its_country_code(value: str, digits: str | None) -> None:
    info = parse({**SUB, "phone_number": value})
    assert info.phone_number == digits
    assert info.problems == (() if digits else ("phone_number",))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("NO", "NO"), (" dk ", "DK"), ("AUT", "AT"), ("Denmark", "DK"), ("Sverige", "SE"), ("Suomi", "FI"),
        ("Norja", "NO"), ("DNK", "DK"), ("Narnia", ""),
    ],
)  # fmt: skip
def test_a_country_is_two_letters_and_never_cut(value: str, code: str) -> None:
    info = parse({**SUB, "address": {"street_address": "Storgata 1", "postal_code": "1" * 30, "country": value}})
    assert [(address.country, address.postal_code) for address in info.addresses] == [(code, "")]
    assert info.problems == ("address.postal_code", *(() if code else ("address.country",)))


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"given_name": "Kari", "family_name": "Nordfjell"}, "Kari Nordfjell"),
        ({"family_name": "Nordfjell"}, "Nordfjell"),
        ({"name": "Kari N", "given_name": "Kari", "family_name": "Nordfjell"}, "Kari N"),
        ({}, None),
    ],
)
def test_a_name_that_is_missing_is_built_from_its_parts(claims: dict[str, str], name: str | None) -> None:
    assert parse({**SUB, **claims}).name == name


@pytest.mark.parametrize("name", ["name", "given_name", "email", "phone_number", "birthdate", "address"])
def test_a_claim_that_cannot_be_read_is_named(name: str) -> None:
    assert parse({**SUB, name: ["x"]}).problems == (name,)
    assert parse({**SUB, name: None}).problems == ()


def test_an_address_of_empty_strings_is_skipped() -> None:
    assert parse({**SUB, "address": EMPTY_ADDRESS, "other_addresses": []}).addresses == ()


def test_the_default_address_comes_first_and_a_unit_line_stays_a_line() -> None:
    town = {"postal_code": "5003", "region": "BERGEN", "country": "NO"}
    home = {"address_type": "home", "street_address": "Fjordveien 12\nUnit B5", **town}
    work = {**home, "address_type": "work", "street_address": "Verkstedgata 3"}
    addresses = parse({**SUB, "address": work, "other_addresses": [home, EMPTY_ADDRESS, None, "x"]}).addresses
    assert addresses == (
        Address("work", "Verkstedgata 3", "5003", "BERGEN", "NO"),
        Address("home", "Fjordveien 12\nUnit B5", "5003", "BERGEN", "NO"),
    )


def test_the_national_identity_number_is_dropped_wherever_it_is() -> None:
    deep: Any = {"nin": "01019012345"}
    for _ in range(2000):
        deep = [deep]
    claims = {**SUB, "nin": "01019012345", "delegatedConsents": {"consents": [{"nin": "01019012345", "id": "a"}]}}
    drop_nin(claims)
    assert claims == {**SUB, "delegatedConsents": {"consents": [{"id": "a"}]}}
    drop_nin({"deep": deep})
    while isinstance(deep, list):
        deep = deep[0]
    assert deep == {}


@pytest.mark.parametrize("whole", [[], "x", 7, {"consents": "x"}, {"consents": [None, {"accepted": True}]}])
def test_a_broken_consent_object_does_not_lose_the_login(whole: object) -> None:
    info = parse({**SUB, "name": "Kari", "delegatedConsents": whole})
    assert info.name == "Kari"
    assert info.consents == ()
    assert info.problems


# Values that are invalid for their claim.
ABSENT: dict[str, list[object]] = {
    "name": [None, "", "   ", 7, True, ["Kari"], {"first": "Kari"}, "\x00\x01", "\n\n"],
    "email": [
        "", "kari", "a@x,b@y", "a@x.no b@y.no", "a@x.no\r\nBcc: b@y.no", "karı@example.com", "a" * 2000 + "@x.no",
        ["a@x.no"], 7, "a@@x.no", "a@x",
    ],
    "phone_number": [
        "+4712345678", "47 12 34 56 78", "0712345678", "", "1", "1" * 16, 4712345678, "４７１２３４５６７８",
    ],
    "birthdate": ["1955-13-45", "04.11.1988", "9999-01-01", None],
}  # fmt: skip


@pytest.mark.parametrize("claim", ABSENT)
def test_a_value_of_another_form_is_absent(claim: str) -> None:
    for value in ABSENT[claim]:
        assert getattr(parse({**SUB, claim: value}), claim) is None, value
    assert parse({**SUB, "birthdate": "1988-11-04"}).birthdate == date(1988, 11, 4)


@pytest.mark.parametrize(("claim", "value"), [("email", "kari@example.com"), ("phone_number", "4790000011")])
def test_only_a_true_flag_verifies_a_value(claim: str, value: str) -> None:
    flag = f"{claim}_verified"
    assert getattr(parse({**SUB, claim: value, flag: True}), flag)
    for other in ({}, *({flag: said} for said in (False, None, "true", "false", 1, 0, [], "yes"))):
        assert getattr(parse({**SUB, claim: value, **other}), flag) is False, other
