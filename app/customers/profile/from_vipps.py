"""Store the profile that Vipps returns, and apply the changes that `refresh_plan` decides.

The latest profile from Vipps (`VippsProfile`) is kept apart from the customer's own values. The customer chooses what a
change at Vipps does here (`Customer.refresh_policy`). After a revocation Vipps' values are unused until the next login.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from app.customers import account_activity
from app.customers.accounts import phone_number
from app.customers.accounts.postal_address import OWN, from_parts, parts_of
from app.customers.models import PROFILE_COLUMNS, Customer, Kind, VippsLink, VippsProfile
from app.customers.profile import change_history
from app.customers.profile.change_history import assign, email_taken, record, withdraw_proposals
from app.customers.profile.fields import Policy, Source, State, Values, equal, local_values, provider_values
from app.customers.profile.refresh_plan import Changes, plan
from app.database import db, update_row, utcnow
from app.vipps.claims import Address, UserInfo


@dataclass(frozen=True)
class Refreshed:
    """The result of a refresh: the fields that changed at Vipps, and the number of proposals."""

    news: tuple[str, ...] = ()
    proposed: int = 0


def refresh(link: VippsLink, info: UserInfo) -> Refreshed:
    """Store Vipps' profile, and apply the changes since the login before. The caller commits."""
    customer, columns, phone_verified = link.customer, _columns(info), info.phone_number_verified
    now, own = provider_values(columns), local_values(customer)
    put_off = change_history.put_off(customer, now, own, phone_verified) if link.profile else frozenset()
    if link.profile and columns_of(link.profile) == columns and not put_off:
        update_row(link.profile, received_at=utcnow())
        if phone_verified and info.phone_number and customer.phone_number == info.phone_number:
            phone_number.mark_verified(customer)
        return Refreshed()
    before = _values_before(link, now)
    is_new = now["email"] != before.get("email") or "email" in put_off
    taken = bool(now["email"]) and is_new and email_taken(customer, now["email"])
    policy = Policy(customer.refresh_policy)
    changes = plan(before, now, own, policy, phone_verified=phone_verified, email_taken=taken, put_off=put_off)
    apply(changes, customer, _store(link, columns))
    states = [line.state for line in changes.lines]
    return Refreshed(tuple(line.field for line in changes.lines), states.count(State.PROPOSED))


def apply(changes: Changes, customer: Customer, profile: VippsProfile) -> None:
    """Write the changes into the history and, where the plan says so, into the customer's own values."""
    if changes.fields:
        withdraw_proposals(customer, *changes.fields)
    for line in changes.lines:
        record(customer, line.field, (line.before, line.after), Source.VIPPS, line.state)
        if line.state is State.APPLIED:
            assign(customer, line.field, line.after, profile, verified=line.verified)
    if changes.phone_verified:
        phone_number.mark_verified(customer)
    elif changes.phone_verified is False:
        customer.phone_verified_at = None
    # A new email address has its own entry in the account activity (`EMAIL_CHANGED`).
    if any(line.state is State.APPLIED and line.field != "email" for line in changes.lines):
        account_activity.record(customer, Kind.PROFILE_CHANGED, method=Source.VIPPS)


def vipps_profile_of(customer: Customer) -> VippsProfile | None:
    """Return Vipps' profile at the latest login; None without one, or while the sharing is revoked."""
    shared = select(VippsProfile).join(VippsProfile.link)
    shared = shared.where(VippsLink.customer_id == customer.id, VippsLink.sharing_revoked_at.is_(None))
    return db.session.scalar(shared.order_by(VippsProfile.received_at.desc()).limit(1))


def addresses_in(profile: VippsProfile | None) -> list[Address]:
    """Return the addresses of a profile, the person's default first; a part that is missing is an empty string."""
    return [from_parts(parts) for parts in profile.addresses] if profile else []


def delivery_addresses(customer: Customer, profile: VippsProfile | None) -> list[Address]:
    """Return the addresses to offer for delivery: the customer's own address, then the different ones from Vipps."""
    own = [from_parts(customer.address, OWN)] if customer.address else []
    in_vipps = [each for each in addresses_in(profile) if not equal("address", parts_of(each), customer.address)]
    return [*own, *in_vipps]


def columns_of(profile: VippsProfile) -> dict[str, Any]:
    """Return the columns of a profile from Vipps."""
    return {name: getattr(profile, name) for name in PROFILE_COLUMNS}


def _values_before(link: VippsLink, now: Values) -> Values:
    """Return Vipps' values at the login before; empty at the first login of this Vipps user."""
    if link.profile is None:
        withdraw_proposals(link.customer)  # proposals of an earlier link
        return {}
    before = provider_values(columns_of(link.profile))
    if before == now:
        return before
    # With two concurrent logins the second one reads the values that the first has stored, and so finds no change.
    db.session.refresh(link.profile, with_for_update=True)
    return provider_values(columns_of(link.profile))


def _store(link: VippsLink, columns: Mapping[str, Any]) -> VippsProfile:
    profile = link.profile = link.profile or VippsProfile()
    for name, value in {**columns, "received_at": utcnow()}.items():
        setattr(profile, name, value)
    return profile


def _columns(info: UserInfo) -> dict[str, Any]:
    addresses = [asdict(each) for each in info.addresses]
    return {name: addresses if name == "addresses" else getattr(info, name) for name in PROFILE_COLUMNS}
