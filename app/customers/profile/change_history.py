"""Change the customer's own values, and keep the history of every change, at Vipps or by the customer.

A row is written once. Only its state changes, when the customer answers a proposal or a newer one replaces it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update

from app.customers import account_activity, account_emails, email_tokens, lookup
from app.customers.accounts import phone_number
from app.customers.models import Customer, EndReason, Kind, LoginMethod, ProfileChange, VippsProfile
from app.customers.profile.fields import Policy, Source, State, Values, equal, local_values
from app.customers.sessions.session_cookie import end_sessions_of
from app.database import db, utcnow

MAX_SHOWN = 20


def record(customer: Customer, field: str, values: tuple[Any, Any], source: Source, state: State) -> None:
    """Add a change to the history, given the value before and after. The caller commits."""
    before, after = values
    db.session.add(
        ProfileChange(customer_id=customer.id, field=field, before=before, after=after, source=source, state=state)
    )


def withdraw_proposals(customer: Customer, *fields: str) -> None:
    """Withdraw the open proposals about these fields, or all without fields: Vipps has a newer value."""
    proposed = update(ProfileChange).where(
        ProfileChange.customer_id == customer.id, ProfileChange.state == State.PROPOSED
    )
    if fields:
        proposed = proposed.where(ProfileChange.field.in_(fields))
    db.session.execute(proposed.values(state=State.NOTED, decided_at=utcnow()))


# Every login and the account page run this statement. It is built once, because building costs as much as running.
_PROPOSED = select(ProfileChange).where(ProfileChange.customer_id == bindparam("customer_id"))
_PROPOSED = _PROPOSED.where(ProfileChange.state == State.PROPOSED).order_by(ProfileChange.id)


def has_proposals(customer: Customer) -> bool:
    """Tell whether the customer has open proposals. Few customers have any, so objects are built only for those."""
    db.session.flush()  # write the changes that this login has recorded
    first = db.session.connection().execute(_PROPOSED, {"customer_id": customer.id}).first()
    return first is not None and bool(proposals(customer))


def proposals(customer: Customer) -> list[ProfileChange]:
    """Return the open proposals, the oldest first; a proposal is left out if the customer already has its value."""
    proposed = db.session.scalars(_PROPOSED, {"customer_id": customer.id}).all()
    own = local_values(customer) if proposed else {}
    return [change for change in proposed if not equal(change.field, change.after, own[change.field])]


def answer_proposals(customer: Customer, profile: VippsProfile, answers: Mapping[int, bool]) -> list[State] | None:
    """Take Vipps' value for each yes, and keep the customer's own value for each no. The caller commits.

    Return the new states; None if a proposal belongs to another customer. Posting the form again changes nothing.
    """
    of_customer = select(ProfileChange).where(ProfileChange.customer_id == customer.id, ProfileChange.id.in_(answers))
    answered = db.session.scalars(of_customer.order_by(ProfileChange.id)).all()
    if len(answered) != len(answers):
        return None
    states = [state for change in answered if (state := _answer(customer, profile, change, answers[change.id]))]
    if State.ACCEPTED in states:
        account_activity.record(customer, Kind.PROFILE_CHANGED, method=Source.VIPPS)
    return states


def edit(customer: Customer, profile: VippsProfile | None, values: Mapping[str, Any]) -> list[str]:
    """Store the values that the customer typed, and return the fields that changed. The caller commits."""
    own = local_values(customer)
    changed = [field for field, value in values.items() if value != own[field]]
    for field in changed:
        assign(customer, field, values[field], profile, verified=False)
        record(customer, field, (own[field], values[field]), Source.CUSTOMER, State.APPLIED)
    if changed:
        account_activity.record(customer, Kind.PROFILE_CHANGED)
    return changed


def history(customer: Customer) -> Sequence[ProfileChange]:
    """Return the latest changes, newest first."""
    changes = select(ProfileChange).where(ProfileChange.customer_id == customer.id)
    return db.session.scalars(changes.order_by(ProfileChange.id.desc()).limit(MAX_SHOWN)).all()


def latest_of(customer: Customer, field: str) -> ProfileChange | None:
    """Return the latest change of a field at Vipps."""
    changes = select(ProfileChange).where(ProfileChange.customer_id == customer.id, ProfileChange.field == field)
    at_vipps = changes.where(ProfileChange.source == Source.VIPPS)
    return db.session.scalar(at_vipps.order_by(ProfileChange.id.desc()).limit(1))


def email_taken(customer: Customer, email: str) -> bool:
    """Tell whether another account has this email address."""
    holder = lookup.find_by_email(email)
    return holder is not None and holder.id != customer.id


def assign(customer: Customer, field: str, value: Any, profile: VippsProfile | None, *, verified: bool) -> None:
    """Store a value as the customer's own; `verified` tells whether Vipps has verified it. The caller commits."""
    match field:
        case "name":
            in_vipps = profile if profile and profile.name == value else VippsProfile()
            customer.name = value
            customer.given_name, customer.family_name = in_vipps.given_name or "", in_vipps.family_name or ""
        case "email":
            _replace_email(customer, value)
        case "phone_number":
            customer.phone_number, customer.phone_verified_at = value, None
            if value and verified:
                phone_number.mark_verified(customer)
        case "address":
            customer.address = value


