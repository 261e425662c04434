"""The values that the inspector masks before it stores a login."""

import json
from typing import Any

import pytest

from app.guide.inspector import masking

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiJ4Iiwibm9uY2UiOiJhYmNkZWZnaGlqa2xtbm9wcXJzdHV2In0.c2lnbmF0dXJl"
LONG = "abcdefghijklmnopqrstuv"


def test_long_secret_keeps_its_first_letters_and_a_short_one_none() -> None:
    assert masking.mask(LONG) == "abcd… (22 characters)"
    assert masking.mask("abcdefghijkl") == "… (12 characters)"
    assert masking.mask("") == "… (0 characters)"


def test_secret_names_are_masked_everywhere() -> None:
    for name in masking.SECRET_NAMES:
        assert LONG not in str(masking.mask_pairs([(name, LONG), (name.upper(), LONG)])), name
        assert LONG not in str(masking.mask_members({"deep": [{name: LONG}]})), name
    assert LONG not in str(masking.mask_form(f"code={LONG}".encode()))
    assert LONG not in str(masking.mask_url(f"https://x.example/y?code={LONG}"))


def test_parameters_keep_their_order_and_repetitions() -> None:
    assert masking.mask_form(b"a=1&b=&a=2") == [("a", "1"), ("b", ""), ("a", "2")]


def test_credentials_keep_their_scheme_and_a_location_loses_its_query() -> None:
    sent = [("Authorization", f"Bearer {LONG}"), ("Cookie", f"session={LONG}"), ("Set-Cookie", LONG), ("X-Other", "x")]
    sent.append(("Location", f"https://x.example/y?code={LONG}"))
    shown = [("Authorization", "Bearer abcd… (22 characters)"), ("Location", "https://x.example/y?…")]
    assert masking.mask_headers(sent) == shown


def test_a_token_is_decoded_without_its_signature_and_its_nonce_is_masked() -> None:
    opened = masking.decode_token(JWT)
    assert opened == {"header": {"alg": "RS256", "kid": "a"}, "claims": {"sub": "x", "nonce": "abcd… (22 characters)"}}


@pytest.mark.parametrize("raw", [7, "a.b", "a.b.c", "ÿ.ÿ.ÿ", "W10.W10.x", "e30." + "[" * 4000 + ".x"])
def test_a_value_that_is_not_a_token_is_none(raw: Any) -> None:
    assert masking.decode_token(raw) is None


def test_deep_and_very_long_values_are_cut() -> None:
    assert masking.mask_json(b"[" * 100_000) is None
    assert masking.mask_json(b"not json") is None
    assert len(json.dumps(masking.mask_members({"list": list(range(10_000)), "text": "x" * 100_000}))) < 5000


def test_a_page_instead_of_json_is_stored_without_words_that_look_like_tokens() -> None:
    shown = masking.mask_text(f"<html>Bad gateway {JWT}</html>".encode())
    assert "Bad gateway" in shown
    assert JWT[8:40] not in shown
    assert len(masking.mask_text(b"x " * 100_000)) <= 400
