"""The guide's table and the tests are one thing: each case has its test, and each test its case."""

import ast
from collections import Counter
from pathlib import Path

from app.guide import source
from app.guide.conformance import CASES, GROUPS
from tests.conformance.conftest import case_id

ELSEWHERE = {"test_cases.py", "test_independent_provider.py"}


def test_every_case_has_its_test_and_its_clause() -> None:
    for group in GROUPS:
        for case in group.cases:
            place = source.find(group.test(case))
            assert place.text.lstrip().startswith(("def test_", "@pytest")), case
            assert case.clauses, case
            assert case.refusal or " " in case.expected, f"{case.expected}: there is no such refusal"


def test_every_test_belongs_to_a_case_of_its_file() -> None:
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.name in ELSEWHERE:
            continue
        (group,) = [each for each in GROUPS if each.file == f"tests/conformance/{path.name}"]
        names = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        tried = {case_id(name) for name in names if name.startswith("test_")}
        assert tried == {case.id for case in group.cases if not case.proved_by}, path.name


def test_no_case_is_told_twice() -> None:
    ids = Counter(case.id for group in GROUPS for case in group.cases)
    assert set(ids.values()) == {1}
    assert len(CASES) == sum(ids.values()) > 90
    told = Counter(case.does for group in GROUPS for case in group.cases)
    assert set(told.values()) == {1}
