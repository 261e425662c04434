"""Two recorded logins side by side: the essential difference in a sentence, and every other one in its place.

What is random in every login (state, nonce, code, challenge) is left out, and so is what Vipps was asked only because
an answer of its own had grown old here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.guide.inspector import recorded_names
from app.guide.inspector.checks import CHECKS, Result
from app.guide.inspector.timeline import Story, written

RANDOM = frozenset({"state", "nonce", "code_challenge", "code"})
COMPARED_CLAIMS = ("iss", "aud", "sub", "acr")  # of an ID token; the others differ in every one
VERBS = {"INSERT": "added", "UPDATE": "changed", "DELETE": "removed"}


@dataclass(frozen=True)
class Fact:
    """Something about one login: `name` is the protocol's or the database's word for it, `meaning` a plain one."""

    name: str
    meaning: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A fact that was not the same: its values in the earlier login, and in the later one; none where it was not."""

    name: str
    meaning: str
    earlier: tuple[str, ...]
    later: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Differences of one kind. `absent` is said of a login without the fact.

    `kind` is what the values are: "code" if they are the protocol's, "result" of a check, or plain "words".
    """

    title: str
    absent: str
    kind: str
    differences: Sequence[Difference]


def essence(earlier: Story, later: Story) -> str:
    """Return the one sentence that matters."""
    first, second = _course(earlier), _course(later)
    if first != second:
        return f"The earlier one {first}; the later one {second}."
    return f"Both {first}." if earlier.outcome == later.outcome else f"Both {first}, and ended differently."


def groups(earlier: Story, later: Story) -> list[Group]:
    """Return what was different, in the order in which it happened."""
    found = [
        Group(title, absent, kind, list(_differences(list(facts(earlier, later)), list(facts(later, earlier)))))
        for title, absent, kind, facts in (
            ("What was asked", "not sent", "code", _asked),
            ("What came back", "not there", "code", _came_back),
            ("What was checked", "–", "result", _checked),
            ("What Vipps answered", "nothing", "code", _answered),
            ("What was decided", "nothing", "words", _decided),
            ("What was written", "untouched", "words", _written),
        )
    ]
    return [group for group in found if group.differences]


def _course(story: Story) -> str:
    """Return how far a login came."""
    stopped = next((each.check.title for each in story.checks if each.result is Result.FAILED), "")
    if stopped:
        return f"stopped at the check “{stopped}”"
    if story.login.callback is None:
        return "never began" if story.failed else "has not come back from Vipps"
    if not story.checks:
        return "was a repetition, answered without asking Vipps again"
    passed = f"passed all {len(CHECKS)} checks"
    if not story.refusal:
        return passed
    why = (
        "the database failed" if story.refusal.code == "database_unavailable" else "was refused by what the shop knows"
    )
    return f"{passed}, and {why}"


def _differences(earlier: Sequence[Fact], later: Sequence[Fact]) -> Iterator[Difference]:
    left, right = ({(fact.name, fact.meaning): fact.values for fact in facts} for facts in (earlier, later))
    for key in {**left, **right}:
        if left.get(key) != right.get(key):
            yield Difference(*key, left.get(key, ()), right.get(key, ()))


def _parameters(pairs: Sequence[Sequence[str]]) -> Iterator[Fact]:
    for name, value in pairs:
        if name not in RANDOM:
            yield Fact(name, recorded_names.PARAMETERS.get(name, ""), (value,))


def _asked(story: Story, other: Story) -> Iterator[Fact]:
    return _parameters((story.login.start or {}).get("location_query", []))


def _came_back(story: Story, other: Story) -> Iterator[Fact]:
    return _parameters((story.login.callback or {}).get("query", []))


def _checked(story: Story, other: Story) -> Iterator[Fact]:
    """Tell each check, and what was compared where one failed; if one of the two made none, the essence says all."""
    theirs = {each.check.key: each.result for each in other.checks}
    for each in story.checks if theirs else ():
        failed = Result.FAILED in (each.result, theirs[each.check.key])
        compared = [f"{name}: {value}" for name, value in each.compared] if failed else []
        yield Fact("", each.check.title, (each.result, *compared))


def _answered(story: Story, other: Story) -> Iterator[Fact]:
    theirs = _calls(other)
    for name, call in _calls(story).items():
        answer, counterpart = call["answer"], theirs.get(name, {}).get("answer")
        if name in recorded_names.CALLS or call["status"] != 200:
            yield Fact(name, recorded_names.CALLS.get(name, ""), (str(call["status"] or call["failure"]),))
        if isinstance(answer, dict) and isinstance(counterpart, dict) and name in recorded_names.CALLS:
            yield Fact(name, "what only this answer told", tuple(sorted(set(answer) - set(counterpart))))
        claims, others = _claims(call), _claims(theirs.get(name))
        for claim in COMPARED_CLAIMS if claims and others else ():
            values = (str(claims[claim]),) if claim in claims else ()
            yield Fact(claim, recorded_names.CLAIMS[claim], values)


def _calls(story: Story) -> dict[str, Mapping[str, Any]]:
    calls = (story.login.callback or {}).get("calls", [])
    return {call["url"].rsplit("/", 1)[-1]: call for call in calls}


def _claims(call: Mapping[str, Any] | None) -> Mapping[str, Any]:
    claims: Mapping[str, Any] = ((call or {}).get("id_token") or {}).get("claims") or {}
    return claims


def _decided(story: Story, other: Story) -> Iterator[Fact]:
    if decision := (story.login.callback or {}).get("decision"):
        yield Fact("", "The decision", (decision["words"],))
        yield Fact("", "Why", tuple(decision["reasons"]))


def _written(story: Story, other: Story) -> Iterator[Fact]:
    rows: dict[str, dict[str, int]] = {}
    for each in written((story.login.callback or {}).get("statements", [])):
        if each["table"]:
            verbs = rows.setdefault(each["table"], {})
            verbs[each["verb"]] = verbs.get(each["verb"], 0) + each["rows"]
    for table, verbs in rows.items():
        yield Fact(
            table, recorded_names.TABLES.get(table, ""), tuple(_counted(number, verb) for verb, number in verbs.items())
        )


def _counted(number: int, verb: str) -> str:
    return f"{number} {'row' if number == 1 else 'rows'} {VERBS[verb]}"
