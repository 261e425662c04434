"""The table of cases and the tests agree: each case has a test, and each test has a case."""

import ast
from pathlib import Path

from app.vipps.errors import REFUSALS
from simulator.check.cases import every_case
from tests.conformance.cases import CASES, EVERY_CASE
from tests.conformance.conftest import case_id

ROOT = Path(__file__).parents[2]
ELSEWHERE = {"test_cases.py", "test_independent_provider.py"}


def names_in(file: Path) -> list[str]:
    names = [node.name for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [name for name in names if name.startswith("test_")]


def test_every_test_belongs_to_a_case_of_its_file_and_every_case_has_one() -> None:
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.name in ELSEWHERE:
            continue
        cases = [case for case in EVERY_CASE if case.file == f"tests/conformance/{path.name}"]
        tried = {case_id(name) for name in names_in(path)}
        assert tried == {case.id for case in cases if not case.proved_by}, path.name


def test_a_case_that_is_proved_elsewhere_names_a_test_that_exists() -> None:
    for case in CASES.values():
        if case.proved_by:
            file, _, name = case.proved_by.partition("::")
            assert name in names_in(ROOT / file), case


def test_every_case_names_a_refusal_or_says_in_words_what_the_shop_does() -> None:
    for case in CASES.values():
        assert case.refusal or " " in case.expected, f"{case.expected}: this refusal does not exist"
        assert case.clause or (case.refusal and REFUSALS[case.refusal].source), f"{case.id}: no clause"


def test_no_case_stands_twice() -> None:
    assert len(CASES) == len({case.given for case in EVERY_CASE}) == len(EVERY_CASE) > 90


def test_each_case_of_the_simulators_checker_names_a_place_of_this_shop() -> None:
    assert [case.id for case in every_case().values() if not (ROOT / case.reference).exists()] == []
