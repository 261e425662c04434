"""Turn a recorded login into a timeline: its steps in order, each an arrow of the sequence diagram with its details.

The participants are the browser, this shop, Vipps and the shop's database. The shop sees nothing of what happens in the
Vipps app, so the timeline has one step for all of it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.guide import tables
from app.guide.faults import FAULT_CASES, tried_at
from app.guide.inspector.checks import CHECKS, CheckResult, check_results
from app.guide.inspector.store import RecordedLogin
from app.settings import settings_of_app
from app.vipps.errors import REFUSALS, Refusal
from app.vipps.purposes import LoginPurpose

BROWSER, SHOP, DATABASE, VIPPS = PARTICIPANTS = "Browser", "Shop", "Database", "Vipps"
NAME = re.compile(r"Vipps(?! MobilePay|-)(’?)")  # not the company's name, nor a header's
COOKIE_TAKEN = ("lose_cookie", "other_cookie")  # see `FaultCase.inject`
_TEXTS = tables.load("steps.toml", "steps", "purposes", "arrivals", "calls")
NOT_CLAIMED = frozenset({code for check in CHECKS if check.key in ("state", "browser") for code in check.codes})


@dataclass(frozen=True)
class Step:
    """One arrow (`data/steps.toml`). `kind` decides how its details are shown, and `record` has the recorded data.

    `title` describes the step in a few words, `meaning` in a sentence, and `label` is the text at its arrow.
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
        """Return the purpose of the login in words; empty if the shop does not know it."""
        known = (self.login.start or {}).get("purpose") or (self.login.callback or {}).get("purpose")
        return in_brand(_TEXTS["purposes"][known][0]) if known else ""


def build_timeline(login: RecordedLogin) -> Timeline:
    """Return the timeline of a recorded login."""
    callback = login.callback
    failure = (callback or login.start or {}).get("failure", "")
    steps = [*_start_steps(login.start), *_callback_steps(callback)]
    checks = check_results(login.start, callback) if callback else []
    return Timeline(login, in_brand(_outcome(login, failure)), steps, checks, REFUSALS.get(failure))


def in_brand(text: str) -> str:
    """Return a text with the brand of the settings in place of “Vipps”."""
    brand = settings_of_app().brand
    return text if brand == VIPPS else NAME.sub(lambda found: f"{brand}’s" if found[1] else brand, text)


def _step(name: str, record: Mapping[str, Any], failed: bool = False, **words: Any) -> Step:
    """Return a step of the table, with these words in the placeholders of its texts."""
    texts = {each: text.format(**words) for each, text in _TEXTS["steps"][name].items()}
    return Step(**texts, record=record, failed=failed)


def _start_steps(start: Mapping[str, Any] | None) -> Iterator[Step]:
    if start is None:
        return
    tried = tried_at(start["path"])
    # The playground's addresses are longer than their arrow; the step below shows the whole address.
    where = ", from the playground" if tried else f" {start['path']}"
    yield _step("press", start, way=start["method"] + where)
    if rows := row_changes(start["statements"]):
        yield _step("store", {"rows": rows})
    name = "redirect_without_cookie" if tried and tried.inject in COOKIE_TAKEN else "redirect"
    by_page = ", by a page" if start["method"] == "POST" else ""  # app.vipps.routes.go_to_vipps
    yield _step(name, start, status=start["status"], by_page=by_page)
    yield _step("authorize", start)


def _callback_steps(callback: Mapping[str, Any] | None) -> Iterator[Step]:
    if callback is None:
        return
    failure, calls, statements = callback["failure"], callback["calls"], callback["statements"]
    refused = any(name == "error" for name, _ in callback["query"])
    brought = "an error" if refused else "a code"
    yield _step("callback", callback, refused, brought=brought)
    arrivals = _TEXTS["arrivals"]
    yield _step("arrive", callback, brought=brought, how=arrivals.get(failure, arrivals["any_other"]))
    first_call = calls[0]["at_statement"] if calls else len(statements)
    if before := row_changes(statements[:first_call]):
        if failure in NOT_CLAIMED:
            before = [{**each, "rows": 0} for each in before if each["table"]]
            yield _step("look_for", {"rows": before}, failed=True)
        else:
            yield _step("claim", {"rows": before})
    for call in calls:
        yield from _call_steps(call)
    if calls and not failure:
        yield _step("decide", {"rows": row_changes(statements[first_call:]), "decision": callback.get("decision")})
    leads_to = f"to {callback['location']}" if callback["location"] else "page"
    answer = f"{callback['status']} {leads_to}"
    yield _step("refuse" if failure else "answer", callback, failed=bool(failure), answer=answer)


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
    return str(_TEXTS["purposes"][login.callback.get("purpose") or LoginPurpose.LOG_IN][1])


def _refused(login: RecordedLogin, failure: str) -> str:
    """Return the fault case's title, if the login was started for it or it is the only one; else the page's title."""
    tried = tried_at(str((login.start or {}).get("path", "")))
    same = [each for each in FAULT_CASES.values() if each.refusal == failure]
    if tried in same or len(same) == 1:
        return (tried or same[0]).title
    refusal = REFUSALS.get(failure)
    return refusal.page.title.replace("%(brand)s", settings_of_app().brand) if refusal else failure
