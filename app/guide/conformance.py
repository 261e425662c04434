"""The conformance table: what a provider or an attacker may do, what this shop does then, and the test that proves it.

The table belongs to the tests, which take their expectations from it (`tests/conformance/cases.toml`). Where the tests
were not installed, it is empty.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.guide import source, tables
from app.vipps.errors import REFUSALS, Refusal

PATH = source.ROOT / "tests" / "conformance" / "cases.toml"
LOGS_IN = "The person is logged in, once."
TEST = re.compile(r"^def (test_([ab]\d\d[a-z]?)_\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One case: `given` is what happens, `expected` the name of a refusal, or in words what the shop does.

    `clause` is needed where no refusal names its own. The test is the one in the group's file that is named after the
    case, or else `proved_by`: a test of another part.
    """

    id: str
    given: str
    expected: str = LOGS_IN
    clause: str = ""
    suite: str = ""
    proved_by: str = ""

    @property
    def refusal(self) -> Refusal | None:
        """Return the refusal that is expected, if it is one."""
        return REFUSALS.get(self.expected)

    @property
    def clauses(self) -> str:
        """Return the clauses that require it."""
        return self.clause or (self.refusal.source if self.refusal else "")


@dataclass(frozen=True)
class Group:
    """Cases of one kind, whose tests are in one file."""

    name: str
    title: str
    file: str
    cases: Sequence[Case]

    def test(self, case: Case) -> str:
        """Return the place of the test that proves a case; raises `LookupError` if there is none."""
        if case.proved_by:
            return case.proved_by
        name = _tests(self.file).get(case.id)
        if name is None:
            raise LookupError(f"{case.id}: no test in {self.file}")
        return f"{self.file}::{name}"

    def test_title(self, case: Case) -> str:
        """Return a test's name as words, without the case’s."""
        name = self.test(case).partition("::test_")[2]
        return name.removeprefix(f"{case.id.lower()}_").replace("_", " ")


@lru_cache(maxsize=1)
def groups() -> tuple[Group, ...]:
    """Return the table; it is read at the first request for its page, so that the shop starts without the tests."""
    if not PATH.exists():
        return ()
    table = tables.load(PATH, "groups")
    return tuple(tables.row(Group, each, cases=tables.rows(Case, each["cases"])) for each in table["groups"])


@lru_cache(maxsize=32)
def _tests(file: str) -> Mapping[str, str]:
    """Return the tests of a file by the case that they are named after: `test_b05b_…` is for B05b."""
    return {case.capitalize(): name for name, case in TEST.findall(source.read(file))}
