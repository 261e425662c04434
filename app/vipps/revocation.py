"""The event that a person shares nothing with this merchant any more (Vipps Login API guide: webhooks).

The body is a JWT in form only: two segments, or three, and no signature. Its `alg` is "none", and where it says
anything else or brings a third segment, that proves nothing either, so neither is looked at. Whoever knows the secret
address can write such a body; what an event may do is decided with that in mind, elsewhere. Here it is only read:
strictly, because nothing vouches for it, and without ever raising. Members that nobody knows are ignored.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .id_token import is_subject
from .numeric_date import moment

EVENT = "CONSENT_REVOKED"
LONGEST_BODY = 8 * 1024
# The documented event has one bracket per segment; a few more are somebody's new members, hundreds are an attack.
MOST_BRACKETS = 32
LEEWAY = timedelta(seconds=60)  # of clock difference


@dataclass(frozen=True)
class Revoked:
    """The event, and when it happened by Vipps' clock."""

    subject: str
    issued_at: datetime


@dataclass(frozen=True)
class Unreadable:
    """A body that is no such event, with the name of what is wrong with it."""

    code: str


@dataclass(frozen=True)
class Delivery:
    """What came to the webhook of a sales unit: the event, and the SHA-256 of the body by which a repeat is known."""

    issuer: str
    client_id: str
    event: Revoked | Unreadable
    body_hash: str


class _MalformedError(Exception):
    """Something is wrong with the body; its one argument is the name of it."""


def parse(body: bytes, now: datetime) -> Revoked | Unreadable:
    """Read the body of a delivery."""
    try:
        return _event(_claims(body), now)
    except _MalformedError as error:
        return Unreadable(str(error))


def _claims(body: bytes) -> dict[str, Any]:
    """Return the members of the second segment; the first, the header, must be an object as well and says nothing."""
    if len(body) > LONGEST_BODY:
        raise _MalformedError("too_large")
    segments = body.strip(b" \t\r\n").split(b".")
    if len(segments) not in (2, 3):
        raise _MalformedError("not_two_or_three_segments")
    _header, claims = (_object(_decoded(segment)) for segment in segments[:2])
    return claims


def _decoded(segment: bytes) -> bytes:
    """Decode base64url, with or without its padding, written in the one way that there is (RFC 4648, section 3.5)."""
    bare = segment.rstrip(b"=")
    try:
        decoded = urlsafe_b64decode(bare + b"=" * (-len(bare) % 4))
    except ValueError as error:
        raise _MalformedError("not_base64url") from error
    encoded = urlsafe_b64encode(decoded)
    if segment not in (encoded, encoded.rstrip(b"=")):
        raise _MalformedError("not_base64url")
    return decoded


def _object(text: bytes) -> dict[str, Any]:
    """Return a JSON object in which no member is there twice: of two events, which one would it be?"""
    if text.count(b"[") + text.count(b"{") > MOST_BRACKETS:
        raise _MalformedError("too_deep")
    try:
        value = json.loads(text.decode(), object_pairs_hook=_once_each)
    except ValueError as error:
        raise _MalformedError("not_json") from error
    if not isinstance(value, dict):
        raise _MalformedError("not_an_object")
    return value


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _MalformedError("member_twice")
    return members


def _event(claims: dict[str, Any], now: datetime) -> Revoked:
    """Check what the event says; the times as RFC 7519 has them (sections 4.1.4 to 4.1.6)."""
    if claims.get("event") != EVENT:
        raise _MalformedError("other_event")
    subject = claims.get("sub")
    if not is_subject(subject):
        raise _MalformedError("no_subject")
    issued_at, expires_at = moment(claims.get("iat")), moment(claims.get("exp"))
    not_before = moment(claims.get("nbf", claims.get("iat")))
    if issued_at is None or expires_at is None or not_before is None:
        raise _MalformedError("no_sound_times")
    if expires_at <= now - LEEWAY:
        raise _MalformedError("expired")
    if max(issued_at, not_before) > now + LEEWAY:
        raise _MalformedError("not_yet_valid")
    return Revoked(subject, issued_at)
