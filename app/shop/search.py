"""Search products by an index of trigrams, on both databases and without an extension.

A word is found inside a longer word too, which Norwegian needs ("teppe" in "ullteppe"). One or two letters make no
trigram, so they are found only where words begin and end: every word is indexed with two spaces on each side. The
triggers and indexes of migration 0006 keep the index up to date, whichever program writes the texts:

- SQLite has a full-text table (FTS5, tokenizer `trigram`) with a row per product, in all its languages. The row's
  number is `position << 32 | id`, so hits are read in the shop's order, and reading stops at the end of the page.
- PostgreSQL has a GIN index on the trigrams of each text.

The index only narrows down the search: a separate condition checks that the text in the page's language has the words.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, cast, column, func, or_, table
from sqlalchemy.dialects.postgresql import ARRAY

from app.shop.models import Product, ProductText

TRIGRAM = 3
AROUND = " " * (TRIGRAM - 1)
ID_BITS = 32

Cards = Select[*tuple[Any, ...]]

_index = table("product_search", column("rowid", BigInteger), column("product_search", Text))
ROW = _index.c.rowid


def having(statement: Cards, words: Sequence[str]) -> Cards:
    """Narrow a statement to the products whose texts have all the words."""
    return statement.where(*(ProductText.search.contains(word, autoescape=True) for word in words))


def through_full_text(statement: Cards, words: Sequence[str]) -> Cards:
    """Make SQLite read only the products that its index finds, in the order of `ROW`."""
    matched = " AND ".join(f"({' OR '.join(map(_quoted, _parts(word)))})" for word in words)
    by_number = Product.id == ROW.op("&")((1 << ID_BITS) - 1)
    return statement.join(_index, by_number).where(_index.c.product_search.op("MATCH")(matched))


def row_of(position: int, product_id: int) -> int:
    """Return the number of a product's row in SQLite's index."""
    return (position << ID_BITS) + product_id


def through_trigrams(statement: Cards, words: Sequence[str]) -> Cards:
    """Make PostgreSQL read only the texts that its index finds."""
    return statement.where(*(or_(*map(_has_trigrams, _parts(word))) for word in words))


def in_index(words: Sequence[str]) -> list[str]:
    """Return the words that the index can find: all except one or two characters that are not letters or digits."""
    return [word for word in words if len(word) >= TRIGRAM or word.isalnum()]


def _parts(word: str) -> tuple[str, ...]:
    """Return the search terms of a word: the word, or for a short one the beginning and the end of a word."""
    if len(word) >= TRIGRAM:
        return (word,)
    spaces = " " * (TRIGRAM - len(word))
    return (spaces + word, word + spaces)


def _quoted(part: str) -> str:
    """Return an FTS5 string, in which no character is syntax (SQLite, FTS5 extension: "FTS5 Strings")."""
    return '"' + part.replace('"', '""') + '"'


def _has_trigrams(part: str) -> ColumnElement[bool]:
    trigrams = [part[start : start + TRIGRAM] for start in range(len(part) - TRIGRAM + 1)]
    return func.product_search_trigrams(ProductText.search, type_=ARRAY(Text)).contains(cast(trigrams, ARRAY(Text)))
