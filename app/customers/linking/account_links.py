"""Find, link or create the account of a Vipps user.

`resolve` reads the facts from the database, lets `app.vipps.matching.decide` decide, and applies the decision. All of
it is part of the login's one transaction; the caller commits. Unique constraints guarantee that a subject has one
customer and a customer one subject: the later one of two concurrent logins fails, and its retry decides again.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select

from app.customers import account_activity, account_emails, email_tokens
from app.customers.accounts import phone_number
from app.customers.consents import ledger, preferences
from app.customers.lookup import Identity, find_by_email, find_link, lock_link
from app.customers.models import Customer, EndReason, Kind, LoginMethod, VippsLink
from app.customers.profile import from_vipps
from app.customers.profile.change_history import withdraw_proposals
from app.customers.profile.from_vipps import Refreshed
from app.customers.sessions.session_cookie import end_sessions_of
from app.database import db, update_row
from app.i18n import language
from app.settings import settings_of_app
from app.vipps.claims import UserInfo
from app.vipps.matching import Account, Decision, Facts, Person, Verdict, decide
from app.vipps.purposes import LoginPurpose

# More candidates would not change the decision: it is "several accounts" already.
MAX_CANDIDATES = 20


@dataclass(frozen=True)
class Resolution:
    """A decision that was applied. `link` is the Vipps link of the customer, or None if the login was not accepted."""

    decision: Decision
    link: VippsLink | None = None
    refreshed: Refreshed | None = None


def resolve(
    purpose: LoginPurpose, who: Identity, info: UserInfo, logged_in_at: datetime, current: Customer | None = None
) -> Resolution:
    """Decide which customer a Vipps user is, apply the decision, and store the data from Vipps.

    `logged_in_at` is by Vipps' clock. `current` is the customer who is logged in, locked by the caller; or None.
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
    """Tell whether the Vipps user would be linked once they have proved that this account is theirs."""
    return decide(gather_facts(LoginPurpose.PROVE, who, info, find_link(who), customer)).verdict is Verdict.LINK


def resolve_as_new(who: Identity, info: UserInfo, logged_in_at: datetime, *, may_create: bool) -> Resolution:
    """Create an account for a Vipps user who says that the matching account is not theirs, unless they have one now."""
    link = find_link(who)
    if link is not None:
        return resolve(LoginPurpose.LOG_IN, who, info, logged_in_at)
    if not may_create:
        return Resolution(Decision(Verdict.MEMBERS_ONLY, None, ("not_their_account", "members_only")))
    link = create_customer(who, info)
    decision = Decision(Verdict.CREATE, link.customer.id, ("not_their_account",))
    return Resolution(decision, link, record_vipps_data(link, info, logged_in_at))


def record_vipps_data(link: VippsLink | None, info: UserInfo, logged_in_at: datetime) -> Refreshed | None:
    """Store the person's profile from Vipps, and their answers to consent questions.

    A login shares data again, unless the person revoked the sharing after it started, both by Vipps' clock.
    """
    if link is None:
        return None
    refreshed = None
    if link.sharing_revoked_at is None or link.sharing_revoked_at <= logged_in_at:
        update_row(link, shared_at=max(link.shared_at or logged_in_at, logged_in_at), sharing_revoked_at=None)
        refreshed = from_vipps.refresh(link, info)
    ledger.record(link.customer, info)
    return refreshed


def gather_facts(
    purpose: LoginPurpose, who: Identity, info: UserInfo, link: VippsLink | None, current: Customer | None
) -> Facts:
    """Read the facts about a Vipps user that `decide` needs from the database."""
    unknown = link is None and purpose in (LoginPurpose.LOG_IN, LoginPurpose.MEMBERS)
    person = person_of(info) if unknown else Person()
    return Facts(
        purpose=purpose,
        person=person,
        known=_account(link.customer) if link else None,
        candidates=[_account(each, _has_other_subject(each, who)) for each in _candidates(person)] if unknown else (),
        current=_account(current, _has_other_subject(current, who)) if current else None,
        new_customers=settings_of_app().vipps_new_customers == "create",
    )


def person_of(info: UserInfo) -> Person:
    """Return a Vipps user's name and verified values, in the form in which the shop stores such values."""
    email = info.email if info.email_verified else None
    return Person(email=email, phone_number=info.phone_number if info.phone_number_verified else None, **_names(info))


def _names(info: UserInfo) -> dict[str, str]:
    return {"name": info.name or "", "given_name": info.given_name or "", "family_name": info.family_name or ""}


