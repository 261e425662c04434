"""Search customers by what a caller says on the phone: one field, read in every way that fits.

An email address, a number or a reference must match exactly; names are found by the beginnings of their words. The
query stays out of addresses and logs: see `routes.search`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_lowercase, ascii_uppercase

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union

from app import about
from app.customers.accounts import phone_number
from app.customers.models import Activity, Customer, NameWord, WebhookDelivery
from app.database import MAX_ID, db
from app.forms import one_line
from app.pagination import BEGINNING, Page, Place, paginate
from app.shop.models import Order
from app.staff.models import ROWS_PER_PAGE, ErrorReport
from app.vipps.values import normal_email

MAX_QUERY = 100
MIN_NAME = 2
MAX_WORDS = 6
MAX_REPORTS = 20
CUSTOMER_NUMBER = re.compile(r"#?(\d{1,10})")
# The hyphens can be left out only after the shop's own prefix: nine other letters are probably a name.
ORDER_NUMBER = re.compile(rf"(?:{about.ORDER_PREFIX}|([A-Z0-9])(?=-))-?(\w{{4}})-?(\w{{4}})", re.ASCII)
REFERENCE = re.compile(r"([2-9B-DF-HJKMNP-TV-XZ]{4})[- ]?([2-9B-DF-HJKMNP-TV-XZ]{4})")  # no vowels: no name fits
# For a word that more people have, use EXISTS per customer: the first page fills quickly.
COMMON = 500
BETWEEN_WORDS = re.compile(r"[ -]+")
CAPITALS = str.maketrans(ascii_uppercase, ascii_lowercase)
AFTER_ALL = chr(0x10FFFF)


class QueryKind(StrEnum):
    """The ways to read a query."""

    EMAIL = "email"
    PHONE = "phone"
    NUMBER = "customer_number"
    ORDER = "order_number"
    REFERENCE = "reference"
    NAME = "name"


@dataclass(frozen=True)
class SearchResult:
    """The result of a search: customers, and the error reports of a reference number."""

    kinds: Sequence[QueryKind]
    customers: Page[Customer]
    reports: Sequence[ErrorReport]

    @property
    def hits(self) -> str:
        """Return the number of customers on this page, with a plus if there are more."""
        return f"{len(self.customers.rows)}{'+' if self.customers.next else ''}"


def clean_query(typed: str | None) -> str:
    """Return the query as one line of limited length."""
    return one_line((typed or "")[: 2 * MAX_QUERY])[:MAX_QUERY]


def find(text: str, place: Place = BEGINNING) -> SearchResult | None:
    """Return one page of the customers that match; None if the query is too short."""
    readings = _readings(text)
    if not readings:
        return None
    customers = paginate(select(Customer).where(or_(*readings.values())), Customer.id, ROWS_PER_PAGE, place)
    reference = reference_in(text)
    return SearchResult(tuple(readings), customers, reports_of(reference) if reference else ())


def reports_of(reference: str) -> Sequence[ErrorReport]:
    """Return the error reports with a reference number; one request may have several."""
    of_it = select(ErrorReport).where(ErrorReport.reference == reference).order_by(ErrorReport.id.desc())
    return db.session.scalars(of_it.limit(MAX_REPORTS)).all()


def reference_in(text: str) -> str | None:
    """Return the reference number in the form that pages show, or None; digits alone are a phone number."""
    found = None if text.isdecimal() else REFERENCE.fullmatch(text.upper())
    return f"{found[1]}-{found[2]}" if found else None


def _readings(text: str) -> Mapping[QueryKind, ColumnElement[bool]]:
    """Return the condition for each way to read the query."""
    if "@" in text:
        return {QueryKind.EMAIL: Customer.email == (normal_email(text) or "")}
    readings: dict[QueryKind, ColumnElement[bool]] = {}
    if (number := CUSTOMER_NUMBER.fullmatch(text)) and int(number[1]) <= MAX_ID:
        readings[QueryKind.NUMBER] = Customer.id == int(number[1])
    if any(letter.isdigit() for letter in text) and (digits := phone_number.digits_of(text)):
        readings[QueryKind.PHONE] = Customer.phone_number == digits
    if order := ORDER_NUMBER.fullmatch(text.upper()):
        number_of_it = f"{order[1] or about.ORDER_PREFIX}-{order[2]}-{order[3]}"
        readings[QueryKind.ORDER] = Customer.id.in_(select(Order.customer_id).where(Order.number == number_of_it))
    if reference := reference_in(text):
        readings[QueryKind.REFERENCE] = Customer.id.in_(_whose(reference))
    words = [word for word in BETWEEN_WORDS.split(text) if word][:MAX_WORDS]
    if not readings and words and len(text) >= MIN_NAME:
        readings[QueryKind.NAME] = and_(*map(_has_word, words))
    return readings


def _whose(reference: str) -> Select[tuple[int | None]]:
    """Return the customers whose activity, errors or deliveries have a reference number."""
    tables = (Activity, ErrorReport, WebhookDelivery)
    parts = (select(each.customer_id).where(each.reference == reference) for each in tables)
    return select(union(*parts).subquery().c.customer_id)


def _has_word(word: str) -> ColumnElement[bool]:
    """Match names with a word that begins like this, in any case: SQLite ignores case only for ASCII letters."""
    spellings = {each.translate(CAPITALS) for each in (word, word.lower(), word.capitalize(), word.upper())}
    begins = or_(*(NameWord.word.between(each, each + AFTER_ALL) for each in sorted(spellings)))
    matching = select(NameWord.customer_id).where(begins)
    counted = select(func.count()).select_from(matching.limit(COMMON).subquery())  # no further than COMMON
    if db.session.scalar(counted) == COMMON:
        return matching.where(NameWord.customer_id == Customer.id).exists()
    return Customer.id.in_(matching)
