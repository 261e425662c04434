"""Search products by an index of trigrams, on both databases and without an extension.

A word is found where words begin, in the singular and the plural: "hats" finds "hat", and "hat" does not find "that".
In the Nordic languages the last part of a compound is its noun, so a longer word is also found where words end
("teppe" in "ullteppe"). Source of the English plurals: Harman, "How effective is suffixing?" (JASIS 42, 1991), the S
stemmer.

Every word is indexed with two spaces on each side, so a trigram tells where words begin and end. The triggers and
indexes of migration 0006 keep the index up to date, whichever program writes the texts:

- SQLite has a full-text table (FTS5, tokenizer `trigram`) with a row per product, in all its languages. The row's
  number is `position << 32 | id`, so hits are read in the shop's order, and reading stops at the end of the page.
- PostgreSQL has a GIN index on the trigrams of each text.

The index only narrows down the search: a separate condition checks that the text in the page's language has the words.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, Text, cast, column, func, or_, table
from sqlalchemy.dialects.postgresql import ARRAY

from app.shop.models import Product, ProductText

TRIGRAM = 3
AROUND = " " * (TRIGRAM - 1)
ID_BITS = 32
# By the language of the page: what turns a plural into a singular, or a singular into a plural that begins differently.
PLURALS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        (r"(?<![ea])ies$", "y"),
        (r"(s|x|z|ch|sh)es$", r"\1"),
        (r"(?<![us])s$", ""),
        (r"ves$", "f"),
        (r"ves$", "fe"),
        (r"(?<![aeiou])y$", "ies"),
        (r"fe?$", "ves"),
    ),
    "nb": ((r"ene$", ""), (r"er$", ""), (r"(?<=e)r$", ""), (r"(?<=e)ne$", "")),
    "da": ((r"(erne|ene|er|e)$", ""), (r"(?<=e)r(ne)?$", ""), (r"([bdfgklmnprst])\1(er(ne)?|e)$", r"\1")),
    "sv": ((r"or(na)?$", "a"), (r"[ae]r(na)?$", ""), (r"ar(na)?$", "e"), (r"na?$", "")),
    "fi": ((r"t$", ""), (r"set$", "nen"), (r"et$", "i"), (r"([kpt])([aeiouyäö])t$", r"\1\1\2"), (r"v([aä])t$", r"p\1")),
}
COMPOUNDING = frozenset(PLURALS) - {"en"}
MIN_STEM, MIN_TAIL = 3, 4

Cards = Select[*tuple[Any, ...]]
Words = Sequence[Sequence[str]]  # the terms of each word

_index = table("product_search", column("rowid", BigInteger), column("product_search", Text))
ROW = _index.c.rowid


def search_terms(word: str, language: str) -> Sequence[str]:
    """Return the terms of which a text must contain one: a space is the beginning or the end of a word."""
    if not word[0].isalnum():
        return (word,)
    # Products without texts in the language are shown in English.
    changed = (re.sub(pattern, other, word) for pattern, other in PLURALS.get(language, PLURALS["en"]))
    forms = tuple(dict.fromkeys(each for each in changed if len(each) >= MIN_STEM and each != word))
    if language not in COMPOUNDING:
        return (f" {word}", *(f" {each} " for each in forms))
    # A definite form has an ending too ("luen" for "lue"), so a stem is also looked for where words begin.
    tails = (f"{each} " for each in (word, *forms) if len(each) >= MIN_TAIL)
    return (*(f" {each}" for each in (word, *forms)), *tails)


def searchable(*texts: str) -> str:
    """Return the searchable form of a product's texts: each word once, and the words between punctuation."""
    words = " ".join(texts).casefold().split()
    return " ".join(dict.fromkeys([*words, *re.findall(r"[^\W_]+", " ".join(words))]))


def having(statement: Cards, words: Words) -> Cards:
    """Narrow a statement to the products whose texts have all the words."""
    spaced = " " + ProductText.search + " "
    return statement.where(*(or_(*(spaced.contains(term, autoescape=True) for term in terms)) for terms in words))


def through_full_text(statement: Cards, words: Words) -> Cards:
    """Make SQLite read only the products that its index finds, in the order of `ROW`."""
    matched = " AND ".join(f"({' OR '.join(map(_quoted, terms))})" for terms in words)
    by_number = Product.id == ROW.op("&")((1 << ID_BITS) - 1)
    return statement.join(_index, by_number).where(_index.c.product_search.op("MATCH")(matched))


def row_of(position: int, product_id: int) -> int:
    """Return the number of a product's row in SQLite's index."""
    return (position << ID_BITS) + product_id


def through_trigrams(statement: Cards, words: Words) -> Cards:
    """Make PostgreSQL read only the texts that its index finds."""
    return statement.where(*(or_(*map(_has_trigrams, terms)) for terms in words))


def in_index(words: Words) -> Words:
    """Return the words that the index can find, in its spelling: one or two letters inside a word are too few."""
    spelt = [[term.replace(" ", AROUND) for term in terms] for terms in words]
    return [terms for terms in spelt if all(len(term) >= TRIGRAM for term in terms)]


def _quoted(part: str) -> str:
    """Return an FTS5 string, in which no character is syntax (SQLite, FTS5 extension: "FTS5 Strings")."""
    return '"' + part.replace('"', '""') + '"'


def _has_trigrams(part: str) -> ColumnElement[bool]:
    trigrams = [part[start : start + TRIGRAM] for start in range(len(part) - TRIGRAM + 1)]
    return func.product_search_trigrams(ProductText.search, type_=ARRAY(Text)).contains(cast(trigrams, ARRAY(Text)))
