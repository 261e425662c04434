"""Read products and categories from the database.

The front page gets most visits, so it costs one query, whatever the number of products: a page of products is read as
rows of only the columns that a card shows, by keyset pagination. The categories are the same on every page and change
rarely, so each process caches them for a minute.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, String, bindparam, select
from sqlalchemy.orm import Session

from app.pagination import BEGINNING, Page, Place, narrow, to_page
from app.shop import search
from app.shop.models import Category, CategoryText, Product, ProductText, category_text_in, product_text_in

PER_PAGE = 24
RELATED = 4
MAX_WORDS = 6
MAX_QUERY = 80
REMEMBERED_SECONDS = 60


@dataclass(frozen=True)
class CategoryName:
    """A category in the navigation."""

    slug: str
    name: str
    intro: str


NO_CATEGORIES: tuple[CategoryName, ...] = ()


@dataclass(frozen=True)
class Shelf(Page[Row[*tuple[Any, ...]]]):
    """One page of products."""

    @property
    def total(self) -> int | None:
        """Return the number of products if this page has all of them; None for one of several pages."""
        return None if self.previous or self.next else len(self.rows)

    @property
    def wide(self) -> frozenset[int]:
        """Return the ids of the products two columns wide: featured, with a narrow one after them to fill the row."""
        wide, single = set(), 0
        for product in reversed(self.rows):
            fits = product.featured and single > 0
            single += -1 if fits else 1
            if fits:
                wide.add(product.id)
        return frozenset(wide)


def read_categories(session: Session, language: str) -> tuple[CategoryName, ...]:
    """Return the categories in their order, in one language."""
    found = select(Category.slug, CategoryText.name, CategoryText.intro)
    found = found.join_from(Category, CategoryText, category_text_in(language))
    return tuple(CategoryName(*row) for row in session.execute(found.order_by(Category.position, Category.id)))


class RememberedCategories:
    """The categories in each language, cached in this process for a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, tuple[CategoryName, ...]]] = {}

    def get(self, session: Session, language: str) -> tuple[CategoryName, ...]:
        """Return the categories in a language, with at most one query a minute. An empty result is not cached."""
        kept = self._kept.get(language)
        if kept and self._clock() - kept[0] < REMEMBERED_SECONDS:
            return kept[1]
        categories = read_categories(session, language)
        if categories:
            self._kept[language] = (self._clock(), categories)
        return categories


# The columns of a product card. Built once: building a statement costs as much as running it.
_CARDS = select(
    Product.id, Product.slug, Product.price, Product.stock, Product.picture, Product.featured, Product.position,
    ProductText.name, ProductText.summary,
).join_from(Product, ProductText, product_text_in(bindparam("in_language", type_=String)))  # fmt: skip

CURSOR_KEY = ("position", "id")
_ORDER: tuple[Any, ...] = (Product.position, Product.id)
_FIRST_SHELF = _CARDS.order_by(*_ORDER).limit(PER_PAGE + 1)


def find_products(session: Session, language: str, q: str = "", category: str = "", place: Place = BEGINNING) -> Shelf:
    """Return a page of the products whose texts contain every word of `q`, in the shop's order, without a total."""
    words = [search.search_terms(word, language) for word in searched_words(q)]
    connection = session.connection()  # plain rows need no session, which would track objects
    statement = _FIRST_SHELF
    if words or category or place != BEGINNING:
        statement = _shelf(words, category, place, is_sqlite=connection.dialect.name == "sqlite")
    rows = connection.execute(statement, {"in_language": language}).all()
    page = to_page(rows, CURSOR_KEY, PER_PAGE, place)
    return Shelf(page.rows, page.previous, page.next)


def _shelf(words: search.Words, category: str, place: Place, *, is_sqlite: bool) -> Select[*tuple[Any, ...]]:
    """Build the statement for a page."""
    statement, found, order = search.having(_CARDS, words), search.in_index(words), _ORDER
    if category:
        its_id = select(Category.id).where(Category.slug == category).scalar_subquery()
        statement = statement.where(Product.category_id == its_id)
    if found and is_sqlite:
        # SQLite's index has one number for position and id, and returns hits in that order.
        statement, order = search.through_full_text(statement, found), (search.ROW,)
        place = Place(*(cursor and (search.row_of(*cursor),) for cursor in (place.after, place.before)))
    else:
        statement = search.through_trigrams(statement, found)
    return narrow(statement, order, PER_PAGE, place)


def product_by_slug(session: Session, slug: str, language: str) -> Row[*tuple[Any, ...]] | None:
    """Return a product with its text and its category's name, or None."""
    whole = _CARDS.add_columns(
        Product.category_id, ProductText.description, ProductText.details,
        Category.slug.label("category_slug"), CategoryText.name.label("category_name"),
    ).join(Category, Category.id == Product.category_id).join(CategoryText, category_text_in(language))  # fmt: skip
    return session.execute(whole.where(Product.slug == slug), {"in_language": language}).one_or_none()


def related_products(
    session: Session, product: Row[*tuple[Any, ...]], language: str
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return a few other products, those of the same category first. The query reads only the products shown."""
    in_order, of_language = _CARDS.order_by(*_ORDER), {"in_language": language}
    same_kind = in_order.where(Product.category_id == product.category_id, Product.id != product.id).limit(RELATED)
    related = [*session.execute(same_kind, of_language)]
    if len(related) < RELATED:
        others = in_order.where(Product.category_id != product.category_id).limit(RELATED - len(related))
        related += session.execute(others, of_language)
    return related


def searched_words(q: str) -> list[str]:
    """Return the words to search for, at most six. NUL is dropped because PostgreSQL refuses it."""
    return q[:MAX_QUERY].replace("\0", "").casefold().split()[:MAX_WORDS]


def all_slugs(session: Session, limit: int) -> tuple[Sequence[str], Sequence[str]]:
    """Return the slugs of all categories, and of products up to the limit, in the shop's order."""
    categories = session.scalars(select(Category.slug).order_by(Category.position, Category.id)).all()
    return categories, session.scalars(select(Product.slug).order_by(*_ORDER).limit(limit)).all()
