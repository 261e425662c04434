"""Read the guide's reference lists: the FAQ, the glossary and the known mistakes.

Each is a table in `data/`. The FAQ has the questions of Vipps' Login FAQ in its order. The glossary has at most 40
terms. The known mistakes were reported in public about shops with Vipps Login or a similar login. Each topic has a
file. Each entry names the tests that fail if this shop makes the mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.guide import source, tables

TOPICS = tables.load("known_mistake_topics.toml", "topics")["topics"]


@dataclass(frozen=True)
class FaqLink:
    """A link to a page that shows the answer in practice."""

    label: str
    href: str


@dataclass(frozen=True)
class Question:
    """One question; the answer is Markdown. `changed` quotes an older FAQ, `places` refer to the source."""

    number: int
    question: str
    answer: str
    changed: str = ""
    places: Sequence[str] = ()
    see: Sequence[FaqLink] = ()


FAQ = tuple(
    tables.row(Question, each, number=number, see=tables.rows(FaqLink, each.get("see", [])))
    for number, each in enumerate(tables.load("faq.toml", "questions")["questions"], start=1)
)


@dataclass(frozen=True)
class Term:
    """One term; `stands_for` is its long or its short form, and `place` refers to the source."""

    term: str
    meaning: str
    place: str
    stands_for: str = ""
    linked: bool = True

    @property
    def names(self) -> Sequence[str]:
        """Return the spellings that chapters link to the glossary; none for a word that mostly means something else."""
        short = (self.stands_for,) if self.stands_for.isalpha() else ()
        return (self.term, *short) if self.linked else ()


TERMS = tables.rows(Term, tables.load("glossary.toml", "terms")["terms"])


@dataclass(frozen=True)
class Mistake:
    """One mistake. `reported` are URLs, `wrong` and `here` are Markdown, `places` and `tests` refer to the source."""

    number: int
    title: str
    reported: Sequence[str]
    wrong: str
    here: str
    places: Sequence[str]
    tests: Sequence[str]

    @property
    def shown_tests(self) -> Sequence[str]:
        """Return the tests that can be shown; none if the tests are not installed."""
        return [each for each in self.tests if each.partition("::")[0] in source.files()]


@dataclass(frozen=True)
class Topic:
    """A heading, and the mistakes below it in the order of their numbers."""

    name: str
    title: str
    mistakes: Sequence[Mistake]


def _read(name: str, title: str) -> Topic:
    table = tables.load(f"known_mistakes/{name}.toml", "mistakes")
    return Topic(name, title, sorted(tables.rows(Mistake, table["mistakes"]), key=lambda each: each.number))


KNOWN_MISTAKES = tuple(_read(name, title) for name, title in TOPICS.items())
