"""What Vipps says about a person, turned into typed values: every claim is optional, and none is believed blindly.

A scope outside the product plan is dropped silently, a person may have no address, and a person's name may be anything,
so nothing here raises: a claim that is missing, null, empty, of another type or absurdly long is absent. Text is
cleaned of what breaks databases, logs and pages (U+0000, lone surrogates, control and direction-changing characters).
The national identity number is never read, even if it comes.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

LONGEST_NAME = 200
LONGEST_TEXT = 2000
LONGEST_EMAIL = 254  # RFC 5321, section 4.5.3.1.3
MOST_ADDRESSES = 10
MOST_CONSENTS = 50
# Invisible letters that some scripts need inside a name; all others of their kind turn the reading direction around or
# hide something (Unicode TR 9), and go.
JOINERS = "\u200c\u200d"
# One documented form: ASCII, one @, no blanks, quotes, commas or brackets.
EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,8}")
# MSISDN: country code and number, digits only, no plus (Vipps Login API guide: scopes; ITU-T E.164).
PHONE = re.compile(r"[1-9][0-9]{6,14}")


@dataclass(frozen=True)
class Address:
    """A postal address. `street` may have a second line for the unit; `country` is ISO 3166-1 alpha-2."""

    type: str
    street: str
    postal_code: str
    region: str
    country: str


@dataclass(frozen=True)
class ConsentAnswer:
    """One answer to one question of a consent screen, with the words that the person saw."""

    id: str
    granted: bool
    required: bool
    text: str
    language: str
    given_at: datetime | None
    evidence: dict[str, Any]


@dataclass(frozen=True)
class UserInfo:
    """The claims of one person. `addresses` begins with the person's default."""

    subject: str
    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    email_verified: bool = False
    phone_number: str | None = None
    phone_number_verified: bool = False
    birthdate: date | None = None
    addresses: tuple[Address, ...] = ()
    consents: tuple[ConsentAnswer, ...] = ()
    problems: tuple[str, ...] = field(default=(), compare=False)


def parse(claims: Mapping[str, Any]) -> UserInfo:
    """Read the userinfo claims; `problems` names, without their values, the ones that could not be used."""
    problems: list[str] = []
    return UserInfo(
        subject=claims["sub"],
        name=text(claims.get("name"), LONGEST_NAME),
        given_name=text(claims.get("given_name"), LONGEST_NAME),
        family_name=text(claims.get("family_name"), LONGEST_NAME),
        email=email(claims.get("email")),
        # Strictly true: "true", 1 and a missing flag have verified nothing (OpenID Connect Core, section 5.1).
        email_verified=claims.get("email_verified") is True,
        phone_number=phone(claims.get("phone_number")),
        phone_number_verified=claims.get("phone_number_verified") is True,
        birthdate=birthdate(claims.get("birthdate")),
        addresses=tuple(_addresses(claims)),
        consents=tuple(_consents(claims, problems)),
        problems=tuple(problems),
    )


def text(value: object, longest: int = LONGEST_TEXT) -> str | None:
    """Return cleaned one-line text, cut to a length, or None if there is none."""
    lines = _lines(value, longest)
    return " ".join(lines)[:longest].rstrip() or None


def email(value: object) -> str | None:
    """Return an address in its one form, ASCII lower case, or None if it is not a single plain address."""
    if not isinstance(value, str) or not value.isascii():
        return None
    candidate = value.strip(" ").lower()
    return candidate if len(candidate) <= LONGEST_EMAIL and EMAIL.fullmatch(candidate) else None


def phone(value: object) -> str | None:
    """Return the digits of a number with its country code, or None."""
    return value if isinstance(value, str) and PHONE.fullmatch(value) else None