def put_off(customer: Customer, now: Values, own: Values, phone_verified: bool) -> frozenset[str]:
    """Return the fields whose last change at Vipps was put off, so that this login tries it again.

    A change was put off if another account had the email address, if its proposal was withdrawn without an answer, or
    if the phone number was not verified then and is verified now. A later change of the field ends this.
    """
    # An address from Vipps becomes the customer's own only if the customer wants it, so most customers have none.
    fields = [field for field in own if now[field] is not None and (field, own[field]) != ("address", None)]
    differing = [field for field in fields if not equal(field, now[field], own[field])]
    if not differing:
        return frozenset()
    changes = select(ProfileChange).where(ProfileChange.customer_id == customer.id, ProfileChange.field.in_(differing))
    latest = {change.field: change for change in db.session.scalars(changes.order_by(ProfileChange.id))}
    may_ask = phone_verified and customer.refresh_policy == Policy.ASK
    return frozenset(field for field, change in latest.items() if _is_put_off(change, now[field], may_ask))


def _is_put_off(change: ProfileChange, value: Any, may_ask_for_phone: bool) -> bool:
    if not equal(change.field, change.after, value):
        return False
    withdrawn = change.decided_at is not None or (change.field == "phone_number" and may_ask_for_phone)
    return change.state == State.EMAIL_TAKEN or (change.state == State.NOTED and withdrawn)


def _answer(customer: Customer, profile: VippsProfile, change: ProfileChange, take: bool) -> State | None:
    """Apply one answer and return the new state; None if the proposal is no longer open. Only one answer counts."""
    state = State.ACCEPTED if take else State.DECLINED
    if take and change.field == "email" and email_taken(customer, change.after):
        state = State.EMAIL_TAKEN
    still_open = (ProfileChange.id == change.id, ProfileChange.state == State.PROPOSED)
    decide = update(ProfileChange).where(*still_open).values(state=state, decided_at=utcnow())
    if db.session.scalar(decide.returning(ProfileChange.id)) is None:
        return None
    if state is State.ACCEPTED:
        # An old proposal does not verify a number that another customer has verified since.
        is_phone = change.field == "phone_number"
        verified = not (is_phone and phone_number.is_verified_elsewhere_since(change.after, change.at))
        assign(customer, change.field, change.after, profile, verified=verified)
    return state


def _replace_email(customer: Customer, email: str) -> None:
    """Let the customer log in with an address that Vipps has verified, and tell the old address (ASVS 6.3.7)."""
    old = customer.email
    customer.set_verified_email(email)
    email_tokens.revoke(customer)
    end_sessions_of(customer, EndReason.EMAIL_CHANGED, except_current=True)
    account_activity.record(customer, Kind.EMAIL_CHANGED, method=LoginMethod.VIPPS)
    if old:
        account_emails.send(customer, "email_changed", to=old)
