"""The project's language: words that hide the actor of a sentence occur neither in code nor in what visitors read.

A sentence names the actor: the customer, an attacker, Vipps.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    "app", "bench", "demo", "migrations", "samples", "simulator", "static", "templates", "tests", "tools", "workshop",
)  # fmt: skip
# Exempt: this file, migrations that databases have already applied, and the list of common passwords.
EXEMPT = ("tests/test_language.py", "migrations/versions/", "app/customers/passwords/common_passwords.txt")
SUFFIXES = {".py", ".html", ".txt", ".css", ".js", ".toml", ".md", ".json"}
BANNED = re.compile(r"(?i)(?<![a-z])(?:nobody|somebody|whoever|anybody)s?(?![a-z])")


def checked_files() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return sorted(
        path
        for path in [*found, *ROOT.glob("*.py"), ROOT / "Makefile", ROOT / "pyproject.toml"]
        if not path.relative_to(ROOT).as_posix().startswith(EXEMPT)
    )


def banned_words(text: str) -> Iterator[tuple[int, str]]:
    for found in BANNED.finditer(text):
        yield text.count("\n", 0, found.start()) + 1, found[0]


def test_no_sentence_and_no_name_hides_its_actor() -> None:
    files = checked_files()
    assert len(files) > 20
    hits = [
        f"{path.relative_to(ROOT)}:{line}: {word}" for path in files for line,
        word in [(0, word) for _line, word in banned_words(path.stem)] + list(banned_words(path.read_text()))
    ]  # fmt: skip
    assert hits == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nobody reads\ndef of_nobody(): ...", [(1, "nobody"), (2, "nobody")]), ('x = "Whoever"', [(1, "Whoever")]),
        ('_(\n    "Text", "somebody", n)', [(2, "somebody")]),
        ("nobody's, NOBODYS, embodybody", [(1, "nobody"), (1, "NOBODYS")]),
    ],
)  # fmt: skip
def test_the_search_finds_words_with_their_lines(text: str, words: list[tuple[int, str]]) -> None:
    assert list(banned_words(text)) == words
