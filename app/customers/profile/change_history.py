"""The history of a profile: every value that became another one, at Vipps or by the customer's hand.

A row is written once. Only its state moves on, when the customer answers a proposal or a newer one takes its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.models import Customer, ProfileChange, VippsProfile
from app.customers.profile.fields import Source, State, equal, local_values
from app.customers.profile.own_values import assign, email_taken
from app.database import db, utcnow

MAX_SHOWN = 20


@dataclass(frozen=True)
class ProposalsAnswered:
    """The customer's answers were carried out; `email_taken` if an address opens another account by now."""

    taken: int = 0
    kept: int = 0
    email_taken: bool = False


@dataclass(frozen=True)
class NotAsked:
    """An answer was to something that this customer was never asked; nothing was done."""


def record(customer: Customer, field: str, values: tuple[Any, Any], source: Source, state: State) -> None:
    """Add a change to the history, given the value before and after. The caller commits."""
    before, after = values
    change = ProfileChange(customer_id=customer.id, field=field, before=before, after=after, source=source, state=state)
    db.session.add(change)


def withdraw_proposals(customer: Customer, *fields: str) -> None:
    """Ask no longer about these fields, or about anything: Vipps says something else by now."""
    waiting = _waiting(customer)
    if fields:
        waiting = (*waiting, ProfileChange.field.in_(fields))
    db.session.execute(update(ProfileChange).where(*waiting).values(state=State.NOTED, decided_at=utcnow()))


# Every login and my page ask this, so it is built once: building it costs as much as running it.
_ASKED = (
    select(ProfileChange)
    .where(ProfileChange.customer_id == bindparam("customer_id"), ProfileChange.state == State.PROPOSED)
    .order_by(ProfileChange.id)
)


def has_proposals(customer: Customer) -> bool:
    """Tell whether the customer is asked anything.

    Every login wants to know, and mostly the answer is no; so a row is only loaded as an object if there is one.
    """
    db.session.flush()  # what this login has noted
    first = db.session.connection().execute(_ASKED, {"customer_id": customer.id}).first()
    return first is not None and bool(proposals(customer))


def proposals(customer: Customer) -> list[ProfileChange]:
    """Return what the customer is asked, the oldest first; what they have by now needs no asking."""
    asked = db.session.scalars(_ASKED, {"customer_id": customer.id}).all()
    mine = local_values(customer) if asked else {}
    return [change for change in asked if not equal(change.field, change.after, mine[change.field])]


def answer_proposals(
    customer: Customer, profile: VippsProfile, answers: Mapping[int, bool]
) -> ProposalsAnswered | NotAsked:
    """Take Vipps' value where the answer is yes, and keep the customer's own where it is no. The caller commits.

    An answer that was given before counts; the same form once more changes nothing.
    """
    theirs = select(ProfileChange).where(ProfileChange.customer_id == customer.id, ProfileChange.id.in_(answers))
    asked = db.session.scalars(theirs.order_by(ProfileChange.id)).all()
    if len(asked) != len(answers):
        return NotAsked()
    states = [state for change in asked if (state := _answer(customer, profile, change, answers[change.id]))]
    if State.ACCEPTED in states:
        account_activity.record(customer, Kind.PROFILE_CHANGED, method=Source.VIPPS)
    return ProposalsAnswered(states.count(State.ACCEPTED), states.count(State.DECLINED), State.EMAIL_TAKEN in states)


def edit(customer: Customer, profile: VippsProfile | None, values: Mapping[str, Any]) -> list[str]:
    """Make what the customer typed their own, and return the fields that changed. The caller commits."""
    mine = local_values(customer)
    changed = [field for field, value in values.items() if value != mine[field]]
    for field in changed:
        assign(customer, field, values[field], profile, verified=False)
        record(customer, field, (mine[field], values[field]), Source.CUSTOMER, State.APPLIED)
    if changed:
        account_activity.record(customer, Kind.PROFILE_CHANGED)
    return changed


def history(customer: Customer) -> Sequence[ProfileChange]:
    """Return the latest changes, newest first."""
    mine = select(ProfileChange).where(ProfileChange.customer_id == customer.id)
    return db.session.scalars(mine.order_by(ProfileChange.id.desc()).limit(MAX_SHOWN)).all()


def latest_of(customer: Customer, field: str) -> ProfileChange | None:
    """Return the latest change of a field at Vipps."""
    there = (ProfileChange.field == field, ProfileChange.source == Source.VIPPS)
    mine = select(ProfileChange).where(ProfileChange.customer_id == customer.id, *there)
    return db.session.scalar(mine.order_by(ProfileChange.id.desc()).limit(1))


def _answer(customer: Customer, profile: VippsProfile, change: ProfileChange, take: bool) -> State | None:
    """Carry out one answer; None if it had been given before."""
    state = State.ACCEPTED if take else State.DECLINED
    if take and change.field == "email" and email_taken(customer, change.after):
        state = State.EMAIL_TAKEN
    if not _claim(change, state):
        return None
    if state is State.ACCEPTED:
        assign(customer, change.field, change.after, profile, verified=True)
    return state


def _claim(change: ProfileChange, state: State) -> bool:
    """Move a proposal on; of two answers at the same moment one does."""
    still = (ProfileChange.id == change.id, ProfileChange.state == State.PROPOSED)
    moved = update(ProfileChange).where(*still).values(state=state, decided_at=utcnow())
    return db.session.scalar(moved.returning(ProfileChange.id)) is not None


def _waiting(customer: Customer) -> tuple[Any, ...]:
    return ProfileChange.customer_id == customer.id, ProfileChange.state == State.PROPOSED
