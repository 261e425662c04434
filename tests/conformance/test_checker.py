"""The simulator's checker names where this shop does what each case asks for."""

from pathlib import Path

from simulator.check.cases import every_case

ROOT = Path(__file__).resolve().parents[2]


def test_each_case_names_a_place_of_this_shop() -> None:
    assert [case.id for case in every_case().values() if not (ROOT / case.reference).exists()] == []
