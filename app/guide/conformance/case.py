"""What a case is, and where the test is that proves it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.guide import source
from app.vipps.errors import REFUSALS, Refusal

LOGS_IN = "The person is logged in, once."
TEST = re.compile(r"^def (test_([ab]\d\d[a-z]?)_\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One case: `does` is what happens, `expected` the name of a refusal, or in words what the shop does.

    `clause` is needed where no refusal names its own. The test is the one in the group's file that is named after the
    case, or else `proved_by`: a test of another part.
    """

    id: str
    does: str
    expected: str = LOGS_IN
    clause: str = ""
    suite: str = ""
    proved_by: str = ""

    @property
    def refusal(self) -> str:
        """Return the name of the refusal that is expected, or nothing."""
        return self.expected if self.expected in REFUSALS else ""

    @property
    def refused_as(self) -> Refusal | None:
        """Return the refusal that is expected."""
        return REFUSALS.get(self.expected)

    @property
    def has_one_outcome(self) -> bool:
        """Tell whether the case ends in one refusal or in a login, rather than in what only words can say."""
        return bool(self.refusal) or self.expected.startswith(LOGS_IN)

    @property
    def clauses(self) -> str:
        """Return which clause asks for it."""
        return self.clause or (REFUSALS[self.refusal].source if self.refusal else "")


@dataclass(frozen=True)
class Group:
    """Some cases of one kind, whose tests are in one file."""

    name: str
    title: str
    file: str
    cases: Sequence[Case]

    def test(self, case: Case) -> str:
        """Return the place of the test that proves a case; raises `LookupError` if there is none."""
        if case.proved_by:
            return case.proved_by
        name = tests(self.file).get(case.id)
        if name is None:
            raise LookupError(f"{case.id}: no test in {self.file}")
        return f"{self.file}::{name}"

    def told(self, case: Case) -> str:
        """Return a test's name as words, without the case’s."""
        name = self.test(case).partition("::test_")[2]
        return name.removeprefix(f"{case.id.lower()}_").replace("_", " ")


@lru_cache(maxsize=32)
def tests(file: str) -> Mapping[str, str]:
    """Return the tests of a file by the case that they are named after: `test_b05b_…` is for B05b."""
    return {case.capitalize(): name for name, case in TEST.findall(source.whole(file))}
