"""Find a customer by what somebody on the telephone says: one field, read in every way that fits.

An address, a number or a reference is found only if it is the same; names are found by the beginnings of their words.
What was typed stays out of addresses and logs: see `routes.search`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union

from app.customers.accounts import phone_number
from app.customers.accounts.email_address import normal_email
from app.customers.models import Activity, Customer, NameWord, WebhookDelivery
from app.database import MAX_ID, db
from app.forms import one_line
from app.shop.models import Order
from app.staff.models import ErrorReport
from app.staff.pagination import Listing, oldest

LONGEST = 100
SHORTEST_NAME = 2
MAX_WORDS = 6
MOST_REPORTS = 20
CUSTOMER_NUMBER = re.compile(r"#?(\d{1,10})")
ORDER_NUMBER = re.compile(r"M-?(\w{4})-?(\w{4})", re.ASCII)
REFERENCE = re.compile(r"([2-9B-DF-HJKMNP-TV-XZ]{4})[- ]?([2-9B-DF-HJKMNP-TV-XZ]{4})")  # no vowels: no name fits
# A word that more people have is looked up person by person, since a page of them is soon full.
COMMON = 500
BETWEEN_WORDS = re.compile(r"[ -]+")
CAPITALS = str.maketrans(ascii_uppercase, ascii_lowercase)
AFTER_ALL = chr(0x10FFFF)


class Kind(StrEnum):
    """As what a text can be read."""

    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "customer_number"
    ORDER = "order_number"
    REFERENCE = "reference"
    NAME = "name"


@dataclass(frozen=True)
class Found:
    """What a search found: customers, and what a reference number stands for."""

    kinds: Sequence[Kind]
    customers: Listing[Customer]
    reports: Sequence[ErrorReport]

    @property
    def hits(self) -> str:
        """Return how many customers this page has, and whether there are more."""
        return f"{len(self.customers.rows)}{'+' if self.customers.next else ''}"


def cleaned(typed: str | None) -> str:
    """Return what is searched for: one line, not too long."""
    return one_line((typed or "")[: 2 * LONGEST])[:LONGEST]


def find(text: str, after: int = 0) -> Found | None:
    """Return one page of the customers that a text may mean; None if it is too short to mean anybody."""
    readings = _readings(text)
    if not readings:
        return None
    customers = oldest(select(Customer).where(or_(*readings.values())), Customer.id, after)
    reference = reference_in(text)
    return Found(tuple(readings), customers, reports_of(reference) if reference else ())


def reports_of(reference: str) -> Sequence[ErrorReport]:
    """Return the error reports with a reference number; one request may have left more than one."""
    of_it = select(ErrorReport).where(ErrorReport.reference == reference).order_by(ErrorReport.id.desc())
    return db.session.scalars(of_it.limit(MOST_REPORTS)).all()


def reference_in(text: str) -> str | None:
    """Return the reference number that a text is, as it stands on pages; digits alone are a telephone number."""
    found = None if text.isdecimal() else REFERENCE.fullmatch(text.upper())
    return f"{found[1]}-{found[2]}" if found else None


def _readings(text: str) -> Mapping[Kind, ColumnElement[bool]]:
    """Return the conditions for each kind that the text can be."""
    if "@" in text:
        return {Kind.EMAIL: Customer.email == (normal_email(text) or "")}
    readings: dict[Kind, ColumnElement[bool]] = {}
    if (number := CUSTOMER_NUMBER.fullmatch(text)) and int(number[1]) <= MAX_ID:
        readings[Kind.NUMBER] = Customer.id == int(number[1])
    if any(letter.isdigit() for letter in text) and (digits := phone_number.digits_of(text)):
        readings[Kind.PHONE] = Customer.phone_number == digits
    if order := ORDER_NUMBER.fullmatch(text.upper()):
        ordered = select(Order.customer_id).where(Order.number == f"M-{order[1]}-{order[2]}")
        readings[Kind.ORDER] = Customer.id.in_(ordered)
    if reference := reference_in(text):
        readings[Kind.REFERENCE] = Customer.id.in_(_whose(reference))
    words = [word for word in BETWEEN_WORDS.split(text) if word][:MAX_WORDS]
    if not readings and words and len(text) >= SHORTEST_NAME:
        readings[Kind.NAME] = and_(*map(_has_word, words))
    return readings


def _whose(reference: str) -> Select[tuple[int | None]]:
    """Return the customers on whose activity, errors or deliveries a reference number stands."""
    parts = (
        select(table.customer_id).where(table.reference == reference)
        for table in (Activity, ErrorReport, WebhookDelivery)
    )
    return select(union(*parts).subquery().c.customer_id)


def _has_word(word: str) -> ColumnElement[bool]:
    """Tell whether a word of the name begins so; SQLite folds ASCII only, so other letters are tried in each case."""
    spellings = {each.translate(CAPITALS) for each in (word, word.lower(), word.capitalize(), word.upper())}
    begins = or_(*(NameWord.word.between(each, each + AFTER_ALL) for each in sorted(spellings)))
    theirs = select(NameWord.customer_id).where(begins)
    if _many(theirs):
        return theirs.where(NameWord.customer_id == Customer.id).exists()
    return Customer.id.in_(theirs)


def _many(words: Select[Any]) -> bool:
    """Tell whether a word is common, without counting further than that."""
    counted = select(func.count()).select_from(words.limit(COMMON).subquery())
    return db.session.scalar(counted) == COMMON
