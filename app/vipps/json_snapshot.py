"""Make a bounded copy of a JSON object from outside that both databases can store."""

import json
from typing import Any

MAX_SNAPSHOT_CHARACTERS = 64 * 1024  # characters of JSON
MAX_DEPTH = 20


def storable(whole: dict[str, Any]) -> dict[str, Any] | None:
    """Return the object as both databases can keep it, or None if it is too large or too deep.

    Only what is no JSON, an infinite number or half a surrogate pair, is written as text.
    """
    if _depth(whole) > MAX_DEPTH:
        return None
    kept: dict[str, Any] = _kept(whole)
    return kept if len(json.dumps(kept, ensure_ascii=False)) <= MAX_SNAPSHOT_CHARACTERS else None


def _depth(value: object) -> int:
    """Return how deeply lists and objects are nested, without going as deep oneself."""
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
