"""The table of faults: the symptom, the cause, the fix, and how this shop ends the login (`data/faults.toml`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.guide import tables
from app.vipps.errors import REFUSALS, Refusal

PREFIX = "/guide/errors"


@dataclass(frozen=True)
class FaultCase:
    """One fault that a login can have. A case without `simulate` and `inject` has no button, and `no_button` says why.

    `refusal` names the page that the customer gets (`app.vipps.errors`); without it the login succeeds. `simulate` is a
    fault of the simulator, `inject` is a fault of this shop. Without `cause` the refusal's cause is shown.
    """

    name: str
    title: str
    symptom: str
    fix: str
    cause: str = ""
    refusal: str = ""
    simulate: str = ""
    inject: str = ""
    no_button: str = ""

    @property
    def ends_as(self) -> Refusal | None:
        """Return the refusal that ends the login; None if the login succeeds."""
        return REFUSALS.get(self.refusal)

    @property
    def why(self) -> str:
        """Return the cause."""
        return self.cause or REFUSALS[self.refusal].cause

    @property
    def can_be_tried(self) -> bool:
        """Tell whether a button can cause this fault."""
        return bool(self.simulate or self.inject)


@dataclass(frozen=True)
class FaultGroup:
    """The faults at one step of a login. After some of them the browser never comes back to the shop."""

    title: str
    lead: str
    cases: Sequence[FaultCase]
    comes_back: bool = True


@dataclass(frozen=True)
class Starter:
    """A fault to try first, and the reason."""

    case: str
    text: str


_TABLE = tables.load("faults.toml", "starters", "groups")
FAULT_GROUPS = tuple(
    tables.row(FaultGroup, each, cases=tables.rows(FaultCase, each["cases"])) for each in _TABLE["groups"]
)
FAULT_CASES = {case.name: case for group in FAULT_GROUPS for case in group.cases}
STARTERS = {each.case: each.text for each in tables.rows(Starter, _TABLE["starters"])}


def tried_at(path: str) -> FaultCase | None:
    """Return the case whose button sends its form to a path of this site."""
    return FAULT_CASES.get(path.removeprefix(f"{PREFIX}/").removesuffix("/try"))
