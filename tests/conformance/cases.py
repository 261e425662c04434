"""The cases that the tests prove (`cases.toml`): what a provider or an attacker may do, and what the shop does then."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.vipps.errors import REFUSALS

LOGS_IN = "The person is logged in, once."


@dataclass(frozen=True)
class Case:
    """One case: `given` is what happens, `expected` the name of a refusal, or in words what the shop does.

    The test is the one in the group's file that is named after the case, or else `proved_by`: a test of another part.
    """

    id: str
    given: str
    expected: str = LOGS_IN
    clause: str = ""
    suite: str = ""
    proved_by: str = ""

    @property
    def refusal(self) -> str:
        """Return the name of the refusal that is expected, or nothing."""
        return self.expected if self.expected in REFUSALS else ""

    @property
    def has_one_outcome(self) -> bool:
        """Tell whether the case ends in one refusal or in a login, and not in what only words can say."""
        return bool(self.refusal) or self.expected.startswith(LOGS_IN)


@dataclass(frozen=True)
class Group:
    """Cases of one kind, whose tests are in one file."""

    name: str
    title: str
    file: str
    cases: Sequence[Case]


def _read() -> tuple[Group, ...]:
    table = tomllib.loads(Path(__file__).with_name("cases.toml").read_text(encoding="utf-8"))
    return tuple(Group(**{**each, "cases": tuple(Case(**case) for case in each["cases"])}) for each in table["groups"])


GROUPS = _read()
CASES = {case.id: case for group in GROUPS for case in group.cases}
