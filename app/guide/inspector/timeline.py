"""A recorded login as a story: its steps in order, each an arrow of the sequence diagram with its details.

Four take part: the browser, this shop, Vipps and the shop's database. What happens in the app is Vipps' and not
recorded, so the diagram has a note there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.guide.error_playground.faults import FAULT_CASES, tried_at
from app.guide.inspector.checks import CHECKS, CheckResult, Result, check_results
from app.guide.inspector.store import Inspected
from app.settings import settings_of_app
from app.vipps.errors import REFUSALS, Refusal

BROWSER, SHOP, DATABASE, VIPPS = PARTICIPANTS = "Browser", "Shop", "Database", "Vipps"


COOKIE_TAKEN = ("lose_cookie", "other_cookie")  # see `FaultCase.inject`
WITHOUT_COOKIE = {
    "other_browser": "The browser follows. No cookie of this login comes along.",
    "not_this_browser": "The browser follows, with a cookie that is not this login’s.",
}
NOT_TAKEN = frozenset({code for check in CHECKS if check.key in ("state", "browser") for code in check.codes})


@dataclass(frozen=True)
class Step:
    """One arrow. `kind` decides how its details are shown, `told` is what was recorded of it.

    `title` is the step in a few words, `meaning` in a sentence, `label` what stands at its arrow.
    """

    kind: str
    sender: str
    receiver: str
    title: str
    label: str
    meaning: str
    told: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False
    seconds: float | None = None


@dataclass(frozen=True)
class Story:
    """A login as the page tells it: `outcome` in a few words. `refusal` is why nobody was logged in, if nobody was."""

    login: Inspected
    outcome: str
    steps: Sequence[Step]
    checks: Sequence[CheckResult]
    refusal: Refusal | None

    @property
    def failed(self) -> bool:
        """Tell whether it ended without what it was begun for."""
        return self.refusal is not None


def told(login: Inspected) -> Story:
    """Turn a recorded login into its story."""
    callback = login.callback
    failure = (callback or login.start or {}).get("failure", "")
    steps = [*_beginning(login.start), *_ending(callback)]
    checks = check_results(login.start, callback) if callback else []
    return Story(login, _outcome(login, failure), steps, checks, REFUSALS.get(failure))


def _beginning(start: Mapping[str, Any] | None) -> Iterator[Step]:
    if start is None:
        return
    tried = tried_at(start["path"])
    # The clinic's addresses are longer than their arrow; the step below says all of it.
    label = f"{start['method']}, from the clinic" if tried else f"{start['method']} {start['path']}"
    yield Step("request", BROWSER, SHOP, "You press the button", label, "Vipps knows nothing of it yet.", start)
    if rows := written(start["statements"]):
        meaning = "State, nonce and verifier are made for this login alone; until you are back they are kept here."
        yield Step("rows", SHOP, DATABASE, "The shop notes the login", "note the login", meaning, {"rows": rows})
    meaning = "Your browser gets a cookie, the fourth random number, which ties the login to it, and is sent on."
    if tried and tried.inject in COOKIE_TAKEN:
        meaning = "Your browser gets a cookie that ties the login to it, and the clinic takes it away again."
    yield Step("redirect", SHOP, BROWSER, "The shop sends you to Vipps", f"{start['status']} to Vipps", meaning, start)
    meaning = "What the shop asks for is all in the address. What you then do in the app stays between Vipps and you."
    yield Step("authorize", BROWSER, VIPPS, "Vipps asks you", "authorization request", meaning, start)


def _ending(callback: Mapping[str, Any] | None) -> Iterator[Step]:
    if callback is None:
        return
    refused = any(name == "error" for name, _ in callback["query"])
    brought = "an error" if refused else "a code"
    meaning = (
        f"By way of your browser, Vipps hands the shop {brought}. Anybody could have written that address, so from"
    )
    meaning += " here on everything is checked."
    yield Step("callback", VIPPS, BROWSER, "Vipps sends you back", f"302 with {brought}", meaning, callback, refused)
    meaning = WITHOUT_COOKIE.get(callback["failure"], "The browser follows, and its cookie comes along.")
    yield Step("request", BROWSER, SHOP, "You are back", f"callback with {brought}", meaning, callback)
    if before := written(callback["statements"][: _first_call(callback)]):
        meaning = "In one statement, so that a login can be taken once, however often the button is pressed."
        title, missing = "The shop takes the login", callback["failure"] in NOT_TAKEN
        if missing:
            title, meaning = "The shop looks for the login", "There is none that this browser could take."
            before = [{**each, "rows": 0} for each in before if each["table"]]
        yield Step("rows", SHOP, DATABASE, title, "take the login", meaning, {"rows": before}, missing)
    for call in callback["calls"]:
        yield from _called(call)
    after = written(callback["statements"][_first_call(callback) :])
    if callback["calls"] and not callback["failure"]:
        told = {"rows": after, "decision": callback.get("decision")}
        meaning = "All of it is one transaction: everything is written, or nothing."
        yield Step("rows", SHOP, DATABASE, "Which customer is this?", "decide and write", meaning, told)
    failed = bool(callback["failure"])
    title = "The shop says what went wrong" if failed else "You are where you wanted to go"
    meaning = "Nobody was logged in." if failed else "With a new cookie, whose number was never seen before."
    yield Step("answer", SHOP, BROWSER, title, _answer(callback), meaning, callback, failed)


def _called(call: Mapping[str, Any]) -> Iterator[Step]:
    name, title, meaning, back = _CALLS.get(call["url"].rsplit("/", 1)[-1], _OTHER_CALL)
    yield Step("call", SHOP, VIPPS, title, f"{call['method']} {name}", meaning, call)
    label = f"{call['status']} {name}" if call["status"] else call["failure"].replace("_", " ")
    failed = call["status"] != 200
    told = "This is where it went wrong." if failed else ""
    yield Step(f"answer_{name}", VIPPS, SHOP, back, label, told, call, failed, call["seconds"])


_CALLS = {
    "token": (
        "token",
        "The shop hands in the code",
        "From here to there directly, past the browser, with the shop’s secret and the verifier of the beginning.",
        "Vipps gives the tokens",
    ),
    "userinfo": (
        "userinfo",
        "The shop asks who you are",
        "The access token opens what you agreed to share, and nothing else.",
        "Vipps tells",
    ),
    "openid-configuration": (
        "discovery",
        "The shop asks where everything is",
        "Once in a while; the answer is kept.",
        "Vipps names its addresses",
    ),
    "jwks.json": (
        "keys",
        "The shop asks for Vipps’ keys",
        "To see whether the signature is Vipps’. Once in a while; the answer is kept.",
        "Vipps publishes its keys",
    ),
}
_OTHER_CALL = ("call", "The shop asks Vipps", "", "Vipps answers")


def written(statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what changed a row, equal statements in one, with the ends of transactions between them."""
    rows: list[dict[str, Any]] = []
    for each in statements:
        last = rows[-1] if rows else {}
        if each["verb"] in ("COMMIT", "ROLLBACK"):
            if last and last["verb"] not in ("COMMIT", "ROLLBACK"):
                rows.append(dict(each))
        elif each["rows"] == 0:
            continue
        elif (last.get("verb"), last.get("table")) == (each["verb"], each["table"]):
            last["rows"] += max(each["rows"], 1)
        else:
            rows.append({**each, "rows": max(each["rows"], 1)})
    return rows


