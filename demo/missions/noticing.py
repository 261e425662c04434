"""Notice from stored rows what a visitor did in the shop: the conditions of missions and of the guided tour.

Nothing is written, and the shop's own code makes no call: a condition is answered from the inspector's recordings, the
activity list, sessions, consents, changes, webhook deliveries and the simulator's logins. So progress can be found
again after a restart, in any order. A condition is data: the name of one of `PREDICATES` and its value.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    Row,
    String,
    and_,
    column,
    false,
    func,
    inspect,
    or_,
    select,
    table,
    true,
)

from app.customers.models import (
    Activity,
    ConsentRecord,
    Customer,
    CustomerSession,
    LoginMethod,
    ProfileChange,
    WebhookDelivery,
)
from app.database import UtcDateTime
from app.guide.inspector.store import inspected_login
from app.staff.audit_log import AuditAction
from app.staff.models import AuditEntry
from app.staff.search import QueryKind
from app.tokens import secret_hash
from app.vipps.matching import Verdict

Condition = Mapping[str, Any]

SHOWN_LETTERS = {"nonce": 4, "sub": 8}  # of the values that a visitor is asked for
MAX_LOGINS = 500  # of the simulator's; the newest are read
MAX_ROWS = 500  # of each table; the newest are read

_c = inspected_login.c
_simulated = table(
    "sim_login", column("state", String), column("consented", Boolean), column("finished_at", UtcDateTime)
)


@dataclass(frozen=True)
class Visitor:
    """The browser that asks, where several visitors share one shop: hashes of its cookies."""

    browser: str
    session: str


@dataclass(frozen=True)
class SeenLogin:
    """One recorded login: both halves as the inspector stores them."""

    state: str
    at: datetime
    reference: str
    customer_id: int | None
    start: Mapping[str, Any]
    callback: Mapping[str, Any]

    @property
    def calls(self) -> Sequence[Mapping[str, Any]]:
        """Return the calls from the shop to Vipps."""
        calls: Sequence[Mapping[str, Any]] = self.callback.get("calls", ())
        return calls

    @property
    def failure(self) -> str:
        """Return the name of the refusal; empty if there was none."""
        return str(self.callback.get("failure", ""))

    @property
    def values(self) -> Mapping[str, Any]:
        """Return what a condition can ask for: userinfo's claims, and how the login ended."""
        answers = (call["answer"] or {} for call in self.calls if call["url"].endswith("/userinfo"))
        decision = (self.callback.get("decision") or {}).get("decision", "")
        ended = {"purpose": self.callback.get("purpose"), "failure": self.failure, "decision": decision}
        return {**next(answers, {}), **ended}


@dataclass
class StoredFacts:
    """What one shop has stored since a moment, read when a condition asks for it.

    With a visitor, only what that browser did counts: its logins, and rows about the accounts that it was logged in to.
    """

    shop: Connection
    simulator: Connection | None
    since: datetime
    answer: str = ""
    visitor: Visitor | None = None
    _rows: dict[str, Sequence[Row[Any]]] = field(default_factory=dict)

    @cached_property
    def logins(self) -> Sequence[SeenLogin]:
        """Return the logins that have come back, the oldest first, whenever they were."""
        if not inspect(self.shop).has_table(inspected_login.name):
            return ()
        wanted = select(inspected_login).where(_c.callback != "").order_by(_c.id)
        if self.visitor:
            mine = _c.browser_hash == self.visitor.browser
            started = select(_c.state_hash).where(mine, _c.start != "")
            wanted = wanted.where(or_(mine, _c.state_hash.in_(started)))  # also one that another browser finished
        return [_seen(row) for row in self.shop.execute(wanted)]

    @property
    def new_logins(self) -> Sequence[SeenLogin]:
        """Return the logins since the moment that counts."""
        return [each for each in self.logins if each.at >= self.since]

    @cached_property
    def accounts(self) -> Sequence[tuple[int, datetime]]:
        """Return the accounts that the visitor was logged in to, each with a time since when."""
        mine = [(each.customer_id, each.at) for each in self.logins if each.customer_id is not None]
        current = select(CustomerSession.customer_id, CustomerSession.created_at)
        by_cookie = current.where(CustomerSession.token_hash == (self.visitor.session if self.visitor else ""))
        return [*mine, *((row[0], row[1]) for row in self.shop.execute(by_cookie))]

    def rows(self, name: str) -> Sequence[Row[Any]]:
        """Return the rows of a table of `TABLES`, the oldest first, each with its `account`: an email address."""
        if name not in self._rows:
            model, at, _ = TABLES[name]
            wanted = select(model.__table__, Customer.email.label("account"))
            wanted = wanted.outerjoin(Customer, Customer.id == model.customer_id)
            wanted = wanted.where(at >= self.since, self._is_theirs(model.customer_id, at))
            newest = self.shop.execute(wanted.order_by(model.id.desc()).limit(MAX_ROWS)).all()
            self._rows[name] = newest[::-1]
        return self._rows[name]

    def _is_theirs(self, customer: Any, at: Any) -> ColumnElement[bool]:
        """Select the rows of the visitor. An event about an unknown person belongs to every visitor."""
        if not self.visitor:
            return true()
        mine = [and_(customer == number, at >= since) for number, since in self.accounts]
        if customer.class_ is WebhookDelivery and self.logins:
            mine.append(and_(customer.is_(None), at >= self.logins[0].at))
        return or_(false(), *mine)


