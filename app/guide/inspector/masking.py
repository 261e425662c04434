"""What a recorded login may say: everything but what would let somebody in.

State, nonce, codes, verifiers, tokens and secrets are cut to their first letters before anything is kept, so that two
values can still be seen to be the same one. What nobody needs, such as cookies, is not recorded at all.
"""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

LETTERS = 4  # of a masked value; of the 43 of a state they leave 234 bits unsaid
LONGEST = 4000  # characters of a text that is kept

SECRET = frozenset(
    {
        "state",
        "nonce",
        "code",
        "code_verifier",
        "client_secret",
        "access_token",
        "refresh_token",
        "id_token",
        "client_assertion",
        "password",
        "csrf_token",
        "nin",  # no secret, but a number that this shop never asks for and never keeps
    }
)
"""Names of parameters and members whose values are masked wherever they stand."""

SHOWN_HEADERS = frozenset(
    {
        "accept",
        "authorization",
        "cache-control",
        "content-length",
        "content-type",
        "date",
        "location",
        "merchant-serial-number",
        "retry-after",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "sec-fetch-user",
        "vipps-system-name",
        "vipps-system-plugin-name",
        "vipps-system-plugin-version",
        "vipps-system-version",
        "www-authenticate",
    }
)

Pairs = list[tuple[str, str]]


def masked(value: object) -> str:
    """Return the beginning of a secret and its length."""
    text = str(value)
    return f"{text[:LETTERS]}… ({len(text)} characters)" if len(text) > 3 * LETTERS else f"… ({len(text)} characters)"


def pairs(items: Iterable[tuple[str, str]]) -> Pairs:
    """Return parameters in their order, with the secret ones masked."""
    return [(_cut(name), masked(value) if name.lower() in SECRET else _cut(value)) for name, value in items]


def address(url: str) -> tuple[str, Pairs]:
    """Return a URL without its query and fragment, and the query's parameters."""
    parts = urlsplit(url)
    return _cut(f"{parts.scheme}://{parts.netloc}{parts.path}"), pairs(parse_qsl(parts.query, keep_blank_values=True))


def headers(items: Iterable[tuple[str, str]]) -> Pairs:
    """Return the headers that explain something; of credentials, only their scheme."""
    shown = []
    for name, value in items:
        if name.lower() == "authorization":
            scheme, _, credentials = value.partition(" ")
            shown.append((name, f"{_cut(scheme)} {masked(credentials)}"))
        elif name.lower() == "location":
            where, query = address(value)
            shown.append((name, where + ("?…" if query else "")))
        elif name.lower() in SHOWN_HEADERS:
            shown.append((name, _cut(value)))
    return shown


def form(body: bytes | None) -> Pairs:
    """Return the fields of a form body."""
    return pairs(parse_qsl((body or b"").decode("utf-8", "replace"), keep_blank_values=True))


def parsed(body: bytes) -> Any:
    """Return a JSON body with its secrets masked, or None if it is not JSON."""
    try:
        return members(json.loads(body))
    except (ValueError, RecursionError):
        return None


def members(value: Any) -> Any:
    """Return a JSON value with the secret members masked at any depth, and long texts cut."""
    if isinstance(value, dict):
        return {_cut(name): _member(name, each) for name, each in value.items()}
    if isinstance(value, list):
        return [members(each) for each in value[:50]]
    return _cut(value) if isinstance(value, str) else value


def token(raw: object) -> dict[str, Any] | None:
    """Return header and claims of a JWT without its signature; what has another form is None."""
    if not isinstance(raw, str) or raw.count(".") != 2:
        return None
    try:
        header, claims = (json.loads(_decoded(part)) for part in raw.split(".")[:2])
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return {"header": members(header), "claims": members(claims)}


def beginning(body: bytes) -> str:
    """Return the beginning of a body that is not JSON: an error page, cut short; anything like a token is not kept."""
    words = body[:LONGEST].decode("utf-8", "replace").split()
    return " ".join(word if len(word) <= 40 else masked(word) for word in words)[:400]


def _member(name: str, value: Any) -> Any:
    if name.lower() in SECRET and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return masked(value)
    return members(value)


def _decoded(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise ValueError("not base64") from error


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
