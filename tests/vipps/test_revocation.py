"""Read the revocation event: as documented, altered in many ways, and from random bytes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.vipps import revocation_event
from app.vipps.revocation_event import LEEWAY, MAX_BODY_BYTES, Revoked, Unreadable, parse
from tests.vipps.events import ABSENT, HEADER, SAMPLE, SAMPLE_SECONDS, SAMPLE_SUBJECT, claims, encoded, event, jwt

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
THE_EVENT = Revoked(SAMPLE_SUBJECT, NOW)
TEXT = json.dumps(claims(NOW))


def test_the_documented_sample() -> None:
    issued = datetime.fromtimestamp(SAMPLE_SECONDS, UTC)
    assert parse(SAMPLE, issued + timedelta(seconds=2)) == Revoked(SAMPLE_SUBJECT, issued)


@pytest.mark.parametrize(
    "body",
    [
        event(NOW), event(NOW) + b"\n", jwt(TEXT, rest=b"."), jwt(TEXT, rest=b".c2lnbmF0dXJl"),
        jwt(TEXT, rest=b".\xff no signature is looked at"), jwt(TEXT, '{"alg":"RS256","kid":"x","crit":["exp"]}'),
        jwt(TEXT, "{}"), b"e30=." + encoded(TEXT, padded=True), b"e30." + encoded(TEXT + " ", padded=True),
        b"e30=." + encoded(TEXT + "  "), jwt(json.dumps(claims(NOW), indent=2)),
        jwt(json.dumps(dict(reversed(claims(NOW).items())))), event(NOW, reason="æøå", more={"a": [1, {"b": None}]}),
        event(NOW, nbf=ABSENT), event(NOW, exp=SECONDS + 0.5),
    ],
)  # fmt: skip
def test_the_event_in_other_forms(body: bytes) -> None:
    assert parse(body, NOW) == THE_EVENT


def test_an_event_within_the_leeway_counts_and_beyond_it_does_not() -> None:
    second = timedelta(seconds=1)
    expires = NOW + timedelta(seconds=300)
    assert parse(event(NOW), NOW - LEEWAY) == THE_EVENT
    assert parse(event(NOW), NOW - LEEWAY - second) == Unreadable("not_yet_valid")
    assert parse(event(NOW), expires + LEEWAY - second) == THE_EVENT
    assert parse(event(NOW), expires + LEEWAY) == Unreadable("expired")


NUMBERS: list[Any] = [True, "1", None, [SECONDS], -1, 0, 10**12, 10**400, 1e308]
EXP = f'"exp": {SECONDS + 300}'
MALFORMED: dict[str, list[bytes]] = {
    "too_large": [b"a" * (MAX_BODY_BYTES + 1), event(NOW, more="x" * MAX_BODY_BYTES)],
    "not_two_or_three_segments": [b"", encoded(TEXT), jwt(TEXT, rest=b".a.b"), TEXT.encode()],
    "not_base64url": [
        b"\xff\xfe." + encoded(TEXT), encoded(HEADER) + b".a", encoded(HEADER) + b"." + encoded(TEXT) + b"====",
        encoded(HEADER) + b"\n." + encoded(TEXT), encoded(HEADER) + b".eyJhIjoiPz8+In0",
        b"e31." + encoded(TEXT),  # like "e30", except for unused bits
        b"e30==." + encoded(TEXT),
    ],
    "too_deep": [jwt("[" * 2000), jwt('{"a":' * 400 + "1" + "}" * 400), jwt(TEXT, "[" * 2000)],
    "not_json": [
        b".", b".." + encoded(TEXT), jwt(b"\xff\xfe"), jwt("\ufeff" + TEXT), jwt("{"), jwt(TEXT + "{}"),
        jwt('{"iat":' + "9" * 5000 + "}"), jwt(TEXT, "none"),
    ],
    "not_an_object": [jwt("[]"), jwt("null"), jwt('"CONSENT_REVOKED"'), jwt(TEXT, "[]")],
    "member_twice": [jwt(TEXT[:-1] + ',"sub":"another"}'), jwt(TEXT, '{"alg":"none","alg":"RS256"}')],
    "other_event": [
        event(NOW, event=name) for name in ("CONSENT_GRANTED", "consent_revoked", ["CONSENT_REVOKED"], ABSENT)
    ],
    "no_subject": [
        event(NOW, sub=sub) for sub in (ABSENT, "", "  ", 7, None, "x" * 256, "a\0b", "\ud800", "å")
    ],
    "no_sound_times": [
        event(NOW, iat=ABSENT), event(NOW, exp=ABSENT),
        *(jwt(TEXT.replace(EXP, f'"exp": {number}')) for number in ("Infinity", "NaN", "1e999")),
        *(event(NOW, **{name: value}) for name in ("iat", "exp", "nbf") for value in NUMBERS),
    ],
    "expired": [event(NOW - timedelta(days=8)), event(NOW, exp=SECONDS - 60)],
    "not_yet_valid": [event(NOW + timedelta(hours=1)), event(NOW, nbf=SECONDS + 61), event(NOW, iat=SECONDS + 61)],
}  # fmt: skip


@pytest.mark.parametrize("code", MALFORMED)
def test_a_malformed_event_is_named(code: str) -> None:
    for body in MALFORMED[code]:
        assert parse(body, NOW) == Unreadable(code), body[:200]


def test_every_mistake_is_tested_here() -> None:
    with open(str(revocation_event.__file__)) as source:
        names = {line.split('"')[1] for line in source if "raise _MalformedError" in line}
    assert set(MALFORMED) == names


@given(st.binary(max_size=MAX_BODY_BYTES + 10))
@example(SAMPLE)
def test_arbitrary_bytes_never_raise(body: bytes) -> None:
    assert isinstance(parse(body, NOW), Unreadable)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["event", "sub", "iat", "exp", "nbf", "x"]), json_values), json_values)
def test_arbitrary_members_never_raise(changes: dict[str, Any], header: Any) -> None:
    body = jwt(json.dumps({**claims(NOW), **changes}), json.dumps(header))
    assert isinstance(parse(body, NOW), (Revoked, Unreadable))


@given(st.integers(0, len(event(NOW)) - 1), st.integers(0, 255))
def test_one_changed_byte_changes_at_most_the_subject(place: int, byte: int) -> None:
    body = bytearray(event(NOW))
    body[place] = byte
    assert isinstance(parse(bytes(body), NOW), (Revoked, Unreadable))
