"""What is cut off before a login is kept."""

import json
from typing import Any

import pytest

from app.guide.inspector import masking

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiJ4Iiwibm9uY2UiOiJhYmNkZWZnaGlqa2xtbm9wcXJzdHV2In0.c2lnbmF0dXJl"
LONG = "abcdefghijklmnopqrstuv"


def test_long_secret_keeps_its_first_letters_and_a_short_one_none() -> None:
    assert masking.masked(LONG) == "abcd… (22 characters)"
    assert masking.masked("abcdefghijkl") == "… (12 characters)"
    assert masking.masked("") == "… (0 characters)"


@pytest.mark.parametrize("name", sorted(masking.SECRET))
def test_secret_names_are_masked_wherever_they_stand(name: str) -> None:
    assert LONG not in str(masking.pairs([(name, LONG), (name.upper(), LONG)]))
    assert LONG not in str(masking.members({"deep": [{name: LONG}]}))
    assert LONG not in str(masking.form(f"{name}={LONG}".encode()))
    assert LONG not in str(masking.address(f"https://x.example/y?{name}={LONG}"))


def test_order_and_repetitions_are_kept() -> None:
    assert masking.form(b"a=1&b=&a=2") == [("a", "1"), ("b", ""), ("a", "2")]


def test_credentials_keep_their_scheme() -> None:
    sent = [("Authorization", f"Bearer {LONG}"), ("Cookie", f"session={LONG}"), ("Set-Cookie", LONG), ("X-Other", "x")]
    assert masking.headers(sent) == [("Authorization", "Bearer abcd… (22 characters)")]


def test_location_loses_its_query() -> None:
    assert masking.headers([("Location", f"https://x.example/y?code={LONG}")]) == [
        ("Location", "https://x.example/y?…")
    ]


def test_token_is_opened_without_its_signature_and_with_its_nonce_masked() -> None:
    opened = masking.token(JWT)
    assert opened == {
        "header": {"alg": "RS256", "kid": "a"},
        "claims": {"sub": "x", "nonce": "abcd… (22 characters)"},
    }


@pytest.mark.parametrize("raw", [None, 7, "", "a.b", "a.b.c", "ÿ.ÿ.ÿ", "W10.W10", "." * 2, "e30." + "[" * 4000 + ".x"])
def test_what_is_no_token_is_none(raw: Any) -> None:
    assert masking.token(raw) is None


def test_deep_and_endless_values_do_no_harm() -> None:
    assert masking.parsed(b"[" * 100_000) is None
    assert masking.parsed(b"not json") is None
    assert len(json.dumps(masking.members({"list": list(range(10_000)), "text": "x" * 100_000}))) < 5000


def test_page_instead_of_json_is_kept_without_what_looks_like_a_token() -> None:
    shown = masking.beginning(f"<html>Bad gateway {JWT}</html>".encode())
    assert "Bad gateway" in shown
    assert JWT[8:40] not in shown
    assert len(masking.beginning(b"x " * 100_000)) <= 400
