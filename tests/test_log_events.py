"""The list of log events against the source: each logged event and field is listed, and each listed one is logged."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.log_events import COMMON_FIELDS, EVENTS

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
    found = []
    for path in sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "demo").rglob("*.py")]):
        tree = ast.parse(path.read_text())
        found += [(f"{path.relative_to(ROOT)}:{call.lineno}", call) for call in log_calls(tree)]
    return found


def logged(calls: list[tuple[str, ast.Call]]) -> dict[str, str]:
    """Return each name that is logged, with one place where it is."""
    return {name: where for where, call in calls for name in names_of(call)}


def test_the_source_logs_exactly_the_events_that_are_listed(app: Flask) -> None:
    by_us = logged(calls_of_the_app())
    assert {name: where for name, where in by_us.items() if name not in EVENTS} == {}
    assert set(EVENTS) - set(by_us) == set()


def test_every_event_has_a_meaning_in_one_sentence() -> None:
    assert [name for name, event in EVENTS.items() if not event.meaning.endswith(".") or len(event.meaning) < 15] == []


def test_the_source_logs_exactly_the_fields_that_are_listed(app: Flask) -> None:
    used: dict[str, set[str]] = {name: set() for name in EVENTS}
    for where, call in calls_of_the_app():
        fields = {keyword.arg for keyword in call.keywords if keyword.arg != "exc_info"}
        for name in names_of(call):
            assert None not in fields, f"{where} passes its fields as a dictionary"
            assert fields <= EVENTS[name].fields | COMMON_FIELDS, where
            used[name] |= {str(field) for field in fields}
    assert {name: event.fields - used[name] for name, event in EVENTS.items() if event.fields - used[name]} == {}


SECRET_OR_PERSONAL = {
    "address", "assertion", "authorization", "birthdate", "body", "claims", "code", "cookie", "email", "key", "name",
    "nonce", "params", "password", "phone", "pin", "query", "secret", "session", "state", "street", "sub", "subject",
    "token", "url", "user", "username", "verifier",
}  # fmt: skip


def test_no_listed_field_is_named_like_a_secret_or_personal_data() -> None:
    listed = {field for event in EVENTS.values() for field in event.fields}
    assert [field for field in listed if SECRET_OR_PERSONAL & set(field.split("_"))] == []


def test_the_cause_of_a_refusal_is_a_sentence_of_the_source() -> None:
    causes = [
        ast.unparse(word.value) for _where, call in calls_of_the_app() for word in call.keywords if word.arg == "cause"
    ]
    assert causes == ["refusal.cause"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("log.info('a')", ["a"]), ("(log.info if x else log.warning)('b', k=1)", ["b"]),
        ("getattr(log, level)('c')", ["c"]), ("log.info('d' if x else 'e')", ["d", "e"]),
        ("log.bind(x=1).error('f')", ["f"]), ("log.info(f'{x}')", ["(computed)"]),
        ("math.sin(1); logs.append('g')", []),
    ],
)  # fmt: skip
def test_the_search_itself_finds_what_it_should(source: str, names: list[str]) -> None:
    assert [name for call in log_calls(ast.parse(source)) for name in names_of(call)] == names
