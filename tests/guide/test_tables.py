"""The guide's tables: a malformed row is refused when it is read, and every reference exists."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.doctor import DOCTOR_CHECKS
from app.guide import source, tables
from app.guide.checklist import POINTS
from app.guide.faults import FAULT_CASES
from app.guide.inspector.checks import CHECKS
from app.guide.lookup import FAQ, KNOWN_MISTAKES, TERMS, TOPICS
from app.vipps.errors import REDIRECT_CODES, REFUSALS
from demo.error_playground import INJECTORS, REPEAT
from simulator.scenarios import SCENARIOS


@dataclass(frozen=True)
class Example:
    """A row of two columns, one of them optional."""

    name: str
    places: tuple[str, ...] = ()


def test_a_row_becomes_a_dataclass() -> None:
    assert tables.row(Example, {"name": "a", "places": ["b", "c"]}) == Example("a", ("b", "c"))
    assert tables.rows(Example, [{"name": "a"}, {"name": "b"}]) == (Example("a"), Example("b"))


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({"name": "a", "nmae": "b"}, "nmae is unknown"), ({"places": ["a"]}, "name is missing"),
        ({"name": 7}, "name is not a text"),
    ],
)  # fmt: skip
def test_a_malformed_row_is_refused(table: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        tables.row(Example, table)


@pytest.mark.parametrize(("text", "fault"), [("rows = []\nmore = 1", "more is unknown"), ("", "rows is missing")])
def test_a_file_has_the_keys_that_its_reader_names(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "example.toml"
    file.write_text(text)
    with pytest.raises(ValueError, match=fault):
        tables.load(file, "rows")


@pytest.mark.parametrize(
    "places",
    [
        [place for point in POINTS for place in (*point.code, *point.tests)],
        [place for question in FAQ for place in question.places],
        [check.symbol for check in CHECKS],
        [term.place for term in TERMS],
        [place for topic in KNOWN_MISTAKES for each in topic.mistakes for place in (*each.places, *each.tests)],
    ],
    ids=["checklist", "faq", "checks", "glossary", "known mistakes"],
)
def test_places_in_the_source_exist(places: list[str]) -> None:
    assert places
    for place in places:
        assert source.find(place).text


def test_known_mistakes_are_numbered_once_and_name_tests_and_public_addresses() -> None:
    files = {each.stem for each in (tables.FOLDER / "known_mistakes").glob("*.toml")}
    assert files == {topic.name for topic in KNOWN_MISTAKES} <= set(TOPICS)
    mistakes = [each for topic in KNOWN_MISTAKES for each in topic.mistakes]
    assert len({each.number for each in mistakes}) == len(mistakes)
    for each in mistakes:
        assert all((each.title, each.wrong.strip(), each.here.strip(), each.places, each.tests)), each.number
        assert all(re.match(r"(simulator/)?tests/.+::test_", test) for test in each.tests), each.number
        assert all(address.startswith("https://") for address in each.reported), each.number


def test_checks_and_fault_cases_name_refusals_and_faults_that_exist() -> None:
    assert {code for check in CHECKS for code in check.codes} <= set(REFUSALS)
    cases = FAULT_CASES.values()
    assert {each.refusal for each in cases if each.refusal} <= set(REFUSALS)
    assert {each.refusal for each in cases} >= REDIRECT_CODES
    assert {each.simulate for each in cases if each.simulate} == set(SCENARIOS)
    assert {each.inject for each in cases if each.inject} == {*INJECTORS, REPEAT}
    assert [each.name for each in cases if not each.can_be_tried and not each.no_button] == []
    assert [each.name for each in cases if not each.cause and not each.refusal] == []


def test_points_of_the_checklist_name_checks_of_the_doctor() -> None:
    checks = {check.__name__ for check in DOCTOR_CHECKS}
    assert {name for point in POINTS for name in point.asks} <= checks


def test_the_glossary_is_short_and_in_order() -> None:
    names = [each.term.lower() for each in TERMS]
    assert len(names) <= 40
    assert names == sorted(set(names))
    for each in TERMS:
        assert each.meaning.endswith("."), each.term
        assert each.meaning.count(". ") <= 1, each.term