# Each table with the time of a row, and the columns in which the rows of one condition agree.
TABLES: Mapping[str, tuple[Any, Any, tuple[str, ...]]] = {
    "activity": (Activity, Activity.at, ("customer_id",)),
    "session": (
        CustomerSession, func.coalesce(CustomerSession.ended_at, CustomerSession.created_at), ("customer_id",)
    ),
    "consent": (ConsentRecord, ConsentRecord.received_at, ("customer_id", "consent_id")),
    "change": (ProfileChange, func.coalesce(ProfileChange.decided_at, ProfileChange.at), ("customer_id",)),
    "webhook": (WebhookDelivery, WebhookDelivery.latest_at, ()),
}  # fmt: skip


def all_hold(conditions: Iterable[Condition], facts: StoredFacts) -> bool:
    """Tell whether every condition holds."""
    return all(PREDICATES[name](facts, value) for condition in conditions for name, value in condition.items())


def done_by_request(conditions: Iterable[Condition], endpoint: str, failure: str) -> bool:
    """Tell whether a request does a step by itself, before its rows are there: by its page or by its refusal."""
    given = {"page": [endpoint], "refusal": [failure]}
    return all(
        name in given and bool(given[name][0]) and _fits(given[name][0], value)
        for condition in conditions
        for name, value in condition.items()
    )


def _seen(row: Row[Any]) -> SeenLogin:
    start, callback = (json.loads(half) if half else {} for half in (row.start, row.callback))
    return SeenLogin(row.state_hash, row.at, row.reference, row.customer_id, start, callback)


def _fits(found: object, wanted: Any) -> bool:
    """Tell whether a value is one of those wanted; a text may have the wildcard `*`, and `!` in front for "not"."""
    if isinstance(wanted, list):
        return any(_fits(found, each) for each in wanted)
    if isinstance(wanted, str) and wanted.startswith("!"):
        return isinstance(found, str) and not fnmatchcase(found, wanted[1:])
    if isinstance(wanted, str):
        return isinstance(found, str) and fnmatchcase(found, wanted)
    return bool(found == wanted)


