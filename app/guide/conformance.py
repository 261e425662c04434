"""The conformance table: actions of a provider or an attacker, this shop's response, and the test that proves it.

The table belongs to the tests, which take their expectations from it (`tests/conformance/cases.toml`). Without the
tests it is empty.
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
    """One case: `given` is the situation, `expected` the name of a refusal, or a description of the shop's response.

    `clause` is needed if no refusal names a clause. The test is in the group's file and named after the case;
    otherwise `proved_by` names a test of another part.
    """

    id: str
    given: str
    expected: str = LOGS_IN
    clause: str = ""
    suite: str = ""
    proved_by: str = ""

    @property
    def refusal(self) -> Refusal | None:
        """Return the expected refusal; None if another outcome is expected."""
        return REFUSALS.get(self.expected)

    @property
    def clauses(self) -> str:
        """Return the clauses that require the expected outcome."""
        return self.clause or (self.refusal.source if self.refusal else "")


@dataclass(frozen=True)
class Group:
    """Cases of one kind, whose tests are in one file."""

    name: str
    title: str
    file: str
    cases: Sequence[Case]

    def test(self, case: Case) -> str:
        """Return the place of the test that proves a case; raise `LookupError` if there is none."""
        if case.proved_by:
            return case.proved_by
        name = _tests(self.file).get(case.id)
        if name is None:
            raise LookupError(f"{case.id}: no test in {self.file}")
        return f"{self.file}::{name}"

    def test_title(self, case: Case) -> str:
        """Return a test's name as words, without the id of the case."""
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
