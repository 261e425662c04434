"""Accounts and the Vipps users who open them: the facts for a decision, and what a decision does.

`settle` asks the database for the facts, lets `app.vipps.matching.decide` decide, and carries it out. All of it is part
of the login's one transaction; nothing here commits. That one subject never gets two customers, nor one customer two
subjects, is a unique constraint: of two logins at the same moment the later one fails, begins anew and decides again.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from app.customers import email_tokens
from app.customers.accounts import emails
from app.customers.activity import account_activity
from app.customers.activity.account_activity import Kind
from app.customers.consents import ledger, preferences
from app.customers.email_address import normal_email
from app.customers.lookup import Identity, find_by_email, find_link, lock_link
from app.customers.models import Customer, EndReason, LoginMethod, VippsLink
from app.customers.profile import from_vipps
from app.customers.profile.change_history import withdraw_proposals
from app.customers.profile.from_vipps import Refreshed
from app.customers.sessions.session_cookie import end_sessions_of
from app.database import db, update_row, utcnow
from app.i18n import language
from app.logging import log
from app.settings import settings_of_app
from app.vipps.claims import UserInfo
from app.vipps.matching import Account, Decision, Facts, Person, Verdict, decide
from app.vipps.purposes import Purpose

# More accounts than this with one number or address are several, whatever else they are.
MAX_CANDIDATES = 20


@dataclass(frozen=True)
class Resolution:
    """A decision that was carried out. `link` is what opens the account now, or None if nothing was done."""

    decision: Decision
    link: VippsLink | None = None
    refreshed: Refreshed | None = None


def resolve(
    purpose: Purpose, who: Identity, info: UserInfo, logged_in_at: datetime, current: Customer | None = None
) -> Resolution:
    """Decide which customer a Vipps user is, do it, and keep what Vipps said with it.

    `logged_in_at` is when Vipps let them in, by its clock. `current` is the customer on whose behalf this was begun,
    held by the caller, for every purpose but logging in.
    """
    link = find_link(who) if current else lock_link(who)
    decision = decide(gather_facts(purpose, who, info, link, current))
    match decision.verdict:
        case Verdict.KNOWN_SUBJECT:
            pass
        case Verdict.LINK_AND_LOG_IN | Verdict.LINK:
            link = link_account(db.session.get_one(Customer, decision.account_id), who)
        case Verdict.CREATE:
            link = create_customer(who, info)
        case _:
            return Resolution(decision)
    return Resolution(decision, link, record_vipps_data(link, info, logged_in_at))


def would_link(who: Identity, info: UserInfo, customer: Customer) -> bool:
    """Tell whether a proof that this customer is the person leads to the link that it is for."""
    return decide(gather_facts(Purpose.PROVE, who, info, find_link(who), customer)).verdict is Verdict.LINK


def resolve_as_new(who: Identity, info: UserInfo, logged_in_at: datetime, *, may_create: bool) -> Resolution:
    """Make an account for somebody who said that the one they match is another's, unless they have one by now."""
    link = find_link(who)
    if link is not None:
        return resolve(Purpose.LOG_IN, who, info, logged_in_at)
    if not may_create:
        return Resolution(Decision(Verdict.MEMBERS_ONLY, None, ("not_their_account", "members_only")))
    created = create_customer(who, info)
    decision = Decision(Verdict.CREATE, created.customer.id, ("not_their_account",))
    return Resolution(decision, created, record_vipps_data(created, info, logged_in_at))


def record_vipps_data(link: VippsLink | None, info: UserInfo, logged_in_at: datetime) -> Refreshed | None:
    """Keep what Vipps said about the person, and their answers to consent questions.

    To log in is to share (again). Only a login from before the person ended that, which comes to its end after it, is
    none: the later of the two holds, by the one clock that knows both.
    """
    if link is None:
        return None
    refreshed = None
    if link.sharing_revoked_at is None or link.sharing_revoked_at <= logged_in_at:
        update_row(link, shared_at=max(link.shared_at or logged_in_at, logged_in_at), sharing_revoked_at=None)
        refreshed = from_vipps.refresh(link, info)
    ledger.record(link.customer, info)
    if info.problems:
        log.warning("claims_unreadable", problems=list(info.problems))
    return refreshed


def gather_facts(
    purpose: Purpose, who: Identity, info: UserInfo, link: VippsLink | None, current: Customer | None
) -> Facts:
    """Gather what `decide` wants to know about somebody who came back from Vipps."""
    unknown = link is None and purpose in (Purpose.LOG_IN, Purpose.MEMBERS)
    person = person_of(info) if unknown else Person()
    return Facts(
        purpose=purpose,
        person=person,
        known=_account(link.customer) if link else None,
        candidates=[_account(each, _others(each, who)) for each in _candidates(person)] if unknown else (),
        current=_account(current, _others(current, who)) if current else None,
        new_customers=settings_of_app().vipps_new_customers == "create",
    )


