"""One normal form of an address, so that no two accounts differ only in how an address is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.vipps.values import normal_email


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("tuva@example.com", "tuva@example.com"),
        ("  Tuva.LIEN@Example.COM\n", "tuva.lien@example.com"),
        ("tuva+shop@example.com", "tuva+shop@example.com"),
        ("tuva@BLÅBÆR.no", "tuva@xn--blbr-roah.no"),
    ],
)
def test_an_address_has_one_normal_form(written: str, normal: str) -> None:
    assert normal_email(written) == normal


@pytest.mark.parametrize(
    "written",
    [
        None, "", "   ", "tuva", "a@x,b@y", "a@example.com, b@example.com", "a@example.com\r\nBcc: b@example.com",
        "a@example.com\0", "tuvå@example.com", '"a b"@example.com', "a@[127.0.0.1]", "a" * 2000 + "@example.com",
        "mıke@example.com",  # a dotless i: equal to "mike" after a careless upper() and lower()
    ],
)  # fmt: skip
def test_what_is_no_plain_address_has_none(written: str | None) -> None:
    assert normal_email(written) is None


@given(st.emails())
def test_the_normal_form_is_stable_and_ascii(written: str) -> None:
    once = normal_email(written)
    assert once is None or (once == normal_email(once) == normal_email(written.upper()) and once.isascii())
