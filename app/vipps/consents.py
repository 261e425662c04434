"""Read the consent answers of a login, in either of Vipps' two shapes, as typed values.

`delegatedConsents` is one screen with four predefined questions; `flowResult` is the result of the scope `customFlow`,
any number of screens with the merchant's own questions (Vipps MobilePay Login API guide: collecting consents, custom
flow migration). Both become `ConsentAnswer`s.

A consent counts only if it is a literal `true` to a question whose words are known and that was asked once (GDPR,
articles 4(11) and 7(1)). A refusal needs no such proof: it counts even if the words are malformed, because otherwise
an earlier consent would remain. `problems` names malformed members by their path, never by their value. They affect
neither the other answers nor the login. Unknown members stay in the evidence.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from .sanitize import json_snapshot, lines, text

MAX_ID = 100
MAX_HEADING = 500
LONGEST_TEXT = 2000
MAX_DESCRIPTION = 4000
MAX_URL = 2000
MAX_ITEMS = 50  # in one list
MAX_ANSWERS = 100
MAX_PROBLEMS = 20
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,6})?")
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)  # before there was a Vipps
CLOCKS_DIFFER = timedelta(minutes=1)

ConsentLink = tuple[str, str]


@dataclass(frozen=True)
class ConsentAnswer:
    """One answer to one question, with what the person saw when they gave it.

    `links` are pairs of title and address. `evidence` is the whole object as received.
    """

    id: str
    granted: bool
    required: bool
    text: str
    heading: str
    description: str
    language: str
    links: tuple[ConsentLink, ...]
    given_at: datetime | None
    evidence: dict[str, Any]


@dataclass
class _Reading:
    """The answers and problems found so far. `spoiled` has the questions with a malformed answer: their yes is void."""

    now: datetime
    answers: list[ConsentAnswer] = field(default_factory=list)
    spoiled: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def parse(claims: Mapping[str, Any], now: datetime | None = None) -> tuple[tuple[ConsentAnswer, ...], tuple[str, ...]]:
    """Read the answers of either shape; the second value names the members that could not be used.

    An absent object is neither a yes nor a no.
    """
    reading = _Reading(now or datetime.now(UTC))
    for name, read in (("delegatedConsents", _delegated), ("flowResult", _flow)):
        if isinstance(whole := claims.get(name), dict):
            read(whole, reading)
        elif whole is not None:
            reading.problems.append(name)
    # The pages contradict each other about the name: the scope is `customFlow`, the result `flowResult`.
    if claims.get("flowResult") is None and isinstance(claims.get("customFlow"), dict):
        reading.problems.append("customFlow instead of flowResult")
    if len(reading.answers) > MAX_ANSWERS:
        reading.answers.clear()
        reading.problems.append(f"more than {MAX_ANSWERS} answers")
    return tuple(_unambiguous(reading)), tuple(reading.problems[:MAX_PROBLEMS])


def _delegated(whole: dict[str, Any], reading: _Reading) -> None:
    """Read the one screen of `delegatedConsents`; the texts above and below the checkboxes form one description."""
    at = "delegatedConsents"
    # The documented sample writes one member with a leading blank.
    terms = "termsDescription" if "termsDescription" in whole else " termsDescription"
    seen = {
        "heading": _words(whole, "heading", at, MAX_HEADING, reading),
        "description": _description(whole, ("text", terms), at, reading),
        "links": tuple(_two_links(whole, at, reading)),
        **_common(whole, at, reading),
    }
    for place, item in _items(whole, "consents", at, reading):
        _answer(item, "accepted", "textDisplayedToUser", seen, place, reading)


def _flow(whole: dict[str, Any], reading: _Reading) -> None:
    """Read the screens of `flowResult`. Only a checkbox is a question."""
    at = "flowResult"
    common = _common(whole, at, reading)
    for place, screen in _items(whole, "screens", at, reading):
        seen = {
            "heading": _words(screen, "title", place, MAX_HEADING, reading),
            "links": tuple(_listed_links(screen, place, reading)),
            **common,
        }
        above = _description(screen, ("description",), place, reading)
        for spot, element in _items(screen, "elements", place, reading):
            if element.get("type") == "checkbox":
                more = _object(element, "readMore", spot, reading)
                below = _description(more, ("title", "description"), f"{spot}.readMore", reading)
                description = "\n".join(filter(None, (above, below)))[:MAX_DESCRIPTION]
                _answer(element, "checked", "title", {**seen, "description": description}, spot, reading)
            elif "checked" in element or not isinstance(element.get("type"), str):
                _spoil(element, f"{spot}.type", reading)


def _common(whole: dict[str, Any], at: str, reading: _Reading) -> dict[str, Any]:
    """Return the values that both shapes have under the same names."""
    given_at, language = _moment(whole.get("timeOfConsent"), reading.now), whole.get("language")
    if given_at is None:
        reading.problems.append(f"{at}.timeOfConsent")  # the time of receipt is used instead
    if not isinstance(language, str) or not LANGUAGE.fullmatch(language):
        reading.problems.append(f"{at}.language")
        language = ""
    evidence = json_snapshot(whole)
    if evidence is None:
        reading.problems.append(f"{at} too large to keep")
    return {"given_at": given_at, "language": language.lower(), "evidence": evidence}


def _answer(item: dict[str, Any], flag: str, words: str, seen: dict[str, Any], at: str, reading: _Reading) -> None:
    """Add a valid answer. `seen` has the texts around the question, the time, the language and the evidence."""
    consent_id, granted = _id(item), item.get(flag)
    if consent_id is None or not isinstance(granted, bool):
        _spoil(item, f"{at}.{'id' if consent_id is None else flag}", reading)
        return
    wrong, shown = [], item.get(words)
    if not isinstance(shown, str) or not text(shown, LONGEST_TEXT) or len(shown) > LONGEST_TEXT:
        wrong.append(words)
    if not isinstance(item.get("required", False), bool):
        wrong.append("required")
    reading.problems.extend(f"{at}.{name}" for name in wrong)
    if wrong and granted:
        reading.spoiled.add(consent_id)
        return
    cleaned, required = text(shown, LONGEST_TEXT) or "", item.get("required") is True
    if seen["evidence"] is None:  # the object is too large to keep
        moment = seen["given_at"].isoformat() if seen["given_at"] else None
        kept = {"id": consent_id, flag: granted, words: cleaned}
        seen = {**seen, "evidence": {"omitted": "too large to keep", "timeOfConsent": moment, "answer": kept}}
    reading.answers.append(ConsentAnswer(consent_id, granted, required, cleaned, **seen))


def _spoil(item: dict[str, Any], place: str, reading: _Reading) -> None:
    """Report an item that is not a valid answer. A yes to the same question elsewhere does not count then."""
    reading.problems.append(place)
    if consent_id := _id(item):
        reading.spoiled.add(consent_id)


def _unambiguous(reading: _Reading) -> Iterator[ConsentAnswer]:
    """Keep one answer per question. If a question was answered twice and differently, keep the no."""
    by_id: dict[str, ConsentAnswer] = {}
    for answer in reading.answers:
        first = by_id.setdefault(answer.id, answer)
        if first.granted != answer.granted:
            by_id[answer.id] = answer if first.granted else first
            reading.problems.append("answered twice and differently")
    for answer in by_id.values():
        if not (answer.granted and answer.id in reading.spoiled):
            yield answer


def _items(parent: dict[str, Any], name: str, at: str, reading: _Reading) -> list[tuple[str, dict[str, Any]]]:
    """Return the objects of a list with their paths. Other items are reported; a list that is too long is not read."""
    place, items = f"{at}.{name}", parent.get(name)
    if not isinstance(items, list) or len(items) > MAX_ITEMS:
        reading.problems.append(place)
        return []
    places = [(f"{place}[{number}]", item) for number, item in enumerate(items)]
    reading.problems.extend(spot for spot, item in places if not isinstance(item, dict))
    return [(spot, item) for spot, item in places if isinstance(item, dict)]


def _id(item: dict[str, Any]) -> str | None:
    """Return a question's id, exactly as received: cleaned or shortened, it might equal another question's id."""
    value = item.get("id")
    return value if isinstance(value, str) and value == text(value, MAX_ID) else None


def _words(parent: dict[str, Any], name: str, at: str, longest: int, reading: _Reading) -> str:
    """Return a text around the question, empty if it is absent."""
    value = parent.get(name)
    if value is not None and not isinstance(value, str):
        reading.problems.append(f"{at}.{name}")
    return text(value, longest) or ""


def _description(parent: dict[str, Any], names: tuple[str, ...], at: str, reading: _Reading) -> str:
    for name in names:
        if not isinstance(parent.get(name), str | None):
            reading.problems.append(f"{at}.{name.strip()}")
    found = [line for name in names for line in lines(parent.get(name), MAX_DESCRIPTION)]
    return "\n".join(found)[:MAX_DESCRIPTION]


def _object(parent: dict[str, Any], name: str, at: str, reading: _Reading) -> dict[str, Any]:
    """Return an object, empty if it is absent. A member of another type is reported."""
    value = parent.get(name)
    if not isinstance(value, dict | None):
        reading.problems.append(f"{at}.{name}")
    return value if isinstance(value, dict) else {}


def _two_links(whole: dict[str, Any], at: str, reading: _Reading) -> Iterator[ConsentLink]:
    links = _object(whole, "links", at, reading)
    for name in ("terms", "privacyStatement"):
        yield from _link(links, f"{name}LinkText", f"{name}LinkUrl", f"{at}.links", reading)


def _listed_links(screen: dict[str, Any], at: str, reading: _Reading) -> Iterator[ConsentLink]:
    terms = _object(screen, "terms", at, reading)
    if terms.get("links") is not None:
        for place, link in _items(terms, "links", f"{at}.terms", reading):
            yield from _link(link, "title", "url", place, reading)


def _link(parent: dict[str, Any], title: str, url: str, at: str, reading: _Reading) -> Iterator[ConsentLink]:
    """Yield a link that is safe to show: only http and https, so neither a script nor a file."""
    address = parent.get(url)
    if address is None:
        return
    if not isinstance(address, str) or not _is_web(address):
        reading.problems.append(f"{at}.{url}")
        return
    yield text(parent.get(title), MAX_HEADING) or address, address


def _is_web(address: str) -> bool:
    if len(address) > MAX_URL or not address.isprintable() or " " in address or "\\" in address:
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        return False


def _moment(value: object, now: datetime) -> datetime | None:
    """Return a time in UTC; None without a time zone, or if it is before Vipps existed or in the future."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) < 40 else None
        if moment is None or moment.tzinfo is None:
            return None
        in_utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return in_utc if EARLIEST <= in_utc <= now + CLOCKS_DIFFER else None