def _has_values(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(_fits(found.get(name), value) for name, value in wanted.items())


def _happened(name: str) -> Callable[[StoredFacts, Any], bool]:
    """Return the predicate of a table: rows with these values are there, one after the other."""

    def predicate(facts: StoredFacts, wanted: Sequence[Mapping[str, Any]]) -> bool:
        left: dict[tuple[Any, ...], list[Mapping[str, Any]]] = defaultdict(lambda: list(wanted))
        for row in facts.rows(name):
            values = row._asdict()
            mine = left[tuple(values[each] for each in TABLES[name][2])]
            if mine and _has_values(values, mine[0]):
                mine.pop(0)
        return any(not each for each in left.values())

    return predicate


def _refused(facts: StoredFacts, wanted: Any) -> bool:
    return any(each.failure and _fits(each.failure, wanted) for each in facts.new_logins)


def _three_refused(facts: StoredFacts, wanted: Sequence[str]) -> bool:
    return len({each.failure for each in facts.new_logins} & set(wanted)) >= 3


def _logged_in(facts: StoredFacts, wanted: Mapping[str, Any]) -> bool:
    return any(_has_values(each.values, wanted) for each in facts.new_logins)


def _two_tabs(facts: StoredFacts, _: Any) -> bool:
    """A login began while another was open, and both succeeded."""
    ended = {row.reference: row.at for row in facts.rows("activity")}
    both = [each for each in facts.new_logins if not each.failure and each.calls and each.reference in ended]
    return any(one.at < other.at < ended[one.reference] for one in both for other in both if one.state != other.state)


def _replayed(facts: StoredFacts, _: Any) -> bool:
    """A callback came again, and the shop did not call Vipps for it."""
    logins = facts.new_logins
    return any(
        first.state == again.state and first.calls and not again.calls
        for number, first in enumerate(logins)
        for again in logins[number + 1 :]
    )


def _password_after(facts: StoredFacts, wanted: str) -> bool:
    """A login with the password followed a refusal."""
    refused = [each.at for each in facts.new_logins if each.failure and _fits(each.failure, wanted)]
    opened = [row.created_at for row in facts.rows("session") if row.method == LoginMethod.PASSWORD]
    return bool(refused) and any(at > min(refused) for at in opened)


def _asked_less(facts: StoredFacts, _: Any) -> bool:
    """A known person logged in without being asked to share again. A simulator on another computer is believed."""
    known = {each.state for each in facts.new_logins if each.values["decision"] == Verdict.KNOWN_SUBJECT}
    if not known or facts.simulator is None:
        return bool(known)
    finished = select(_simulated.c.state).where(
        _simulated.c.consented.is_(False), _simulated.c.finished_at.is_not(None)
    )
    newest = finished.order_by(_simulated.c.finished_at.desc()).limit(MAX_LOGINS)
    return any(secret_hash(state) in known for state in facts.simulator.scalars(newest))


def _looked_up(facts: StoredFacts, _: Any) -> bool:
    """Staff searched for a reference number after a login was refused."""
    refused = [each.at for each in facts.new_logins if each.failure]
    if not refused:
        return False
    search = AuditEntry.action == AuditAction.SEARCH, AuditEntry.detail.contains(QueryKind.REFERENCE)
    return bool(facts.shop.scalar(select(AuditEntry.id).where(*search, AuditEntry.at >= min(refused)).limit(1)))


def _answered(facts: StoredFacts, name: str) -> bool:
    """The answer is that of the newest login that succeeded, also of one that is older than the question."""
    newest = next((each for each in reversed(facts.logins) if each.calls and not each.failure), None)
    answer = facts.answer.strip()
    if newest is None or not answer:
        return False
    if name == "calls":
        return answer == str(len(newest.calls))
    sent, tokens = dict(newest.start.get("location_query", ())), (call["id_token"] for call in newest.calls)
    claims: Mapping[str, Any] = next((token["claims"] for token in tokens if token), {})
    value = str({"nonce": sent.get("nonce"), "sub": claims.get("sub")}[name] or "")[: SHOWN_LETTERS[name]]
    return answer[: SHOWN_LETTERS[name]] == value


PREDICATES: Mapping[str, Callable[[StoredFacts, Any], bool]] = {
    **{name: _happened(name) for name in TABLES},
    "refusal": _refused,
    "three_refusals": _three_refused,
    "login": _logged_in,
    "two_tabs": _two_tabs,
    "replay": _replayed,
    "password_after": _password_after,
    "asked_less": _asked_less,
    "looked_up": _looked_up,
    "answer": _answered,
    "page": lambda facts, endpoint: False,  # only the request itself shows it
}
