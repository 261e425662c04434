"""The cases of the checker as data: one TOML file per stage; reads and checks them.

The top-level `right`, `clause`, `source` and `reference` of a file apply to each case without its own value.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
EXPECTATIONS = ("refuse", "page", "accept", "either", "stay", "same", "other", "given", "not_given")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case: its action, and the rules to judge the merchant's behaviour."""

    id: str
    tried: str
    """What the checker does, as a phrase."""
    right: str
    """What a safe merchant does, as a sentence."""
    proof: str
    """What an unsafe merchant did, as a sentence to its developer."""
    clause: str
    source: str
    """The address of the clause."""
    reference: str
    """Where the reference shop does it: a path of its source."""
    stage: int = 0
    do: str = "login"
    """The name of a function in `steps.ACTIONS`."""
    expect: str = "refuse"
    """`refuse`: log no customer in. `page`: the same, with a page and no crash. `accept`: log the customer in.
    `either`: both are right, a crash is not. `stay`: the customer who is logged in stays so.
    `same`, `other`: the second login opens the same account, or does not. `given`, `not_given`: the consent page.
    """
    check: str = ""
    """The name of a check of the authorization request or of the session."""
    fault: Mapping[str, Any] = field(default_factory=dict)
    """Faults of the login at the simulator (`simulator.faults`), with values such as `$client_id`."""
    error: str = ""
    """The error code with which the provider ends the login."""
    endpoints: Mapping[str, Any] = field(default_factory=dict)
    """Faults of the discovery document and the key set during the login."""
    rotate: bool = False
    """Whether the provider has a new signing key before the login."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """Changes of the person before the login under test."""
    edit: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the callback that are replaced, added (a list: more than once) or removed (false)."""
    steps: tuple[str, ...] = ()
    """The moves of a login with several browsers; see `steps.play`."""
    first: Mapping[str, Any] = field(default_factory=dict)
    """Faults of the earlier login of a case that has two."""
    logged_in: bool = False
    """Whether the browser is logged in before."""
    after: bool = False
    """Whether a good login in the same browser must work afterwards."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """The most calls that the provider's endpoints may get."""
    lacks: tuple[str, ...] = ()
    """Texts that no page may contain."""
    times: int = 1
    """How often the login is tried."""
    timed: bool = False
    """Whether the verdict depends on the merchant's answer within the limit of seconds."""
    needs: tuple[str, ...] = ()
    """Settings of `merchant.toml` without which the case does not apply."""
    body: str = ""
    """The body of a webhook's request."""
    event: Mapping[str, Any] = field(default_factory=dict)
    """The members of a webhook's event, in place of a body."""
    method: str = "POST"
    statuses: tuple[int, int] = (200, 499)
    """The lowest and the highest status that is right."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that the browser adds to the request that starts a login."""
    to: str = ""
    """Where the start's parameter says to go after the login."""


@dataclass(frozen=True)
class Stage:
    """A stage: its number, its title and its cases."""

    number: int
    title: str
    cases: tuple[Case, ...]


@cache
def stages() -> tuple[Stage, ...]:
    """Return the stages in their order."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.toml")))


def every_case() -> dict[str, Case]:
    """Return all cases by id."""
    return {case.id: case for stage in stages() for case in stage.cases}


def _read(path: Path) -> Stage:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    number, title, cases = int(path.name[:2]), content.pop("title"), content.pop("cases")
    names = {each.name for each in fields(Case)}
    for case in cases:
        if unknown := (set(case) | set(content)) - names:
            raise ValueError(f"{path.name}, {case['id']}: unknown {sorted(unknown)}")
    return Stage(number, title, tuple(Case(**{**content, **case, "stage": number}) for case in cases))
