"""Compare two recorded logins: the main difference in a sentence, and all other differences in a table.

Values that are random in every login (state, nonce, code, challenge) are left out, and so are calls that only refresh a
cached document.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.guide.inspector import recorded_names
from app.guide.inspector.checks import CHECKS, Result
from app.guide.inspector.timeline import Timeline, row_changes

RANDOM = frozenset({"state", "nonce", "code_challenge", "code"})
COMPARED_CLAIMS = ("iss", "aud", "sub", "acr")  # claims of an ID token; the other claims differ in every token
VERBS = {"INSERT": "added", "UPDATE": "changed", "DELETE": "removed"}


# A fact about a login: the term of the protocol or the database, what it means, and its values.
Fact = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True)
class Difference:
    """A fact that differs: its values in the earlier and the later login; no values where the fact is absent."""

    name: str
    meaning: str
    earlier: tuple[str, ...]
    later: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Differences of one kind. `absent` is shown for a login without the fact.

    `kind` says what the values are: "code" of the protocol, the "result" of a check, or plain "words".
    """

    title: str
    absent: str
    kind: str
    differences: Sequence[Difference]


def summarize(earlier: Timeline, later: Timeline) -> str:
    """Return the main difference in one sentence."""
    first, second = _course(earlier), _course(later)
    if first != second:
        return f"The earlier one {first}; the later one {second}."
    if earlier.outcome == later.outcome:
        return f"Both {first}."
    ends = [each.outcome.rstrip(".") for each in (earlier, later)]
    return f"Both {first}. The earlier one ended as “{ends[0]}”, the later one as “{ends[1]}”."


def difference_groups(earlier: Timeline, later: Timeline) -> list[Group]:
    """Return the differences, in the order in which they happened."""
    found = [
        Group(title, absent, kind, list(_differences(list(facts(earlier, later)), list(facts(later, earlier)))))
        for title, absent, kind, facts in (
            ("What it was for", "unknown", "words", _meant),
            ("What was asked", "not sent", "code", _asked),
            ("What came back", "not there", "code", _came_back),
            ("What was checked", "–", "result", _checked),
            ("What Vipps answered", "nothing", "code", _answered),
            ("What was decided", "nothing", "words", _decided),
            ("What was written", "untouched", "words", _written),
        )
    ]
    return [group for group in found if group.differences]


def _course(timeline: Timeline) -> str:
    """Describe how far a login came, as a part of a sentence."""
    stopped = next((each.check.title for each in timeline.checks if each.result is Result.FAILED), "")
    if stopped:
        return f"stopped at the check “{stopped}”"
    if timeline.login.callback is None:
        return "never began" if timeline.refusal else "has not come back from Vipps"
    if not timeline.checks:
        return "was a repeated callback, answered without calling Vipps again"
    passed = f"passed all {len(CHECKS)} checks"
    if not timeline.refusal:
        return passed
    failed = timeline.refusal.code == "database_unavailable"
    return f"{passed}, and {'the database failed' if failed else 'was refused by the shop’s own rules'}"


def _differences(earlier: Sequence[Fact], later: Sequence[Fact]) -> Iterator[Difference]:
    left, right = ({(name, meaning): values for name, meaning, values in facts} for facts in (earlier, later))
    for key in {**left, **right}:
        if left.get(key, ()) != right.get(key, ()):
            yield Difference(*key, left.get(key, ()), right.get(key, ()))


def _parameters(pairs: Sequence[Sequence[str]]) -> Iterator[Fact]:
    for name, value in pairs:
        if name not in RANDOM:
            yield name, recorded_names.PARAMETERS.get(name, ""), (value,)


def _meant(timeline: Timeline, other: Timeline) -> Iterator[Fact]:
    yield "", "The purpose", (timeline.purpose,) if timeline.purpose else ()


def _asked(timeline: Timeline, other: Timeline) -> Iterator[Fact]:
    return _parameters((timeline.login.start or {}).get("location_query", []))


def _came_back(timeline: Timeline, other: Timeline) -> Iterator[Fact]:
    return _parameters((timeline.login.callback or {}).get("query", []))


def _checked(timeline: Timeline, other: Timeline) -> Iterator[Fact]:
    """Yield each check, with the compared values if it failed; nothing if one of the logins made no checks."""
    other_results = {each.check.key: each.result for each in other.checks}
    for each in timeline.checks if other_results else ():
        failed = Result.FAILED in (each.result, other_results[each.check.key])
        compared = [f"{name}: {value}" for name, value in each.compared] if failed else []
        yield "", each.check.title, (each.result, *compared)


def _answered(timeline: Timeline, other: Timeline) -> Iterator[Fact]:
    other_calls = _calls(other)
    for name, call in _calls(timeline).items():
        answer, counterpart = call["answer"], other_calls.get(name, {}).get("answer")
        if name in recorded_names.CALLS or call["status"] != 200:
            yield name, recorded_names.CALLS.get(name, ""), (str(call["status"] or call["failure"]),)
        if isinstance(answer, dict) and isinstance(counterpart, dict) and name in recorded_names.CALLS:
            yield name, "only in this answer", tuple(sorted(set(answer) - set(counterpart)))
        claims, others = _claims(call), _claims(other_calls.get(name))
        for claim in COMPARED_CLAIMS if claims and others else ():
            values = (str(claims[claim]),) if claim in claims else ()
            yield claim, recorded_names.CLAIMS[claim], values


def _calls(timeline: Timeline) -> dict[str, Mapping[str, Any]]:
    calls = (timeline.login.callback or {}).get("calls", [])
    return {call["url"].rsplit("/", 1)[-1]: call for call in calls}


def _claims(call: Mapping[str, Any] | None) -> Mapping[str, Any]:
    claims: Mapping[str, Any] = ((call or {}).get("id_token") or {}).get("claims") or {}
    return claims


def _decided(timeline: Timeline, other: Timeline) -> Iterator[Fact]:
    if decision := (timeline.login.callback or {}).get("decision"):
        yield "", "The decision", (decision["words"],)
        yield "", "Why", tuple(decision["reasons"])


def _written(timeline: Timeline, other: Timeline) -> Iterator[Fact]:
    rows: dict[str, dict[str, int]] = {}
    for each in row_changes((timeline.login.callback or {}).get("statements", [])):
        if each["table"]:
            verbs = rows.setdefault(each["table"], {})
            verbs[each["verb"]] = verbs.get(each["verb"], 0) + each["rows"]
    for table, verbs in rows.items():
        counted = tuple(f"{number} {'row' if number == 1 else 'rows'} {VERBS[verb]}" for verb, number in verbs.items())
        yield table, recorded_names.TABLES.get(table, ""), counted
