"""Runs the cases in order, with a good login before, between the stages and at the end.

A merchant that refuses every login is not safe: if a good login fails after a stage, the refusals of that stage prove
nothing and are `unclear`.

`follow` is for a shop that is being built: it stops at the first red stage, and needs no login before one works.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from .cases import Case, Stage
from .lab import Lab, UnclearError
from .provider import ControlError
from .steps import Finding, Verdict, perform

MAX_RED = 3
"""How many red cases end a stage that is followed, or two with the same reason: the developer mends these first."""
RED = (Verdict.UNSAFE, Verdict.UNCLEAR)
NO_LOGIN = Finding(
    Verdict.NOT_APPLICABLE, "No login works yet, so a refusal proves nothing. This case runs again later."
)


@dataclass(frozen=True)
class Result:
    """A case and its finding."""

    case: Case
    finding: Finding


@dataclass(frozen=True)
class Report:
    """All results; `broken` says which good login failed."""

    seed: int
    results: tuple[Result, ...]
    broken: str = ""
    requests: int = 0

    def count(self, verdict: Verdict, stage: int | None = None) -> int:
        """Count the results with a verdict."""
        found = [each for each in self.results if stage in (None, each.case.stage)]
        return sum(each.finding.verdict is verdict for each in found)

    @property
    def exit_status(self) -> int:
        """0: all safe. 1: at least one is unsafe, or no good login works. 3: at least one is unclear."""
        if self.broken or self.count(Verdict.UNSAFE):
            return 1
        return 3 if self.count(Verdict.UNCLEAR) else 0


Tell = Callable[[Result], None]


def run(lab: Lab, stages: Iterable[Stage], tell: Tell = lambda result: None) -> Report:
    """Run the cases of the stages."""
    results: list[Result] = []
    broken = failed_login(lab)
    for stage in stages:
        if broken:
            break
        found = [_performed(lab, case, tell) for case in stage.cases]
        broken = failed_login(lab)
        results += doubted(found, broken) if broken else found
    lab.give_back()
    return Report(lab.seed, tuple(results), broken)


def follow(
    lab: Lab,
    stages: Iterable[Stage],
    tell: Tell = lambda result: None,
    ended: Callable[[Stage, Sequence[Result]], None] = lambda stage, results: None,
) -> Report:
    """Run the stages up to the first one that is red; `ended` gets the results of each."""
    results: list[Result] = []
    broken, reason = "", "not tried yet"
    for stage in stages:
        reason = reason and _failed_once(lab)  # until a login works
        found: list[Result] = []
        for case in stage.cases:
            if reason and case.do not in ("open", "request"):
                found.append(Result(case, Finding(Verdict.UNCLEAR, reason) if case.expect == "accept" else NO_LOGIN))
                tell(found[-1])
            else:
                found.append(_performed(lab, case, tell))
            red = [each.finding.did for each in found if each.finding.verdict in RED]
            if len(red) == MAX_RED or len(set(red)) < len(red):
                break
        if not reason and (broken := failed_login(lab)):
            found = doubted(found, broken)
        results += found
        ended(stage, found)
        if broken or any(each.finding.verdict in RED for each in found):
            break
    lab.give_back()
    return Report(lab.seed, tuple(results), broken)


def _failed_once(lab: Lab) -> str:
    """Try a good login once; return the problem, or an empty text."""
    try:
        lab.good_login()
    except (UnclearError, ControlError) as reason:
        return str(reason)
    return ""


def failed_login(lab: Lab) -> str:
    """Try a good login; return the problem, or an empty text."""
    try:
        return lab.recover(None)
    except ControlError as reason:
        return str(reason)


def doubted(results: Sequence[Result], reason: str) -> list[Result]:
    """Return the results of a stage after which no good login works: its refusals prove nothing."""
    doubt = Finding(Verdict.UNCLEAR, f"After this stage, no good login worked, so a refusal proves nothing. {reason}")
    return [replace(each, finding=doubt) if each.finding.verdict is Verdict.SAFE else each for each in results]


def _performed(lab: Lab, case: Case, tell: Tell) -> Result:
    try:
        if not lab.is_well and lab.recover(None):
            result = Result(case, Finding(Verdict.UNCLEAR, "Your shop has not recovered from an earlier case."))
        else:
            result = Result(case, perform(lab, case))
    except ControlError as error:
        result = Result(case, Finding(Verdict.UNCLEAR, f"The simulator refused this case: {error}"))
    tell(result)
    return result