def birthdate(value: object) -> date | None:
    """Return a day of birth, or None if it is not one."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None
    return day if day and day.year >= 1900 and day <= datetime.now(UTC).date() else None


def _lines(value: object, longest: int) -> list[str]:
    if not isinstance(value, str):
        return []
    sound = value[: longest * 2].encode("utf-8", "ignore").decode()  # drops lone surrogates
    lines = ["".join(map(_visible, line)) for line in unicodedata.normalize("NFC", sound).splitlines()]
    return [" ".join(line.split())[:longest] for line in lines if line.strip()]


def _visible(letter: str) -> str:
    """Return a letter as it may stand in a text: a control character becomes a blank, an invisible one nothing."""
    if letter.isprintable() or letter in JOINERS:
        return letter
    return "" if unicodedata.category(letter) == "Cf" else " "


def _addresses(claims: Mapping[str, Any]) -> Iterator[Address]:
    """Yield the addresses, default first. A person without one gets an object of empty strings: that is no address."""
    others = claims.get("other_addresses")
    candidates = [claims.get("address"), *(others if isinstance(others, list) else [])]
    for candidate in candidates[:MOST_ADDRESSES]:
        address = _address(candidate) if isinstance(candidate, dict) else None
        if address:
            yield address


def _address(raw: dict[str, Any]) -> Address | None:
    street = "\n".join(_lines(raw.get("street_address"), LONGEST_NAME)[:3])
    postal_code = text(raw.get("postal_code"), 20) or ""
    region = text(raw.get("region"), 100) or ""
    if not (street or postal_code or region):
        return None
    kind = raw.get("address_type")
    country = (text(raw.get("country"), 2) or "").upper()
    return Address(kind if kind in ("home", "work") else "other", street, postal_code, region, country)


def _consents(claims: Mapping[str, Any], problems: list[str]) -> Iterator[ConsentAnswer]:
    """Yield the answers of either consent scope; a broken item is named in `problems` and costs nothing else."""
    for name, reader in (("delegatedConsents", _delegated), ("flowResult", _flow)):
        if (whole := claims.get(name)) is None:
            continue  # absent: neither a yes nor a no
        if not isinstance(whole, dict):
            problems.append(name)
            continue
        yield from _unambiguous(reader(whole, problems))


def _delegated(whole: dict[str, Any], problems: list[str]) -> Iterator[ConsentAnswer]:
    """Read `delegatedConsents`: four predefined questions on one screen (Vipps: collecting consents)."""
    for item in _items(whole, "consents", problems):
        yield from _answer(whole, item, "accepted", "textDisplayedToUser", problems)


def _flow(whole: dict[str, Any], problems: list[str]) -> Iterator[ConsentAnswer]:
    """Read `flowResult`: the merchant's own questions on any number of screens (Vipps: custom flow)."""
    for screen in _items(whole, "screens", problems):
        for item in _items(screen, "elements", problems):
            if item.get("type") == "checkbox":
                yield from _answer(whole, item, "checked", "title", problems)


def _answer(
    whole: dict[str, Any], item: dict[str, Any], flag: str, words: str, problems: list[str]
) -> Iterator[ConsentAnswer]:
    consent_id = text(item.get("id"), 100)
    if consent_id is None or not isinstance(item.get(flag), bool):
        problems.append(f"consent {consent_id or '(no id)'}")  # never turned into a yes
        return
    yield ConsentAnswer(
        id=consent_id,
        granted=item[flag],
        required=item.get("required") is True,
        text=text(item.get(words)) or "",
        language=(text(whole.get("language"), 10) or "").lower(),
        given_at=_moment(whole.get("timeOfConsent")),
        evidence={**{k: v for k, v in whole.items() if k not in ("consents", "screens")}, "answer": item},
    )


def _unambiguous(answers: Iterator[ConsentAnswer]) -> Iterator[ConsentAnswer]:
    """Keep one answer per question; if it was answered twice and differently, it was not a yes."""
    by_id: dict[str, ConsentAnswer] = {}
    for answer in answers:
        first = by_id.setdefault(answer.id, answer)
        if first.granted and not answer.granted:
            by_id[answer.id] = answer
    yield from by_id.values()


def _items(parent: dict[str, Any], name: str, problems: list[str]) -> list[dict[str, Any]]:
    items = parent.get(name)
    if not isinstance(items, list):
        problems.append(name)
        return []
    return [item for item in items[:MOST_CONSENTS] if isinstance(item, dict)]


def _moment(value: object) -> datetime | None:
    """Return a time in UTC; Vipps writes it with a Z, and a time without a zone is none."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) < 40 else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
