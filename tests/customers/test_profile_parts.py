"""Telephone numbers, labels and what is typed: each in one place, for the checkout, my page and the profile."""

import pytest
from flask import Flask

from app.customers.accounts.phone_number import digits_of, readable
from app.customers.accounts.postal_address import from_parts, label_lines, one_label, parts_of
from app.customers.models import ProfileChange
from app.customers.profile.descriptions import LABELS, sentences
from app.forms import one_line
from app.vipps.claims import Address


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("91234567", "4791234567"), ("912 34 567", "4791234567"), ("+47 912 34 567", "4791234567"),
        ("0047 912 34 567", "4791234567"), ("+45 20 12 34 56", "4520123456"), ("+358 41 1234567", "358411234567"),
        ("123", None), ("call me", None), ("", None), (None, None), ("+47 912 34 5678901234567890", None),
        ("9" * 400, None),
    ],
)  # fmt: skip
def test_a_number_is_read_as_people_type_it(typed: str | None, digits: str | None) -> None:
    assert digits_of(typed) == digits
    if digits:
        assert digits_of(readable(digits)) == digits


@pytest.mark.parametrize(
    ("digits", "written"),
    [
        ("4790000011", "+47 900 00 011"), ("4520123456", "+45 20 12 34 56"), (None, ""), ("", ""), ("x", ""),
        ("0", ""),
    ],
)  # fmt: skip
def test_a_telephone_number_is_written_as_people_do(digits: str | None, written: str) -> None:
    assert readable(digits) == written


def test_the_lines_of_a_label(app: Flask) -> None:
    with app.test_request_context():
        norwegian = Address("home", " Storgata 1 \r\n\n c/o Moen ", "0155", "OSLO", "no")
        assert label_lines(norwegian) == ["Storgata 1", "c/o Moen", "0155 OSLO"]
        assert one_label(norwegian) == "Storgata 1, c/o Moen, 0155 OSLO"
        assert label_lines(Address("home", "Vasagatan 1", "111 20", "STOCKHOLM", "SE"))[-1] == "Sweden"
        assert label_lines(Address("home", "Somewhere", "", "", "XQ")) == ["Somewhere", "XQ"]
        assert label_lines(Address("home", "", "", "", "")) == []
    with app.test_request_context(headers={"Accept-Language": "nb"}):
        assert label_lines(Address("home", "", "", "", "SE")) == ["Sverige"]


def test_an_address_and_its_object_are_the_same() -> None:
    assert from_parts({"type": "home", "street": "Storgata 1"}) == Address("home", "Storgata 1", "", "", "")
    assert from_parts({"street": "Storgata 1", "country": "NO"}, "own") == Address("own", "Storgata 1", "", "", "NO")
    assert parts_of(Address("home", "a", "b", "c", "d")) == {
        "street": "a",
        "postal_code": "b",
        "region": "c",
        "country": "d",
    }


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (None, ""), ("  Kari \t Nordfjell ", "Kari Nordfjell"), ("Kari\r\nNord\0fjell\u2028x", "Kari Nord fjell x"),
        ("\u202eevil\u2066", "evil"), ("A\u030ase", "Åse"), ("می\u200cخواهم", "می\u200cخواهم"),
    ],
)  # fmt: skip
def test_what_is_typed_is_one_clean_line(typed: str | None, kept: str) -> None:
    assert one_line(typed) == kept


def test_a_change_is_told_in_norwegian_too(app: Flask) -> None:
    """Every label and every sentence goes through the catalog, whatever it says today."""
    with app.test_request_context(headers={"Accept-Language": "nb"}):
        change = ProfileChange(field="phone_number", before=None, after="4790000011")
        assert "+47 900 00 011" in sentences(change)[0]
        assert set(LABELS) >= {"name", "email", "phone_number", "address", "home", "work", "other"}
