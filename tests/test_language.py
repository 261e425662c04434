"""The project's language: words that hide the actor of a sentence do not occur in code, comments or names.

Texts that visitors read are exempt: they are translated. A comment names the actor: the customer, an attacker, Vipps.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("app", "bench", "demo", "migrations", "samples", "simulator", "static", "templates", "tests", "tools")
# This file; and revisions of databases that exist already.
EXEMPT = ("tests/test_language.py", "migrations/versions/")
# Texts of pages that tests look for.
VISITOR_TEXTS = (
    "No customers found", "Nobody is remembered in this browser", "Not set up: nobody sees it",
    "Another customer is logged in now", "Somebody else saved", "account you match is somebody else",
    "but nobody answered",
)  # fmt: skip
SUFFIXES = {".py", ".html", ".css", ".js", ".toml"}
BANNED = re.compile(r"(?i)(?<![a-z])(?:nobody|somebody|whoever|anybody)s?(?![a-z])")
STRING = r'(?:"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')'
TRANSLATED = re.compile(
    rf"(?s)\b(?:_|N_|_l|_n|n?gettext|lazy_n?gettext)\(\s*(?:{STRING}[\s,]*)+|{{%-? *trans.*?endtrans"
)


def checked_files() -> list[Path]:
    found = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return sorted(
        path
        for path in [*found, *ROOT.glob("*.py"), ROOT / "Makefile", ROOT / "pyproject.toml"]
        if not path.relative_to(ROOT).as_posix().startswith(EXEMPT)
    )


def banned_words(text: str) -> Iterator[tuple[int, str]]:
    """Find banned words outside of translated texts, with their lines."""
    without = TRANSLATED.sub(lambda found: "\n" * found[0].count("\n"), text)
    for known in VISITOR_TEXTS:
        without = without.replace(known, "")
    for found in BANNED.finditer(without):
        yield without.count("\n", 0, found.start()) + 1, found[0]


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
        ('_("Nobody\\" " "can")', []), ('_(\n    "Nobody", "somebody", n)\n# anybody', [(3, "anybody")]),
        ("{% trans %}nobody{% endtrans %} somebody", [(1, "somebody")]),
        ("nobody's, NOBODYS, embodybody", [(1, "nobody"), (1, "NOBODYS")]),
    ],
)  # fmt: skip
def test_the_search_finds_words_outside_of_translated_texts(text: str, words: list[tuple[int, str]]) -> None:
    assert list(banned_words(text)) == words
