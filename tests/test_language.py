"""The project's language: words that hide the actor of a sentence do not occur in code, comments or names.

Texts that visitors read are exempt here: they are translated, and have a review of their own.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# What is checked: the coordinator of a change adds a part when its language has been revised.
FOLDERS = ["app/*.py", "gunicorn.conf.py", "tests/*.py"]
EXEMPT = {
    "tests/chromium.py", "tests/conftest.py", "tests/pages.py", "tests/provider.py", "tests/speed.py",
    "tests/stage.py", "tests/tables.py", "tests/test_databases.py", "tests/test_delivery.py", "tests/test_doctor.py",
    "tests/test_fork.py", "tests/test_language.py", "tests/test_migrations.py", "tests/test_serving.py",
    "tests/test_translations.py", "tests/vipps_person.py",
}  # fmt: skip
SUFFIXES = {".py", ".html", ".css", ".js", ".toml"}
BANNED = re.compile(r"(?i)(?<![a-z])(?:nobody|somebody|whoever|anybody)s?(?![a-z])")
STRING = r'(?:"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')'
TRANSLATED = re.compile(rf"(?s)\b(?:_|_l|_n|n?gettext|lazy_n?gettext)\(\s*(?:{STRING}[\s,]*)+|{{%-? *trans.*?endtrans")


def checked_files() -> list[Path]:
    """Return every file that is checked."""
    found = {path for pattern in FOLDERS for path in ROOT.glob(pattern)}
    return sorted(
        path
        for path in found
        if (path.suffix in SUFFIXES or path.name == "Makefile") and path.relative_to(ROOT).as_posix() not in EXEMPT
    )


def banned_words(text: str) -> Iterator[tuple[int, str]]:
    """Find banned words outside of translated texts, with their lines."""
    without = TRANSLATED.sub(lambda found: "\n" * found[0].count("\n"), text)
    for found in BANNED.finditer(without):
        yield without.count("\n", 0, found.start()) + 1, found[0]


def test_no_sentence_and_no_name_hides_its_actor() -> None:
    files = checked_files()
    assert len(files) > 20
    hits = [
        f"{path.relative_to(ROOT)}:{line}: {word}"
        for path in files
        for line, word in [(0, word) for _line, word in banned_words(path.stem)] + list(banned_words(path.read_text()))
    ]
    assert hits == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# nobody reads\ndef of_nobody(): ...", [(1, "nobody"), (2, "nobody")]),
        ('x = "Whoever"', [(1, "Whoever")]),
        ('_("Nobody\\" " "can")', []),
        ('_(\n    "Nobody", "somebody", n)\n# anybody', [(3, "anybody")]),
        ("{% trans %}nobody{% endtrans %} somebody", [(1, "somebody")]),
        ("nobody's, NOBODYS, embodybody", [(1, "nobody"), (1, "NOBODYS")]),
    ],
)
def test_the_search_finds_words_outside_of_translated_texts(text: str, words: list[tuple[int, str]]) -> None:
    assert list(banned_words(text)) == words
