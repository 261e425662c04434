"""The cases that the tests prove (`cases.toml`): an action of a provider or an attacker, and the shop's response."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from app.vipps.errors import REFUSALS

LOGS_IN = "The person is logged in, once."


@dataclass(frozen=True)
class Case:
    """One case: `given` is the situation, `expected` the name of a refusal, or a description of the shop's response.

    The test is in `file` and named after the case; otherwise `proved_by` names a test of another part.
    """

    id: str
    given: str
    expected: str = LOGS_IN
    clause: str = ""
    suite: str = ""
    proved_by: str = ""
    file: str = ""

    @property
    def refusal(self) -> str:
        """Return the name of the refusal that is expected, or nothing."""
        return self.expected if self.expected in REFUSALS else ""

    @property
    def has_one_outcome(self) -> bool:
        """Tell whether the case ends in one refusal or in a login, and not in a response that is only described."""
        return bool(self.refusal) or self.expected.startswith(LOGS_IN)


def _read() -> list[Case]:
    table = tomllib.loads(Path(__file__).with_name("cases.toml").read_text(encoding="utf-8"))
    return [Case(**case, file=group["file"]) for group in table["groups"] for case in group["cases"]]


EVERY_CASE = _read()
CASES = {case.id: case for case in EVERY_CASE}
