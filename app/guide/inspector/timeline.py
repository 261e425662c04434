"""Turn a recorded login into a timeline: its steps in order, each an arrow of the sequence diagram with its details.

The participants are the browser, this shop, Vipps and the shop's database. The shop sees nothing of what happens in the
Vipps app, so the timeline has one step for all of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.guide import tables
from app.guide.faults import FAULT_CASES, tried_at
from app.guide.inspector.checks import CHECKS, CheckResult, Result, check_results
from app.guide.inspector.store import RecordedLogin
from app.settings import settings_of_app
from app.vipps.errors import REFUSALS, Refusal
from app.vipps.purposes import LoginPurpose

BROWSER, SHOP, DATABASE, VIPPS = PARTICIPANTS = "Browser", "Shop", "Database", "Vipps"
COOKIE_TAKEN = ("lose_cookie", "other_cookie")  # see `FaultCase.inject`
_TEXTS = tables.load("steps.toml", "purposes", "without_cookie", "calls")
NOT_CLAIMED = frozenset({code for check in CHECKS if check.key in ("state", "browser") for code in check.codes})


@dataclass(frozen=True)
class Step:
    """One arrow. `kind` decides how its details are shown, and `record` is what was recorded of it.

    `title` is the step in a few words, `meaning` in a sentence, and `label` the text at its arrow.
    """

    kind: str
    sender: str
    receiver: str
    title: str
    label: str
    meaning: str
    record: Mapping[str, Any] = field(default_factory=dict)
    failed: bool = False
    seconds: float | None = None


@dataclass(frozen=True)
class Timeline:
    """A login as the page shows it: `outcome` in a few words, and `refusal` if it failed."""

    login: RecordedLogin
    outcome: str
    steps: Sequence[Step]
    checks: Sequence[CheckResult]
    refusal: Refusal | None

    @property
    def purpose(self) -> str:
        """Return what the login was for, in words; empty if the shop does not know it."""
        known = (self.login.start or {}).get("purpose") or (self.login.callback or {}).get("purpose")
        return in_brand(_TEXTS["purposes"][known][0]) if known else ""

    @property
    def failed(self) -> bool:
        """Tell whether the login was refused."""
        return self.refusal is not None


def build_timeline(login: RecordedLogin) -> Timeline:
    """Return the timeline of a recorded login."""
    callback = login.callback
    failure = (callback or login.start or {}).get("failure", "")
    steps = [_step_in_brand(each) for each in (*_start_steps(login.start), *_callback_steps(callback))]
    checks = check_results(login.start, callback) if callback else []
    return Timeline(login, _outcome(login, failure), steps, checks, REFUSALS.get(failure))


def in_brand(text: str) -> str:
    """Return a text with the brand of the settings in place of “Vipps”."""
    brand = settings_of_app().brand
    return text if brand == VIPPS else text.replace(f"{VIPPS}’", f"{brand}’s").replace(VIPPS, brand)


def _step_in_brand(step: Step) -> Step:
    return replace(
        step,
        sender=in_brand(step.sender),
        receiver=in_brand(step.receiver),
        title=in_brand(step.title),
        label=in_brand(step.label),
        meaning=in_brand(step.meaning),
    )


def _start_steps(start: Mapping[str, Any] | None) -> Iterator[Step]:
    if start is None:
        return
    tried = tried_at(start["path"])
    # The playground's addresses are longer than their arrow; the step below shows the whole address.
    label = f"{start['method']}, from the playground" if tried else f"{start['method']} {start['path']}"
    yield Step("request", BROWSER, SHOP, "You press the button", label, "Vipps is not involved yet.", start)
    if rows := row_changes(start["statements"]):
        meaning = "State, nonce and PKCE verifier are created for this login only, and stored here until you are back."
        yield Step("rows", SHOP, DATABASE, "The shop stores the login", "store the login", meaning, {"rows": rows})
    meaning = "Your browser gets a cookie, the fourth random value, which ties the login to it, and is redirected."
    if tried and tried.inject in COOKIE_TAKEN:
        meaning = "Your browser gets a cookie that ties the login to it, and the error playground removes it again."
    by_page = ", by a page of the shop" if start["method"] == "POST" else ""  # app.vipps.routes.go_to_vipps
    way = f"{start['status']} to Vipps{by_page}"
    yield Step("redirect", SHOP, BROWSER, "The shop sends you to Vipps", way, meaning, start)
    meaning = (
        "The address says everything that the shop asks for. What you then do in the app stays between Vipps and you."
    )
    yield Step("authorize", BROWSER, VIPPS, "Vipps asks you", "authorization request", meaning, start)


def _callback_steps(callback: Mapping[str, Any] | None) -> Iterator[Step]:
    if callback is None:
        return
    refused = any(name == "error" for name, _ in callback["query"])
    brought = "an error" if refused else "a code"
    meaning = f"Through your browser, Vipps sends the shop {brought}. Anyone could have written that address, so from"
    meaning += " here on the shop checks everything."
    yield Step("callback", VIPPS, BROWSER, "Vipps sends you back", f"302 with {brought}", meaning, callback, refused)
    meaning = _TEXTS["without_cookie"].get(
        callback["failure"], "The browser follows the redirect, and sends its cookie."
    )
    yield Step("request", BROWSER, SHOP, "You are back", f"callback with {brought}", meaning, callback)
    if before := row_changes(callback["statements"][: _first_call(callback)]):
        meaning = (
            "In one statement, so that a login can be claimed only once, even if two callbacks come at the same moment."
        )
        title, missing = "The shop claims the login", callback["failure"] in NOT_CLAIMED
        if missing:
            title, meaning = "The shop looks for the login", "There is none that this browser could claim."
            before = [{**each, "rows": 0} for each in before if each["table"]]
        yield Step("rows", SHOP, DATABASE, title, "claim the login", meaning, {"rows": before}, missing)
    for call in callback["calls"]:
        yield from _call_steps(call)
    after = row_changes(callback["statements"][_first_call(callback) :])
    if callback["calls"] and not callback["failure"]:
        record = {"rows": after, "decision": callback.get("decision")}
        meaning = "One transaction: either all of it is written, or nothing."
        yield Step("rows", SHOP, DATABASE, "Which customer is this?", "decide and write", meaning, record)
    failed = bool(callback["failure"])
    title = "The shop says what went wrong" if failed else "You’re redirected to your page"
    meaning = "No login took place." if failed else "With a new session cookie, whose value was never used before."
    yield Step("answer", SHOP, BROWSER, title, _answer(callback), meaning, callback, failed)


def _call_steps(call: Mapping[str, Any]) -> Iterator[Step]:
    name, title, meaning, back = _TEXTS["calls"].get(call["url"].rsplit("/", 1)[-1], _TEXTS["calls"]["other"])
    yield Step("call", SHOP, VIPPS, title, f"{call['method']} {name}", meaning, call)
    label = f"{call['status']} {name}" if call["status"] else call["failure"].replace("_", " ")
    failed = call["status"] != 200
    meaning = "This is where the login failed." if failed else ""
    yield Step(f"answer_{name}", VIPPS, SHOP, back, label, meaning, call, failed, call["seconds"])


def row_changes(statements: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the statements that changed a row, with equal ones merged, and the ends of transactions between them."""
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
    """Return the number of statements before the first call to Vipps."""
    return int(callback["calls"][0]["at_statement"]) if callback["calls"] else len(callback["statements"])


