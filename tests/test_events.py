"""The list of events, held against the source: every line has a name from it, and no name is there in vain."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.log_events import EVENTS
from app.redaction import is_masked

ROOT = Path(__file__).resolve().parent.parent
METHODS = {"debug", "info", "warning", "error", "critical", "exception", "log"}


def log_calls(tree: ast.AST) -> Iterator[ast.Call]:
    """Find the calls of the logger: `log.info(…)`, `(log.info if … else log.warning)(…)`, `getattr(log, …)(…)`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Attribute, ast.IfExp, ast.Call)):
            reached = {each.id for each in ast.walk(node.func) if isinstance(each, ast.Name)}
            chosen = {each.attr for each in ast.walk(node.func) if isinstance(each, ast.Attribute)}
            if "log" in reached and (chosen & METHODS or "getattr" in reached):
                yield node


def names_of(call: ast.Call) -> list[str]:
    """Return the names that a call may log: one, or both of a choice; anything else is not a name."""
    first = call.args[0] if call.args else None
    choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    return [str(each.value) if isinstance(each, ast.Constant) else "(computed)" for each in choices]


def calls_of_the_app() -> list[tuple[str, ast.Call]]:
    """Return every call of the logger, with where it is."""
    found = []
    for path in sorted(path for folder in ("app", "demo") for path in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text())
        found += [(f"{path.relative_to(ROOT)}:{call.lineno}", call) for call in log_calls(tree)]
    return found


def logged(calls: list[tuple[str, ast.Call]]) -> dict[str, str]:
    """Return each name that is logged, with one place where it is."""
    return {name: where for where, call in calls for name in names_of(call)}


def test_every_event_that_is_logged_is_in_the_list_and_none_is_there_in_vain(app: Flask) -> None:
    by_us = logged(calls_of_the_app())
    assert {name: where for name, where in by_us.items() if name not in EVENTS} == {}
    library = (ROOT / "app" / "redaction.py").read_text()
    assert 'write("library_message"' in library
    assert set(EVENTS) - set(by_us) - {"library_message"} == set()


def test_every_event_is_explained_in_a_sentence() -> None:
    assert [name for name, event in EVENTS.items() if not event.meaning.endswith(".") or len(event.meaning) < 15] == []


def test_no_line_uses_a_key_that_is_masked() -> None:
    keys = {
        f"{where} {keyword.arg}": keyword.arg
        for where, call in calls_of_the_app()
        for keyword in call.keywords
        if keyword.arg
    }
    assert [place for place, key in keys.items() if is_masked(key)] == []


def test_a_cause_which_is_never_masked_is_a_sentence_of_the_source() -> None:
    causes = [
        ast.unparse(word.value) for _where, call in calls_of_the_app() for word in call.keywords if word.arg == "cause"
    ]
    assert causes == ["refusal.cause"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("log.info('a')", ["a"]),
        ("(log.info if x else log.warning)('b', k=1)", ["b"]),
        ("getattr(log, level)('c')", ["c"]),
        ("log.info('d' if x else 'e')", ["d", "e"]),
        ("log.bind(x=1).error('f')", ["f"]),
        ("log.info(f'{x}')", ["(computed)"]),
        ("math.sin(1); logs.append('g')", []),
    ],
)
def test_the_search_itself_finds_what_it_should(source: str, names: list[str]) -> None:
    assert [name for call in log_calls(ast.parse(source)) for name in names_of(call)] == names
