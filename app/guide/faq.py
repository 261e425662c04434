"""The questions of Vipps’ Login FAQ, each with a short answer and where this shop shows it (`data/faq.toml`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.guide import tables


@dataclass(frozen=True)
class FaqLink:
    """A page where an answer can be seen."""

    label: str
    href: str


@dataclass(frozen=True)
class Question:
    """One question; the answer is Markdown. `changed` is what an older FAQ said, `places` are places in the source."""

    number: int
    question: str
    answer: str
    changed: str = ""
    places: Sequence[str] = ()
    see: Sequence[FaqLink] = ()


QUESTIONS = tuple(
    tables.row(Question, each, number=number, see=tables.rows(FaqLink, each.get("see", [])))
    for number, each in enumerate(tables.load("faq.toml", "questions")["questions"], start=1)
)
