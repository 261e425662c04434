"""Each case is safe for a merchant without mistakes, and unsafe for the same merchant with one mistake."""

import re
import tomllib
from pathlib import Path

import pytest

from ...check.cases import every_case, stages
from ...check.lab import Lab
from ...check.run import failed_login, run
from ...check.steps import Verdict, perform
from .conftest import World

CASES = every_case()
MISTAKES: dict[str, str] = tomllib.loads((Path(__file__).parent / "mistakes.toml").read_text())
# Mistakes after which no login works; with the others, only the case finds them.
STOPS_LOGINS = {
    "dead", "dead_keys", "endpoint", "exchange_twice", "keys_once", "long_state", "no_state", "padded",
    "redirect_host_always",
    "redirect_query", "response_token", "scope_no_openid", "scope_unknown", "twice", "wrong_client",
}  # fmt: skip


def test_the_right_merchant_is_safe_in_every_case(lab: Lab) -> None:
    report = run(lab, stages())
    assert report.broken == ""
    wrong = [(each.case.id, each.finding) for each in report.results if each.finding.verdict is not Verdict.SAFE]
    assert wrong == []
    assert report.exit_status == 0


@pytest.mark.parametrize("name", CASES)
def test_one_mistake_is_found(name: str, lab: Lab, world: World) -> None:
    lab.good_login()
    world.shop.mistakes = {MISTAKES[name]}
    finding = perform(lab, CASES[name])
    assert finding.verdict is Verdict.UNSAFE, finding
    if MISTAKES[name] in STOPS_LOGINS:
        assert failed_login(lab), MISTAKES[name]


def test_there_are_enough_cases_and_each_has_its_mistake() -> None:
    assert len(CASES) >= 120
    assert set(MISTAKES) == set(CASES)


def test_every_mistake_of_the_merchant_is_tried() -> None:
    calls = re.findall(r"wrong\(([^)]*)\)", (Path(__file__).parent / "shop.py").read_text())
    named = {name for call in calls for name in re.findall(r'"(\w+)"', call)}
    assert named - set(MISTAKES.values()) == {"reads_no_id_token", "reads_no_userinfo"}  # for test_checker.py