def create_customer(who: Identity, info: UserInfo) -> VippsLink:
    """Create an account with the values that Vipps has verified."""
    person = person_of(info)
    customer = Customer(phone_number=person.phone_number, locale=language(), **_names(info))
    if person.email and not find_by_email(person.email):
        customer.set_verified_email(person.email)
    if person.phone_number:
        phone_number.mark_verified(customer)
    return add_link(customer, who)


def link_account(customer: Customer, who: Identity) -> VippsLink:
    """Link a Vipps user to an account, and log out every other browser.

    The account's other sessions end and its open email links are revoked: an attacker who had access before the owner
    could otherwise keep it (Sudhodanan and Paverd, section 6.2.2; ASVS 7.4.3). An email tells the owner (ASVS 6.3.7).
    """
    link = add_link(customer, who)
    email_tokens.revoke(customer)
    end_sessions_of(customer, EndReason.VIPPS_CONNECTED, except_current=True)
    account_activity.record(customer, Kind.VIPPS_CONNECTED, method=LoginMethod.VIPPS)
    account_emails.send(customer, "vipps_connected")
    return link


def take_over(customer: Customer, info: UserInfo) -> None:
    """Give an account whose address was never confirmed to the person who has proved the address.

    Everything that an attacker may have entered is removed ("classic-federated merge" and "trojan identifier" in
    Sudhodanan and Paverd, section 4). `link_account`, which follows, ends the sessions and revokes open email links.
    """
    customer.password_hash = None
    customer.mark_email_verified()
    for column, name in _names(info).items():
        setattr(customer, column, name)
    customer.phone_number = customer.phone_verified_at = customer.address = None
    preferences.end_suspended(customer, customer.vipps_links)
    customer.vipps_links.clear()
    account_activity.record(customer, Kind.TAKEN_OVER, method=LoginMethod.MAIL)
    account_emails.send(customer, "taken_over")


def can_unlink(customer: Customer) -> bool:
    """Tell whether the customer could still log in: by a password, with a confirmed address."""
    return customer.has_password and customer.email_verified_at is not None


def unlink_account(customer: Customer, link: VippsLink) -> None:
    """Unlink the Vipps user for the customer, and end every other session."""
    remove_link(customer, link)
    end_sessions_of(customer, EndReason.VIPPS_DISCONNECTED, except_current=True)
    account_activity.record(customer, Kind.VIPPS_DISCONNECTED)
    account_emails.send(customer, "vipps_disconnected")


def remove_link(customer: Customer, link: VippsLink) -> None:
    """Delete a link and its profile from Vipps. A suspended consent becomes a no; otherwise it would count again."""
    preferences.end_suspended(customer, [link])
    db.session.delete(link)
    withdraw_proposals(customer)


def add_link(customer: Customer, who: Identity) -> VippsLink:
    """Link a Vipps user to an account; raise `IntegrityError` if another login was faster."""
    link = VippsLink(customer=customer, issuer=who.issuer, client_id=who.client_id, subject=who.subject)
    db.session.add(link)
    db.session.flush()
    return link


def _candidates(person: Person) -> list[Customer]:
    """Lock and return the customers who have the person's address, confirmed or not, or their verified number.

    A customer who only typed the number here is not a candidate: that proves nothing, and would block the owner.
    """
    matches: list[ColumnElement[bool]] = []
    if person.email:
        matches.append(Customer.email == person.email)
    if person.phone_number:
        verified = Customer.phone_verified_at.is_not(None)
        matches.append(and_(Customer.phone_number == person.phone_number, verified))
    if not matches:
        return []
    found = select(Customer).where(or_(*matches)).order_by(Customer.id).limit(MAX_CANDIDATES)
    return list(db.session.scalars(found.with_for_update()))


def _has_other_subject(customer: Customer, who: Identity) -> bool:
    """Tell whether the account is linked to another Vipps user of the same sales unit."""
    unit = (who.issuer, who.client_id)
    return any((x.issuer, x.client_id) == unit and x.subject != who.subject for x in customer.vipps_links)


def _account(customer: Customer, has_other_subject: bool = False) -> Account:
    return Account(
        id=customer.id,
        name=customer.name,
        email=customer.email,
        email_verified=customer.email_verified_at is not None,
        phone_number=customer.phone_number,
        phone_verified=customer.phone_verified_at is not None,
        has_password=customer.has_password,
        has_other_subject=has_other_subject,
        blocked=customer.blocked_at is not None,
    )
