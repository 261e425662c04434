"""Search the chapters, the FAQ, the error playground, the known mistakes and the glossary.

The index is an FTS5 table of SQLite in memory, which each worker builds at its first search. The texts are files and
never change while the shop runs, so a table in the shop's database would need a migration, a copy for each of the two
databases and a way to notice a new version; the index here is built in less than a tenth of a second. The shop's own
search finds parts of words in several languages; for English sentences the stemmer and the ranking of FTS5 are better.

Source: SQLite, "SQLite FTS5 Extension".
"""

import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from app.guide import chapters, lookup, text
from app.guide.faults import FAULT_CASES, PREFIX

MAX_QUERY, MAX_WORDS, MAX_RESULTS = 200, 8, 20
_OPEN, _CLOSE = "\x02", "\x03"  # around a word that was found, see `_FIND`
# A title counts more than a text. An entry of the glossary counts twice, and a chapter one and a half times.
_FIND = """
    SELECT kind, title, href, snippet(entry, 3, char(2), char(3), ' … ', 28) FROM entry WHERE entry MATCH ?
    ORDER BY bm25(entry, 0, 8, 0, 1) * (1 + (kind = 'Glossary') + 0.5 * (kind LIKE 'Chapter%')) LIMIT ?
"""
_lock = threading.Lock()


@dataclass(frozen=True)
class SearchResult:
    """A search result: `kind` names the part of the guide, and in `excerpt` the found words are marked."""

    kind: str
    title: str
    href: str
    excerpt: Markup


def search(query: str) -> list[SearchResult]:
    """Return the entries with all words of a query, or else the entries with any of its words; the best first."""
    words = [f'"{word}"' for word in re.findall(r"\w+", query[:MAX_QUERY])[:MAX_WORDS]]
    if not words:
        return []
    words[-1] += "*"  # the last word may be unfinished
    with _lock:
        found = (_index().execute(_FIND, (how.join(words), MAX_RESULTS)).fetchall() for how in (" ", " OR "))
        rows = next(filter(None, found), [])
    return [SearchResult(kind, title, href, _marked(excerpt)) for kind, title, href, excerpt in rows]


@lru_cache(maxsize=1)
def _index() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)  # `_lock` admits one thread at a time
    connection.execute(
        "CREATE VIRTUAL TABLE entry USING fts5(kind UNINDEXED, title, href UNINDEXED, body, tokenize='porter')"
    )
    connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?)", _entries())
    return connection


def _entries() -> Iterator[tuple[str, str, str, str]]:
    """Yield the kind, title, address and text of every entry; a chapter has one for each of its sections."""
    for number, each in enumerate(chapters.chapters(), start=1):
        intro, *sections = re.split(r"^## (.+)\n", each.body, flags=re.MULTILINE)
        kind, href = f"Chapter {number}", f"/guide/{each.slug}"
        yield kind, each.title, href, f"{each.summary} {_words(intro)}"
        for title, body in zip(sections[::2], sections[1::2], strict=True):
            yield f"{kind}: {each.title}", _words(title), f"{href}#{text.slug(_words(title))}", _words(body)
    for term in lookup.TERMS:
        title = f"{term.term} ({term.stands_for})" if term.stands_for else term.term
        yield "Glossary", title, f"/guide/glossary#{text.slug(term.term)}", term.meaning
    for question in lookup.FAQ:
        yield "FAQ", question.question, f"/guide/faq#q{question.number}", _words(question.answer)
    for case in FAULT_CASES.values():
        said = f"{case.symptom} {case.why} {case.fix} {case.refusal}"
        yield "Error playground", _words(case.title), f"{PREFIX}#{case.name}", _words(said)
    for mistake in (each for topic in lookup.KNOWN_MISTAKES for each in topic.mistakes):
        said = f"{mistake.wrong} {mistake.here}"
        yield "Known mistake", _words(mistake.title), f"/guide/known-mistakes#m{mistake.number}", _words(said)


def _words(markdown: str) -> str:
    """Return the words of a text without its code blocks, its marks and the addresses of its links."""
    prose = re.sub(r"^```.*?^```$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    return " ".join(re.sub(r"[`*|>]|\]\([^)]*\)|\[(?=[^\]]*\]\()|^[-#]+ |-{3,}", "", prose, flags=re.MULTILINE).split())


def _marked(excerpt: str) -> Markup:
    return Markup(str(Markup.escape(excerpt)).replace(_OPEN, "<mark>").replace(_CLOSE, "</mark>"))  # noqa: S704 - escaped
