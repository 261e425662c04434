"""Lists that are read page by page: each page begins where the one before ended, by the row's number.

Unlike page numbers, that costs the same on the thousandth page, and a row that is added meanwhile shifts nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from app.database import MAX_ID, db

PER_PAGE = 25

T = TypeVar("T")


@dataclass(frozen=True)
class Listing(Generic[T]):
    """One page; `next` is the number that the next one begins after, or None at the end."""

    rows: Sequence[T]
    next: int | None


def newest(statement: Select[Any], key: InstrumentedAttribute[int], before: int | None) -> Listing[Any]:
    """Return a page of what a statement finds, the newest first."""
    older = statement.where(key < (before or MAX_ID)).order_by(key.desc())
    return _page(older, key)


def oldest(statement: Select[Any], key: InstrumentedAttribute[int], after: int) -> Listing[Any]:
    """Return a page of what a statement finds, in the order of the numbers."""
    return _page(statement.where(key > after).order_by(key), key)


def _page(statement: Select[Any], key: InstrumentedAttribute[int]) -> Listing[Any]:
    rows = db.session.scalars(statement.limit(PER_PAGE + 1)).all()
    more = len(rows) > PER_PAGE
    return Listing(rows[:PER_PAGE], getattr(rows[PER_PAGE - 1], key.key) if more else None)
