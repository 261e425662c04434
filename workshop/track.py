"""The Build track: 15 stages as data, and the shops of its learners, written from one annotated file for each language.

Lines between `#+ 3-8` and `#.` are in the shops of the stages 3 to 8; between `#+ 3` and `#.`, from stage 3 on.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import unified_diff
from functools import cache
from pathlib import Path

from simulator.check.cases import Case, Stage, every_case
from simulator.check.cases import stages as checked_stages

FOLDER = Path(__file__).parent
SHOPS = {"flask": "shop.py", "express": "shop.mjs", "empty": ""}
"""The starters, and the file that the learner changes."""
SETTING = re.compile(r"^(?:const )?(ISSUER|CLIENT_ID|PORT|REDIRECT_URI)\b.*$", re.MULTILINE)
MARK = re.compile(r"\s*(?:#|//)(?:\+ (?P<first>\d+)(?:-(?P<last>\d+))?|\.)")


@dataclass(frozen=True)
class Texts:
    """What a learner reads about a stage, in one language."""

    title: str
    goal: str
    tries: str
    hints: tuple[str, str, str]


@dataclass(frozen=True)
class BuildStage:
    """A stage: its texts by language, and the cases of the checker that prove it."""

    number: int
    texts: Mapping[str, Texts]
    cases: tuple[Case, ...]


@cache
def stages() -> tuple[BuildStage, ...]:
    """Return the stages in their order.

    A stage has the checker's cases of the same number and those in its `also`, which their own stage then leaves out.
    """
    read = tomllib.loads((FOLDER / "stages.toml").read_text(encoding="utf-8"))["stages"]
    moved = {name for each in read for name in each.get("also", ())}
    own = {stage.number: [case for case in stage.cases if case.id not in moved] for stage in checked_stages()}
    found = []
    for number, each in enumerate(read):
        opened = [Case(**case) for case in each.get("cases", ())]
        cases = [*opened, *own.get(number, ()), *(every_case()[name] for name in each.get("also", ()))]
        texts = {code: Texts(**{**each[code], "hints": tuple(each[code]["hints"])}) for code in ("en", "nb")}
        found.append(BuildStage(number, texts, tuple(replace(case, stage=number) for case in cases)))
    return tuple(found)


def course(language: str = "en") -> tuple[Stage, ...]:
    """Return the stages for the checker."""
    return tuple(Stage(each.number, each.texts[language].title, each.cases) for each in stages())


def solution(starter: str, number: int) -> str:
    """Return the shop after a stage; 0 is the starter."""
    name = SHOPS[starter]
    annotated = (FOLDER / starter / f"{name}.in").read_text(encoding="utf-8")
    kept, opened = [], [True]
    for line in annotated.splitlines():
        mark = MARK.fullmatch(line)
        if mark is None:
            if all(opened):
                kept.append(line)
        elif mark["first"]:
            opened.append(int(mark["first"]) <= number <= int(mark["last"] or number))
        else:
            opened.pop()
    blank = 2 if name.endswith(".py") else 1  # blocks that are left out leave more blank lines
    return re.sub(r"\n{3,}", "\n" * (blank + 1), "\n".join(kept)).rstrip() + "\n"


def with_settings_of(old: str, shop: str) -> str:
    """Return a shop with the addresses and the client of another version, which the learner may have changed."""
    kept = {found[1]: found[0] for found in SETTING.finditer(old)}
    return SETTING.sub(lambda found: kept.get(found[1], found[0]), shop)


def difference(starter: str, number: int) -> str:
    """Return what a stage adds to the shop of the stage before."""
    before, after = (solution(starter, each).splitlines() for each in (max(0, number - 1), number))
    name = SHOPS[starter]
    return "\n".join(unified_diff(before, after, f"{name}, stage {number - 1}", f"{name}, stage {number}", lineterm=""))
