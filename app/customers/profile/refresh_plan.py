"""What a login with Vipps does to a customer's profile: a pure function from the values to a list of changes.

Vipps sends no event for a change: every login brings the current values. So each field is compared with its value at
the login before, and a difference is a change at Vipps. A change that was put off (`change_history.put_off`) is tried
again at each login. The first matching row decides what a change does here.

| the field that changed at Vipps                                     | state                      |
|---------------------------------------------------------------------|----------------------------|
| `addresses`                                                         | `NOTED`; at first: no line |
| `address`: gone, none here, or policy `KEEP` (`addresses` says it)  | no line                    |
| gone at Vipps, or equal to the customer's own value                 | `NOTED`; at first: no line |
| an email address that opens another account                         | `EMAIL_TAKEN`, once        |
| at first or put off, and the customer has no value                  | `APPLIED`                  |
| policy `UPDATE`                                                     | `APPLIED`                  |
| policy `ASK`, verified by Vipps                                     | `PROPOSED`                 |
| policy `ASK`, not verified by Vipps; or policy `KEEP`               | `NOTED`                    |

A value that is gone at Vipps never removes the customer's own value. "At first" means the first login of a Vipps user.
"""

from dataclasses import dataclass
from typing import Any

from app.customers.profile.fields import FIELDS, Policy, State, Values, equal

STATE_BY_POLICY = {Policy.UPDATE: State.APPLIED, Policy.ASK: State.PROPOSED, Policy.KEEP: State.NOTED}


@dataclass(frozen=True)
class Change:
    """One field that changed at Vipps, and what that does to the customer's own value."""

    field: str
    before: Any
    after: Any
    state: State
    verified: bool


@dataclass(frozen=True)
class Changes:
    """What `plan` decided.

    `fields` are all fields that changed: open proposals about them are out of date. `lines` go into the history.
    `phone_verified` says whether the customer's own number counts as verified from now on; None leaves it as it is.
    """

    fields: tuple[str, ...]
    lines: tuple[Change, ...]
    phone_verified: bool | None


def plan(
    before: Values,
    now: Values,
    own: Values,
    policy: Policy,
    *,
    phone_verified: bool,
    email_taken: bool,
    put_off: frozenset[str] = frozenset(),
) -> Changes:
    """Decide what Vipps' values of `now` do; `before` is empty at the first login of this Vipps user."""
    fields = tuple(field for field in FIELDS if field in put_off or not equal(field, before.get(field), now[field]))
    lines: list[Change] = []
    for field in fields:
        verified = phone_verified if field == "phone_number" else True
        first = not before or field in put_off
        if field == "email" and email_taken:
            state = None if field in put_off else State.EMAIL_TAKEN
        else:
            state = _state(field, now[field], own.get(field), policy, first=first, verified=verified)
        if state:
            lines.append(Change(field, before.get(field), now[field], state, verified))
    applied = {line.field: line.after for line in lines if line.state is State.APPLIED}
    phone = _phone_verified(before, now, applied.get("phone_number", own["phone_number"]), phone_verified)
    return Changes(fields, tuple(lines), phone)


def _state(field: str, value: Any, own: Any, policy: Policy, *, first: bool, verified: bool) -> State | None:
    """Apply the table above to one changed field that no other account has; None if it gets no line."""
    if field == "addresses":
        return None if first else State.NOTED
    if field == "address" and (own is None or value is None or policy is Policy.KEEP):
        return None
    if value is None or equal(field, value, own):
        return None if first else State.NOTED
    if first and own is None:
        return State.APPLIED
    return State.NOTED if policy is Policy.ASK and not verified else STATE_BY_POLICY[policy]


def _phone_verified(before: Values, now: Values, own_phone: Any, verified: bool) -> bool | None:
    """Count the number as verified while Vipps says so; Vipps may give a replaced number to another person."""
    if own_phone is None or now["phone_number"] is None:
        return None
    if own_phone != now["phone_number"]:
        return False if own_phone == before.get("phone_number") else None
    return True if verified else None
