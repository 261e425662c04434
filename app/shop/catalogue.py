"""What is for sale, as plain questions to the database.

The front page is the page that most people see, so it costs one query, whatever the number of products: a shelf is
read as rows of just the columns a card needs, with the total counted beside them. The categories are the same on
every page and change when somebody edits the shop, so each process remembers them for a minute.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from app.shop.models import Category, CategoryText, Product, ProductText

PER_PAGE = 24
RELATED = 4
MAX_WORDS = 6
MAX_QUERY = 80
REMEMBERED_SECONDS = 60


@dataclass(frozen=True)
class CategoryName:
    """A category as the navigation shows it."""

    slug: str
    name: str
    intro: str


NO_CATEGORIES: tuple[CategoryName, ...] = ()


@dataclass(frozen=True)
class Shelf:
    """One page of products. `total` counts those on all pages."""

    products: tuple[Row[*tuple[Any, ...]], ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """Return the number of pages; an empty shelf has one."""
        return max(1, ceil(self.total / PER_PAGE))


def read_categories(session: Session, language: str) -> tuple[CategoryName, ...]:
    """Return the categories in their order, in one language."""
    found = session.execute(
        select(Category.slug, CategoryText.name, CategoryText.intro)
        .join(CategoryText, (CategoryText.category_id == Category.id) & (CategoryText.language == language))
        .order_by(Category.position, Category.id)
    )
    return tuple(CategoryName(*row) for row in found)


class RememberedCategories:
    """The categories per language, kept for a minute in this process; another process may be a minute behind."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, tuple[CategoryName, ...]]] = {}

    def get(self, session: Session, language: str) -> tuple[CategoryName, ...]:
        """Return the categories in a language, asking the database at most once a minute. None are not kept."""
        kept = self._kept.get(language)
        if kept and self._clock() - kept[0] < REMEMBERED_SECONDS:
            return kept[1]
        categories = read_categories(session, language)
        if categories:
            self._kept[language] = (self._clock(), categories)
        return categories


# What a product card shows. Both statements are built once: building one costs as much as running it.
_CARDS = select(
    Product.slug,
    Product.price,
    Product.stock,
    Product.picture,
    Product.featured,
    ProductText.name,
    ProductText.summary,
).join(ProductText, (ProductText.product_id == Product.id) & (ProductText.language == bindparam("in_language")))

_SHELF = (
    _CARDS.add_columns(func.count().over().label("total"))
    .order_by(Product.position, Product.id)
    .limit(PER_PAGE)
    .offset(bindparam("skipped"))
)


def find_products(session: Session, language: str, q: str = "", category: str = "", page: int = 1) -> Shelf:
    """Return one page of the products whose texts contain every word of `q`, in the shop's order."""
    statement = _SHELF
    if category:
        statement = statement.join(Category, Category.id == Product.category_id).where(Category.slug == category)
    for word in searched_words(q):
        statement = statement.where(ProductText.search.contains(word, autoescape=True))
    # On the connection itself, since rows are nothing that the session would keep track of.
    rows = session.connection().execute(statement, {"in_language": language, "skipped": (page - 1) * PER_PAGE}).all()
    return Shelf(tuple(rows), rows[0].total if rows else 0, page)


def product_by_slug(session: Session, slug: str, language: str) -> Row[*tuple[Any, ...]] | None:
    """Return a product with its words and its category's name, or None."""
    return session.execute(
        select(
            Product.id,
            Product.slug,
            Product.price,
            Product.stock,
            Product.picture,
            Product.category_id,
            ProductText.name,
            ProductText.summary,
            ProductText.description,
            ProductText.details,
            Category.slug.label("category_slug"),
            CategoryText.name.label("category_name"),
        )
        .join(ProductText, (ProductText.product_id == Product.id) & (ProductText.language == language))
        .join(Category, Category.id == Product.category_id)
        .join(CategoryText, (CategoryText.category_id == Category.id) & (CategoryText.language == language))
        .where(Product.slug == slug)
    ).one_or_none()


def related_products(
    session: Session, product: Row[*tuple[Any, ...]], language: str
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return a few other products, those of the same category first."""
    statement = _CARDS.where(Product.id != product.id)
    statement = statement.order_by(Product.category_id != product.category_id, Product.position, Product.id)
    return session.execute(statement.limit(RELATED), {"in_language": language}).all()


def search_text(*texts: str) -> str:
    """Return the words of a product as they are searched: one line, case folded."""
    return " ".join(" ".join(texts).split()).casefold()


def searched_words(q: str) -> list[str]:
    """Return the words to look for. NUL is dropped because PostgreSQL refuses it; more than six words are too many."""
    return q[:MAX_QUERY].replace("\0", "").casefold().split()[:MAX_WORDS]