def _answer(callback: Mapping[str, Any]) -> str:
    if callback["location"]:
        return f"{callback['status']} to {callback['location'] or '/'}"
    return f"{callback['status']} page"


def _outcome(login: RecordedLogin, failure: str) -> str:
    if failure:
        return _refused(login, failure)
    if login.callback is None:
        return "Not finished"
    decision = login.callback.get("decision") or {}
    if decision.get("decision"):
        return str(decision["words"])
    if not login.callback["calls"]:
        return "Repeated callback"
    return in_brand(_TEXTS["purposes"][login.callback.get("purpose") or LoginPurpose.LOG_IN][1])


def _refused(login: RecordedLogin, failure: str) -> str:
    """Return the fault case's title, if the login was started for it or it is the only one; else the page's title."""
    tried = tried_at(str((login.start or {}).get("path", "")))
    same = [each for each in FAULT_CASES.values() if each.refusal == failure]
    if tried in same or len(same) == 1:
        return (tried or same[0]).title
    refusal = REFUSALS.get(failure)
    return refusal.page.title.replace("%(brand)s", settings_of_app().brand) if refusal else failure


def count_passed(timeline: Timeline) -> int:
    """Return how many checks were passed."""
    return sum(each.result is Result.PASSED for each in timeline.checks)
