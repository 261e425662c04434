"""What Vipps says about a customer, and what it does to what the customer keeps here.

Vipps has no event for a change: every login tells how things are now. So the last word is kept (`VippsProfile`), the
next one is compared with it field by field, and a difference is a change at Vipps. What it does here is the customer's
choice (`Customer.refresh_policy`): their own value follows, or they are asked, or it stays. A value that is gone at
Vipps empties nothing here, and an address to log in with that opens another account is never taken. Whoever ends the
sharing in the app keeps here what is theirs; what Vipps said rests unused until they log in with it again.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from app.customers.accounts.postal_address import OWN, from_parts, parts_of
from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.models import Customer, VippsLink, VippsProfile
from app.customers.profile.change_history import Policy, Source, State, note, set_aside
from app.customers.profile.fields import COLUMNS, FIELDS, Values, columns_of, is_held_elsewhere, own, put, said, same
from app.database import db, update_row, utcnow
from app.vipps.claims import Address, UserInfo

BY_POLICY = {Policy.UPDATE: State.APPLIED, Policy.ASK: State.PROPOSED, Policy.KEEP: State.NOTED}


@dataclass(frozen=True)
class Refreshed:
    """What a refresh brought: the fields that Vipps changed, and what became of them."""

    news: tuple[str, ...] = ()
    proposed: int = 0
    held_elsewhere: bool = False


def refresh(link: VippsLink, info: UserInfo) -> Refreshed:
    """Keep what Vipps says now, write down what changed, and let the customer's policy decide what it does here.

    The first word of a link has nothing to be compared with: it fills what the customer does not have, and a value that
    differs from theirs is a change. The caller commits.
    """
    customer, columns = link.customer, _columns(info)
    if link.profile and columns_of(link.profile) == columns:
        update_row(link.profile, received_at=utcnow())
        _verify_number(customer, info.phone_number, info)
        return Refreshed()
    now = said(columns)
    before = _said_before(link, now)
    profile = _keep(link, columns)
    changed = [field for field in FIELDS if not same(field, before.get(field), now[field])]
    reached = {field: _state(customer, field, now[field], info, first=not before) for field in changed}
    states = {field: state for field, state in reached.items() if state}
    if changed:
        set_aside(customer, *changed)
    for field, state in states.items():
        note(customer, field, (before.get(field), now[field]), Source.VIPPS, state)
        if state is State.APPLIED:
            put(customer, field, now[field], profile, verified=_is_verified(info, field))
    _verify_number(customer, before.get("phone_number"), info)
    _note_activity(customer, states)
    all_states = list(states.values())
    return Refreshed(tuple(states), all_states.count(State.PROPOSED), State.HELD_ELSEWHERE in all_states)


def vipps_profile_of(customer: Customer) -> VippsProfile | None:
    """Return what Vipps said at the latest login of this customer; None if it never did, or they ended the sharing.

    Everything that shows, fills in or offers what Vipps said asks here, so none of it does while the sharing is ended.
    """
    return db.session.scalar(
        select(VippsProfile)
        .join(VippsProfile.link)
        .where(VippsLink.customer_id == customer.id, VippsLink.sharing_revoked_at.is_(None))
        .order_by(VippsProfile.received_at.desc())
        .limit(1)
    )


def addresses_of(customer: Customer) -> list[Address]:
    """Return the addresses from Vipps, the person's default first; a part that is missing is an empty string."""
    return addresses_in(vipps_profile_of(customer))


def addresses_in(profile: VippsProfile | None) -> list[Address]:
    """Return the addresses of a profile, the person's default first."""
    return [from_parts(parts) for parts in profile.addresses] if profile else []


def delivery_addresses(customer: Customer, profile: VippsProfile | None) -> list[Address]:
    """Return where the customer may want things sent: the address they keep here, then the others from Vipps."""
    mine = [from_parts(customer.address, OWN)] if customer.address else []
    theirs = [each for each in addresses_in(profile) if not same("address", parts_of(each), customer.address)]
    return [*mine, *theirs]


def _said_before(link: VippsLink, now: Values) -> Values:
    """Return what Vipps said last; empty at the first time of a link."""
    if link.profile is None:
        set_aside(link.customer)  # questions of an earlier link
        return {}
    before = said(columns_of(link.profile))
    if before == now:
        return before
    # Of two logins at the same moment the second finds what the first one kept, and so no change.
    db.session.refresh(link.profile, with_for_update=True)
    return said(columns_of(link.profile))


def _keep(link: VippsLink, columns: Mapping[str, Any]) -> VippsProfile:
    profile = link.profile = link.profile or VippsProfile()
    for name, value in columns.items():
        setattr(profile, name, value)
    profile.received_at = utcnow()
    return profile


def _columns(info: UserInfo) -> dict[str, Any]:
    addresses = [asdict(each) for each in info.addresses]
    return {name: addresses if name == "addresses" else getattr(info, name) for name in COLUMNS}


def _state(customer: Customer, field: str, value: object, info: UserInfo, *, first: bool) -> State | None:
    """Tell what a change at Vipps does here; None for what is not worth a line of its own."""
    mine = own(customer).get(field)
    policy = Policy(customer.refresh_policy)
    if field == "addresses":
        return None if first else State.NOTED
    if field == "address" and (mine is None or value is None or policy is Policy.KEEP):
        return None  # the line about all addresses says it
    if value is None or same(field, value, mine):
        return None if first else State.NOTED
    if field == "email" and is_held_elsewhere(customer, str(value)):
        return State.HELD_ELSEWHERE
    if first and mine is None:
        return State.APPLIED
    # What Vipps has not verified itself is not worth a question.
    return State.NOTED if policy is Policy.ASK and not _is_verified(info, field) else BY_POLICY[policy]


def _is_verified(info: UserInfo, field: str) -> bool:
    return info.phone_number_verified if field == "phone_number" else True


def _verify_number(customer: Customer, before: str | None, info: UserInfo) -> None:
    """Count the number as verified while Vipps says so; one that Vipps has replaced may be given to another person."""
    if customer.phone_number is None or info.phone_number is None:
        return
    if customer.phone_number != info.phone_number:
        if customer.phone_number == before:
            customer.phone_verified_at = None
    elif info.phone_number_verified:
        customer.phone_verified_at = customer.phone_verified_at or utcnow()


def _note_activity(customer: Customer, states: dict[str, State]) -> None:
    """Leave one line for what changed here; the address to log in with has left its own."""
    if any(state is State.APPLIED and field != "email" for field, state in states.items()):
        account_activity.note(customer, Kind.PROFILE_CHANGED, method=Source.VIPPS)
