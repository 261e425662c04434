"""The chapters: files in `chapters/`, in the order of their numbers, each with a title and a summary at its top.

# A login, call by call

> One sentence that says what the chapter is about.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

WORDS_PER_MINUTE = 200
FOLDER = Path(__file__).parent / "chapters"
HEAD = re.compile(r"# (?P<title>[^\n]+)\n\n> (?P<summary>(?:[^\n]+\n(?:> )?)+)\n(?P<body>.*)", re.DOTALL)


@dataclass(frozen=True)
class Chapter:
    """A chapter as it is written: `body` is Markdown without title and summary."""

    slug: str
    title: str
    summary: str
    body: str
    file: str

    @property
    def minutes(self) -> int:
        """Return how long it takes to read the text, without the code."""
        words = len(re.sub(r"^```.*?^```$", "", self.body, flags=re.DOTALL | re.MULTILINE).split())
        return max(1, round(words / WORDS_PER_MINUTE))

    @property
    def markdown(self) -> str:
        """Return the whole text."""
        return f"# {self.title}\n\n> {self.summary}\n\n{self.body}"


@lru_cache(maxsize=1)
def chapters() -> Sequence[Chapter]:
    """Return all chapters in order; raise `ValueError` for a file without title and summary."""
    return [_read(path) for path in sorted(FOLDER.glob("[0-9][0-9]-*.md"))]


def chapter(slug: str) -> Chapter | None:
    """Return one chapter."""
    return next((each for each in chapters() if each.slug == slug), None)


def _read(path: Path) -> Chapter:
    found = HEAD.fullmatch(path.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{path.name}: a chapter begins with a title and a summary")
    summary = " ".join(found["summary"].replace("> ", "").split())
    return Chapter(path.stem[3:], found["title"], summary, found["body"], f"app/guide/chapters/{path.name}")