def person_of(info: UserInfo) -> Person:
    """Return the name and the verified values of somebody at Vipps, in the forms in which the shop keeps its own."""
    return Person(
        given_name=info.given_name or "",
        family_name=info.family_name or "",
        email=normal_email(info.email) if info.email_verified else None,
        phone_number=info.phone_number if info.phone_number_verified else None,
    )


def create_customer(who: Identity, info: UserInfo) -> VippsLink:
    """Make an account for a person we have not met, with what Vipps has verified about them."""
    person = person_of(info)
    customer = Customer(
        phone_number=person.phone_number,
        phone_verified_at=utcnow() if person.phone_number else None,
        name=info.name or "",
        given_name=info.given_name or "",
        family_name=info.family_name or "",
        locale=language(),
    )
    if person.email and not find_by_email(person.email):
        customer.set_verified_email(person.email)
    return _add(customer, who)


def link_account(customer: Customer, who: Identity) -> VippsLink:
    """Let a Vipps user open an account, and let out whoever else was waiting in it.

    Its other sessions end and its open mailed links are void: an attacker who got in before the owner came would stay
    in by them (Sudhodanan and Paverd, section 6.2.2; ASVS 7.4.3). The owner is told by mail (ASVS 6.3.7).
    """
    link = _add(customer, who)
    email_tokens.revoke(customer)
    end_sessions_of(customer, EndReason.VIPPS_CONNECTED, except_current=True)
    account_activity.record(customer, Kind.VIPPS_CONNECTED, method=LoginMethod.VIPPS)
    emails.vipps_connected(customer)
    return link


def take_over(customer: Customer, info: UserInfo) -> None:
    """Give an account whose address was never confirmed to the person who has proved the address.

    Whatever a stranger may have put in goes: the password, a name, a number, an address, other ways in
    ("classic-federated merge" and "trojan identifier" in Sudhodanan and Paverd, section 4). Sessions and open links go
    with `connect`, which follows.
    """
    customer.password_hash = None
    customer.mark_email_verified()
    customer.name, customer.given_name, customer.family_name = (
        info.name or "",
        info.given_name or "",
        info.family_name or "",
    )
    customer.phone_number = customer.phone_verified_at = customer.address = None
    preferences.end_suspended(customer, customer.vipps_links)
    customer.vipps_links.clear()
    account_activity.record(customer, Kind.TAKEN_OVER, method=LoginMethod.MAIL)
    emails.taken_over(customer)


def can_unlink(customer: Customer) -> bool:
    """Tell whether another way in remains: a password, with a confirmed address to log in with."""
    return customer.password_hash is not None and customer.email_verified_at is not None


def unlink_account(customer: Customer, link: VippsLink) -> None:
    """Take a Vipps user's way in away; what Vipps said goes with it, and every other session ends.

    A yes that rests is a no from here on: nothing would keep it at rest without the link.
    """
    preferences.end_suspended(customer, [link])
    db.session.delete(link)
    withdraw_proposals(customer)  # what Vipps proposed is no longer asked
    end_sessions_of(customer, EndReason.VIPPS_DISCONNECTED, except_current=True)
    account_activity.record(customer, Kind.VIPPS_DISCONNECTED)
    emails.vipps_disconnected(customer)


def _add(customer: Customer, who: Identity) -> VippsLink:
    link = VippsLink(customer=customer, issuer=who.issuer, client_id=who.client_id, subject=who.subject)
    db.session.add(link)
    db.session.flush()
    return link


def _candidates(person: Person) -> list[Customer]:
    """Return the customers who have the person's address, confirmed or not, or their verified number.

    A number that was only typed here is anybody's, and bars no owner from their account. They are locked,
    so that what the decision rests on stays as it is until it has been carried out.
    """
    same: list[ColumnElement[bool]] = []
    if person.email:
        same.append(Customer.email == person.email)
    if person.phone_number:
        verified = Customer.phone_verified_at.is_not(None)
        same.append(and_(Customer.phone_number == person.phone_number, verified))
    if not same:
        return []
    found = select(Customer).where(or_(*same)).order_by(Customer.id).limit(MAX_CANDIDATES)
    return list(db.session.scalars(found.with_for_update()))


def _others(customer: Customer, who: Identity) -> bool:
    """Tell whether another user of the same sales unit opens the account."""
    same_unit = [link for link in customer.vipps_links if (link.issuer, link.client_id) == (who.issuer, who.client_id)]
    return any(link.subject != who.subject for link in same_unit)


def _account(customer: Customer, has_other_subject: bool = False) -> Account:
    """Return a customer as the decision sees it."""
    return Account(
        id=customer.id,
        name=customer.name,
        email=customer.email,
        email_verified=customer.email_verified_at is not None,
        phone_number=customer.phone_number,
        phone_verified=customer.phone_verified_at is not None,
        has_password=customer.password_hash is not None,
        has_other_subject=has_other_subject,
        blocked=customer.blocked_at is not None,
    )