def _first_call(callback: Mapping[str, Any]) -> int:
    """Return how many statements there were before the first call to Vipps."""
    return int(callback["calls"][0]["at_statement"]) if callback["calls"] else len(callback["statements"])


def _answer(callback: Mapping[str, Any]) -> str:
    if callback["location"]:
        return f"{callback['status']} to {callback['location'] or '/'}"
    return f"{callback['status']} page"


def _outcome(login: Inspected, failure: str) -> str:
    if failure:
        return _refused(login, failure)
    if login.callback is None:
        return "Not finished"
    decision = login.callback.get("decision") or {}
    if decision.get("decision"):
        return str(decision["words"])
    return "Logged in" if login.callback["calls"] else "Answered again"


def _refused(login: Inspected, failure: str) -> str:
    """Return the clinic's words for it, if it was begun there or only one case ends so; else the page's title."""
    tried = tried_at(str((login.start or {}).get("path", "")))
    same = [each for each in FAULT_CASES.values() if each.refusal == failure]
    if tried in same or len(same) == 1:
        return (tried or same[0]).title
    refusal = REFUSALS.get(failure)
    return refusal.page.title.replace("%(brand)s", settings_of_app().brand) if refusal else failure


def passed(story: Story) -> int:
    """Return how many checks were passed."""
    return sum(each.result is Result.PASSED for each in story.checks)
