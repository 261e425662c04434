"""Validates configurations when they are saved, so that no login fails on a broken one.

A configuration comes from a form or as JSON from the control API; both are checked here. The maximum lengths are not
documented: these limits are this simulator's.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from .languages import CAPTIONS, LANGUAGES

MAX_TITLE, MAX_TEXT, MAX_URL = 150, 1500, 500
MAX_SCREENS, MAX_ELEMENTS, MAX_LINKS = 6, 10, 5

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LINK_OF_MERCHANT = ("{terms_url}", "{privacy_url}")


def check_consents(config: Mapping[str, Any]) -> None:
    """Raise ValueError unless this is a usable marketing consents configuration."""
    name = "delegated_consents"
    _members(name, config, "version", "heading", "text", "termsDescription", "consents")
    _version(name, config)
    if config.get("captions", "newest") not in ("newest", "older"):
        raise ValueError(f"{name}.captions: must be newest or older")
    _texts(f"{name}.heading", config["heading"], MAX_TITLE)
    _texts(f"{name}.text", config["text"], MAX_TEXT)
    _texts(f"{name}.termsDescription", config["termsDescription"], MAX_TEXT)
    items = _list(f"{name}.consents", config["consents"], 1, len(CAPTIONS))
    for item in items:
        _members(f"{name}.consents", item, "id", "required")
        if item["id"] not in CAPTIONS:
            raise ValueError(f"{name}: {item['id']!r} is none of {', '.join(CAPTIONS)}")
        _check_boolean(f"{name}.{item['id']}.required", item["required"])
    _check_unique(name, [item["id"] for item in items])


def check_flow(config: Mapping[str, Any]) -> None:
    """Raise ValueError unless this is a usable custom flow configuration."""
    _members("custom_flow", config, "version", "screens")
    _version("custom_flow", config)
    screens = _list("custom_flow.screens", config["screens"], 1, MAX_SCREENS)
    for number, screen in enumerate(screens, start=1):
        _check_screen(f"screen {number}", screen)
    _check_unique("custom_flow", [element["id"] for screen in screens for element in screen["elements"]])


def check_url(name: str, value: object) -> None:
    """Raise ValueError unless this is a web address that a link may have: no `javascript:`, nothing relative."""
    fits = isinstance(value, str) and len(value) <= MAX_URL and not re.search(r"[\s\x00-\x1f\x7f]", value)
    try:
        parts = urlsplit(str(value))
    except ValueError:
        fits = False
    if not fits or parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{name}: must be an address such as https://example.com/terms")


def _check_screen(name: str, screen: Mapping[str, Any]) -> None:
    _members(name, screen, "title", "description", "elements")
    _texts(f"{name}.title", screen["title"], MAX_TITLE)
    _texts(f"{name}.description", screen["description"], MAX_TEXT, may_be_empty=True)
    for element in _list(f"{name}.elements", screen["elements"], 0, MAX_ELEMENTS):
        _check_element(name, element)
    for link in _list(f"{name}.links", screen.get("links", []), 0, MAX_LINKS):
        _members(f"{name}.links", link, "title", "url")
        _texts(f"{name}.links.title", link["title"], MAX_TITLE)
        if link["url"] not in _LINK_OF_MERCHANT:
            check_url(f"{name}.links.url", link["url"])


def _check_element(name: str, element: Mapping[str, Any]) -> None:
    _members(f"{name}.elements", element, "id", "title", "required")
    if not isinstance(element["id"], str) or not _ID.fullmatch(element["id"]):
        raise ValueError(f"{name}: an id has letters, digits, _ . or -, 64 at most; {element['id']!r} has not")
    name = f"{name}, {element['id']}"
    _texts(f"{name}: title", element["title"], MAX_TITLE)
    _check_boolean(f"{name}: required", element["required"])
    if more := element.get("readMore"):
        _members(f"{name}: readMore", more, "title", "description")
        _texts(f"{name}: readMore.title", more["title"], MAX_TITLE)
        _texts(f"{name}: readMore.description", more["description"], MAX_TEXT)


def _members(name: str, value: object, *needed: str) -> None:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name}: must be an object")
    if missing := [each for each in needed if each not in value]:
        raise ValueError(f"{name}: {', '.join(missing)} missing")


def _version(name: str, config: Mapping[str, Any]) -> None:
    if not isinstance(config["version"], int) or isinstance(config["version"], bool):
        raise ValueError(f"{name}: version must be a whole number")


def _texts(name: str, value: object, max_length: int, *, may_be_empty: bool = False) -> None:
    """Check a text by language; a plain string is used for all languages."""
    texts = {"en": value} if isinstance(value, str) else value
    if not isinstance(texts, Mapping) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError(f"{name}: must be a text, or one for each language")
    if unknown := sorted(set(texts) - set(LANGUAGES)):
        raise ValueError(f"{name}: {unknown[0]!r} is none of {', '.join(LANGUAGES)}")
    if not may_be_empty and not any(text.strip() for text in texts.values()):
        raise ValueError(f"{name}: needs a text in at least one language")
    if any(len(text) > max_length for text in texts.values()):
        raise ValueError(f"{name}: longer than {max_length} characters")
    if any("\0" in text for text in texts.values()):
        raise ValueError(f"{name}: has a character that is not allowed")


def _list(name: str, value: object, minimum: int, maximum: int) -> list[Any]:
    if not isinstance(value, list) or not minimum <= len(value) <= maximum:
        raise ValueError(f"{name}: must be a list of {minimum} to {maximum}")
    return value


def _check_boolean(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name}: must be true or false")


def _check_unique(name: str, ids: list[str]) -> None:
    if twice := sorted({each for each in ids if ids.count(each) > 1}):
        raise ValueError(f"{name}: the id {twice[0]!r} is used twice")
