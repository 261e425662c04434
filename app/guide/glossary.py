"""The glossary: at most 40 terms, each in one or two sentences, with a place in the code (`data/glossary.toml`)."""

from dataclasses import dataclass

from app.guide import tables


@dataclass(frozen=True)
class Term:
    """One term; `stands_for` spells a short form out, and `place` is a place in the source."""

    term: str
    meaning: str
    place: str
    stands_for: str = ""


TERMS = tables.rows(Term, tables.load("glossary.toml", "terms")["terms"])
