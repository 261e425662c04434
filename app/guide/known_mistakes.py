"""Mistakes in shops with a login by Vipps or the like that were reported in public (`data/known_mistakes/`).

Each topic has a file, and an entry of it names the tests that fail if this shop makes the mistake.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.guide import source, tables

TOPICS = {
    "data": "Data",
    "values": "Values",
    "dead_ends": "Dead ends",
    "settings": "Settings",
    "mail": "Emails",
    "requests": "Requests",
    "pages": "Pages",
    "forks": "Forks",
}


@dataclass(frozen=True)
class Mistake:
    """One mistake. `reported` are public addresses, `wrong` and `here` Markdown, `places` and `tests` in the source."""

    number: int
    title: str
    reported: Sequence[str]
    wrong: str
    here: str
    places: Sequence[str]
    tests: Sequence[str]

    @property
    def shown_tests(self) -> Sequence[str]:
        """Return the tests that can be shown: none where the tests were not installed."""
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
