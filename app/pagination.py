"""Read lists page by page with keyset pagination: each page begins where the page before it ended.

A cursor is the sort key of a row, written in addresses as whole numbers with dots between them, such as `3.17`. So the
thousandth page costs as much as the first one, and a row that is added meanwhile moves no other row to another page.
"""

import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import abort, request
from sqlalchemy import Select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from app.database import MAX_ID, db

CURSOR = re.compile(r"-?[0-9]{1,10}(\.-?[0-9]{1,10})*", re.ASCII)

Cursor = tuple[int, ...]

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where a page is in its list: after a cursor, before one, or at the beginning."""

    after: Cursor | None = None
    before: Cursor | None = None


BEGINNING = Place()


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list. The page before it ends before `previous`, the page after it begins after `next`."""

    rows: Sequence[T]
    previous: str | None = None
    next: str | None = None


SomePage = TypeVar("SomePage", bound=Page[Any])


def cursor_in_query(name: str, length: int = 1) -> Cursor | None:
    """Return the cursor in a query parameter, None without the parameter; answer 404 to a value that is no cursor."""
    given = request.args.get(name)
    if given is None:
        return None
    if not CURSOR.fullmatch(given):
        abort(404)
    cursor = tuple(map(int, given.split(".")))
    if len(cursor) != length or max(map(abs, cursor)) > MAX_ID:
        abort(404)
    return cursor


def place_in_query(length: int = 1) -> Place:
    """Return the place that the query parameter `after` or `before` asks for; answer 404 if both are given."""
    place = Place(cursor_in_query("after", length), cursor_in_query("before", length))
    return place if not (place.after and place.before) else abort(404)


def narrow(
    statement: Select[*tuple[Any, ...]], order: Sequence[Any], size: int, place: Place, *, descending: bool = False
) -> Select[*tuple[Any, ...]]:
    """Narrow a statement to the page at a place and one more row; the columns of `order` together are unique."""
    key = order[0] if len(order) == 1 else tuple_(*order)
    for cursor, is_forwards in ((place.after, True), (place.before, False)):
        if cursor:
            compare = operator.gt if is_forwards is not descending else operator.lt
            statement = statement.where(compare(key, cursor[0] if len(order) == 1 else tuple_(*cursor)))
    is_reversed = (place.before is not None) is not descending
    return statement.order_by(*(each.desc() if is_reversed else each for each in order)).limit(size + 1)


def to_page(rows: Sequence[T], key: Sequence[str], size: int, place: Place) -> Page[T]:
    """Make a page of the rows of a narrowed statement; `key` names the attributes that make up a row's cursor."""
    shown, has_more = tuple(rows[:size]), len(rows) > size
    if not shown:
        return Page(())
    if place.before:
        shown = shown[::-1]
    first, last = (".".join(str(getattr(row, name)) for name in key) for row in (shown[0], shown[-1]))
    has_previous, has_next = place.after or (place.before and has_more), place.before or has_more
    return Page(shown, first if has_previous else None, last if has_next else None)


def paginate(
    statement: Select[Any], column: InstrumentedAttribute[int], size: int, place: Place, *, descending: bool = False
) -> Page[Any]:
    """Return one page of the objects that a statement finds, ordered by one unique column."""
    narrowed = narrow(statement, (column,), size, place, descending=descending)
    return to_page(db.session.scalars(narrowed).all(), (column.key,), size, place)


def paginate_onwards(statement: Select[Any], column: InstrumentedAttribute[int], size: int) -> Page[Any]:
    """Return a page of a list that only goes on: the newest rows first, or those before the parameter `before`."""
    return paginate(statement, column, size, Place(after=cursor_in_query("before")), descending=True)


def paginate_as_asked(statement: Select[Any], column: InstrumentedAttribute[int], size: int) -> Page[Any]:
    """Return the page that the query parameters `after` and `before` ask for, the newest rows first; or answer 404."""
    place = place_in_query()
    return or_404(paginate(statement, column, size, place, descending=True), place)


def or_404(page: SomePage, place: Place) -> SomePage:
    """Return a page; answer 404 if it is empty because there is nothing at its place."""
    return page if page.rows or place == BEGINNING else abort(404)
