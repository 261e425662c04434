"""Make values from outside safe: text, times and JSON objects that databases, logs and pages can hold.

U+0000, lone surrogates, control characters and characters that reverse the reading direction are removed from text.
Nothing here raises: a value of the wrong type gives None or no lines.
"""

import json
import unicodedata
from datetime import UTC, datetime
from typing import Any

MAX_TEXT = 2000
# Invisible characters that some scripts need inside a name. All other format characters are removed, because they
# reverse the reading direction or hide text (Unicode TR 9).
JOINERS = "\u200c\u200d"

EARLIEST = datetime(2015, 1, 1, tzinfo=UTC).timestamp()  # before there was a Vipps
LATEST = datetime(2200, 1, 1, tzinfo=UTC).timestamp()

MAX_SNAPSHOT_CHARACTERS = 64 * 1024  # characters of JSON
MAX_DEPTH = 20


def text(value: object, longest: int = MAX_TEXT) -> str | None:
    """Return cleaned one-line text, cut to a length, or None if there is none."""
    return " ".join(lines(value, longest))[:longest].rstrip() or None


def lines(value: object, longest: int) -> list[str]:
    """Return the cleaned lines of a text, each cut to a length, without the empty ones."""
    if not isinstance(value, str):
        return []
    sound = value[: longest * 2].encode("utf-8", "ignore").decode()  # drops lone surrogates
    cleaned = ["".join(map(_visible, line)) for line in unicodedata.normalize("NFC", sound).splitlines()]
    return [" ".join(line.split())[:longest] for line in cleaned if line.strip()]


def _visible(letter: str) -> str:
    """Return a character as it may stand in a text: a blank for a control character, nothing for an invisible one."""
    if letter.isprintable() or letter in JOINERS:
        return letter
    return "" if unicodedata.category(letter) == "Cf" else " "


def numeric_date(value: object) -> datetime | None:
    """Return the time of a NumericDate (RFC 7519, section 2), or None if it is not a number from 2015 to 2200.

    `True` is the number 1 in Python, so it is out of range.
    """
    if not isinstance(value, (int, float)):
        return None
    return datetime.fromtimestamp(value, UTC) if EARLIEST <= value <= LATEST else None


def json_snapshot(whole: dict[str, Any]) -> dict[str, Any] | None:
    """Return a copy of a JSON object that both databases can store, or None if it is too large or too deep.

    A value that JSON or a database cannot hold is written as text: an infinite number, NUL, half a surrogate pair.
    """
    if _depth(whole) > MAX_DEPTH:
        return None
    kept: dict[str, Any] = _kept(whole)
    return kept if len(json.dumps(kept, ensure_ascii=False)) <= MAX_SNAPSHOT_CHARACTERS else None


def _depth(value: object) -> int:
    """Return how deeply lists and objects are nested, without recursion."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        inner = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level, depth = [value for values in inner for value in values], depth + 1
    return depth


def _kept(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(_kept(name)): _kept(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_kept(inner) for inner in value]
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode().replace("\0", "\\u0000")
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value
