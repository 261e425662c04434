"""List the checks of a callback in their order, and say which of them a recorded login passed.

A login stops at the first check that fails, and the refusal names that check. So the login passed every check before
it, and never reached the ones after it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.guide import tables
from app.vipps.errors import REDIRECT_CODES


class Result(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True)
class Check:
    """One check: the compared values, the reason, and the place in the code (`data/checks.toml`).

    `codes` are the refusals that it can cause. `symbol` is a place in the source (`module:name`), and `line` is a part
    of the line that makes the check; `where` is the text of the link to that line.
    """

    key: str
    title: str
    why: str
    codes: frozenset[str]
    clause: str
    symbol: str
    line: str
    where: str = "The line that checks it"
    include: str = ""


@dataclass(frozen=True)
class CheckResult:
    """A check of one login. `compared` are pairs of a label and a value, as far as they were recorded."""

    check: Check
    result: Result
    compared: Sequence[tuple[str, str]] = field(default_factory=tuple)


_OUTAGE = {
    "vipps_unreachable",
    "vipps_timeout",
    "vipps_failing",
    "vipps_overloaded",
    "answer_too_large",
    "redirect_refused",
}
# Values that a check can include by name (`include`), so that the table need not repeat them.
_CODES: Mapping[str, Iterable[str]] = {"": (), "outage": _OUTAGE, "redirect": REDIRECT_CODES}


def _check(table: Mapping[str, Any]) -> Check:
    included = _CODES[table.get("include", "")]
    return tables.row(Check, table, codes=frozenset({*table["codes"], *included}))


def load_checks(name: str) -> tuple[Check, ...]:
    """Return the checks of a table."""
    return tuple(_check(each) for each in tables.load(name, "checks")["checks"])


CHECKS = load_checks("checks.toml")


def check_results(start: Mapping[str, Any] | None, callback: Mapping[str, Any]) -> list[CheckResult]:
    """Return every check with its result; none for a repeated callback, which the shop answers without checking."""
    failure, calls = callback["failure"], callback["calls"]
    if not failure and not calls:
        return []
    stopped = _stopped_at(failure, calls)
    results = []
    for position, check in enumerate(CHECKS):
        result = Result.PASSED if position < stopped else Result.NOT_REACHED
        if position == stopped:
            result = Result.FAILED
        shown = compared_values(check.key, start, callback) if result is not Result.NOT_REACHED else ()
        results.append(CheckResult(check, result, shown))
    return results


def _stopped_at(failure: str, calls: Sequence[Mapping[str, Any]]) -> int:
    """Return the position of the check that failed, or the number of checks if none did."""
    asked_userinfo = any(call["url"].endswith("userinfo") for call in calls)
    for position, check in enumerate(CHECKS):
        if failure in check.codes and not (check.key == "token_answer" and failure in _OUTAGE and asked_userinfo):
            return position
    # With calls to Vipps: the shop's own rules refused the login, or the database failed. Without: the database failed.
    return len(CHECKS) if calls or not failure else 0


def compared_values(
    key: str, start: Mapping[str, Any] | None, callback: Mapping[str, Any]
) -> Sequence[tuple[str, str]]:
    """Return the values that a check compared, as far as they were recorded."""
    sent = dict(start["location_query"]) if start else {}
    got = dict(callback["query"])
    token = next((call["id_token"] for call in callback["calls"] if call["id_token"]), None) or {}
    claims, header = token.get("claims", {}), token.get("header", {})
    person = next((call["answer"] for call in callback["calls"] if call["url"].endswith("userinfo")), None) or {}
    known: dict[str, list[tuple[str, Any]]] = {
        "state": [("we sent", sent.get("state")), ("came back", got.get("state"))],
        "algorithm": [("the token says", header.get("alg")), ("we accept", "RS256")],
        "signature": [("the key’s name (kid)", header.get("kid"))],
        "iss": [("we asked", callback.get("issuer")), ("the token says", claims.get("iss"))],
        "aud": [("we are", sent.get("client_id")), ("the token says", claims.get("aud"))],
        "times": [("issued (iat)", _as_time(claims.get("iat"))), ("valid until (exp)", _as_time(claims.get("exp")))],
        "nonce": [("we sent", sent.get("nonce")), ("the token says", claims.get("nonce"))],
        "subject": [("the token says", claims.get("sub"))],
        "same_person": [("the ID token says", claims.get("sub")), ("userinfo says", person.get("sub"))],
    }
    pairs = [(name, value) for name, value in known.get(key, []) if value]
    return [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in pairs]


def _as_time(seconds: Any) -> Any:
    """Return seconds since 1970 as a readable time; a value that is not such a number stays as it is."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (TypeError, ValueError, OverflowError, OSError):
        return seconds
