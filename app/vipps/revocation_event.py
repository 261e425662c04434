"""Read the event that a person stopped sharing with this merchant (Vipps Login API guide: webhooks).

The body has the form of a JWT, with two or three segments, but no signature. Its `alg` is "none"; another `alg` or a
third segment proves nothing, so both are ignored. An attacker who knows the secret address can write such a body; the
merchant decides what an event may do. This module reads it strictly and never raises. Unknown members are ignored.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .id_token import is_subject
from .sanitize import numeric_date

EVENT = "CONSENT_REVOKED"
MAX_BODY_BYTES = 8 * 1024
# The documented event has one bracket per segment. New members may add a few; hundreds are an attack.
MAX_BRACKETS = 32
LEEWAY = timedelta(seconds=60)  # the allowed clock difference


@dataclass(frozen=True)
class Revoked:
    """The event, with its time by Vipps' clock."""

    subject: str
    issued_at: datetime


@dataclass(frozen=True)
class Unreadable:
    """A body that is not such an event; `code` names the mistake."""

    code: str


@dataclass(frozen=True)
class Delivery:
    """A delivery to the webhook of a sales unit: the event, and the SHA-256 of the body, which identifies a repeat."""

    issuer: str
    client_id: str
    event: Revoked | Unreadable
    body_hash: str


class _MalformedError(Exception):
    """The body has a mistake; the argument names it."""


def parse(body: bytes, now: datetime) -> Revoked | Unreadable:
    """Read the body of a delivery."""
    try:
        return _event(_claims(body), now)
    except _MalformedError as error:
        return Unreadable(str(error))


def _claims(body: bytes) -> dict[str, Any]:
    """Return the members of the second segment. The header must be an object too, and is ignored."""
    if len(body) > MAX_BODY_BYTES:
        raise _MalformedError("too_large")
    segments = body.strip(b" \t\r\n").split(b".")
    if len(segments) not in (2, 3):
        raise _MalformedError("not_two_or_three_segments")
    _header, claims = (_object(_decoded(segment)) for segment in segments[:2])
    return claims


def _decoded(segment: bytes) -> bytes:
    """Decode base64url with or without padding, in canonical form only (RFC 4648, section 3.5)."""
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
    """Return a JSON object; refuse one with a duplicate member, because it would be ambiguous."""
    if text.count(b"[") + text.count(b"{") > MAX_BRACKETS:
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
    """Check the event and its times (RFC 7519, sections 4.1.4 to 4.1.6)."""
    if claims.get("event") != EVENT:
        raise _MalformedError("other_event")
    subject = claims.get("sub")
    if not is_subject(subject):
        raise _MalformedError("no_subject")
    issued_at, expires_at = numeric_date(claims.get("iat")), numeric_date(claims.get("exp"))
    not_before = numeric_date(claims.get("nbf", claims.get("iat")))
    if issued_at is None or expires_at is None or not_before is None:
        raise _MalformedError("no_sound_times")
    if expires_at <= now - LEEWAY:
        raise _MalformedError("expired")
    if max(issued_at, not_before) > now + LEEWAY:
        raise _MalformedError("not_yet_valid")
    return Revoked(subject, issued_at)
