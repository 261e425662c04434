"""Mask secrets before a login is recorded.

State, nonce, codes, verifiers, tokens and secrets are cut to their first letters, so that a reader can still see that
two values are equal. Values without use for the reader, such as cookies, are not recorded at all.
"""

import base64
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.guide import tables

SHOWN_LETTERS = 4  # the other 39 letters of a state still have 234 bits
MAX_TEXT = 4000  # characters

_TABLE = tables.load("masking.toml", "secret_names", "shown_headers")
SECRET_NAMES = frozenset(_TABLE["secret_names"])
SHOWN_HEADERS = frozenset(_TABLE["shown_headers"])

Pairs = list[tuple[str, str]]


def mask(value: object) -> str:
    """Return the beginning of a secret and its length."""
    text = str(value)
    shown = text[:SHOWN_LETTERS] if len(text) > 3 * SHOWN_LETTERS else ""
    return f"{shown}… ({len(text)} characters)"


def mask_pairs(items: Iterable[tuple[str, str]]) -> Pairs:
    """Return parameters in their order, with the secret ones masked."""
    return [(_cut(name), mask(value) if name.lower() in SECRET_NAMES else _cut(value)) for name, value in items]


def mask_url(url: str) -> tuple[str, Pairs]:
    """Return a URL without its query and fragment, and the query's parameters."""
    parts = urlsplit(url)
    return _cut(f"{parts.scheme}://{parts.netloc}{parts.path}"), mask_pairs(
        parse_qsl(parts.query, keep_blank_values=True)
    )


def mask_headers(items: Iterable[tuple[str, str]]) -> Pairs:
    """Return the headers in `SHOWN_HEADERS`; of credentials only the scheme."""
    shown = []
    for name, value in items:
        if name.lower() == "authorization":
            scheme, _, credentials = value.partition(" ")
            shown.append((name, f"{_cut(scheme)} {mask(credentials)}"))
        elif name.lower() == "location":
            where, query = mask_url(value)
            shown.append((name, where + ("?…" if query else "")))
        elif name.lower() in SHOWN_HEADERS:
            shown.append((name, _cut(value)))
    return shown


def mask_form(body: bytes | None) -> Pairs:
    """Return the fields of a form body."""
    return mask_pairs(parse_qsl((body or b"").decode("utf-8", "replace"), keep_blank_values=True))


def mask_json(body: bytes) -> Any:
    """Return a JSON body with its secrets masked, or None if it is not JSON."""
    try:
        return mask_members(json.loads(body))
    except (ValueError, RecursionError):
        return None


def mask_members(value: Any) -> Any:
    """Return a JSON value with the secret members masked at any depth, and long texts cut."""
    if isinstance(value, dict):
        return {_cut(name): _member(name, each) for name, each in value.items()}
    if isinstance(value, list):
        return [mask_members(each) for each in value[:50]]
    return _cut(value) if isinstance(value, str) else value


def decode_token(raw: object) -> dict[str, Any] | None:
    """Return header and claims of a JWT without its signature, masked; None for a value of another form."""
    found = read_token(raw)
    return {name: mask_members(part) for name, part in found.items()} if found else None


def read_token(raw: object) -> dict[str, dict[str, Any]] | None:
    """Return header and claims of a JWT as they are, unverified; None for a value of another form."""
    if not isinstance(raw, str) or raw.count(".") != 2:
        return None
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(f"{part}===")) for part in raw.split(".")[:2])
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        return None
    return {"header": header, "claims": claims}


def mask_text(body: bytes) -> str:
    """Return the beginning of a body that is not JSON, such as an error page; words that could be tokens are masked."""
    words = body[:MAX_TEXT].decode("utf-8", "replace").split()
    return " ".join(word if len(word) <= 40 else mask(word) for word in words)[:400]


def _member(name: str, value: Any) -> Any:
    if name.lower() in SECRET_NAMES and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return mask(value)
    return mask_members(value)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"
