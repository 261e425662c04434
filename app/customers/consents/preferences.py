"""The current consent for each channel, and how a customer changes it here.

A yes that was given in Vipps is suspended while the person shares no data with this shop: it counts as a no, without a
row in the ledger, because the person has not said no (Vipps Login API guide: webhooks, consent revoked). When the
revoked link is deleted, the suspended yes becomes a no with a row; otherwise it would become a yes again. A choice that
is in force already adds no row. The caller has locked the customer, and commits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from app.customers.consents import ledger
from app.customers.consents.channels import ALL, CHANNELS, Channel
from app.customers.models import ConsentRecord, Customer, VippsLink
from app.database import db
from app.i18n import language


class ConsentState(StrEnum):
    """Whether a channel may be used: only if it is on."""

    ON = "on"
    OFF = "off"
    SUSPENDED = "resting"


@dataclass(frozen=True)
class ChannelStatus:
    """The state of one channel, and the answer behind it; no answer is a no."""

    channel: Channel
    record: ConsentRecord | None
    state: ConsentState
    reachable: bool


def channel_statuses(customer: Customer) -> list[ChannelStatus]:
    """Return the state of each channel."""
    answers = {record.consent_id: record for record in ledger.latest(customer)}
    revoked = revoked_subjects(customer)

    def status(channel: Channel) -> ChannelStatus:
        record, state = answers.get(channel.id), ConsentState.OFF
        if record and record.granted:
            state = ConsentState.SUSPENDED if is_suspended(record, revoked) else ConsentState.ON
        return ChannelStatus(channel, record, state, channel.reaches(customer))

    return [status(channel) for channel in ALL]


def other_answers(customer: Customer) -> list[ConsentRecord]:
    """Return the latest answers to questions that belong to no channel; the shop does not use these answers."""
    return [record for record in ledger.latest(customer) if record.consent_id not in CHANNELS]


def choose(customer: Customer, consent_id: str, granted: bool, source: str = ledger.MY_PAGE) -> ConsentRecord | None:
    """Record a customer's choice; None if it is in force already. A yes without a channel can only be withdrawn."""
    before = ledger.latest_to(customer, consent_id)
    channel = CHANNELS.get(consent_id)
    if channel is None:
        return _record_no(customer, before, source) if before and before.is_revocable and not granted else None
    if before and before.granted == granted and not (granted and is_suspended(before, revoked_subjects(customer))):
        return None
    question, label = str(channel.question), str(channel.label)
    return ledger.record_answer(customer, channel.id, granted, question, label, language(), source)


def turn_all_off(customer: Customer, source: str = ledger.MY_PAGE) -> list[ConsentRecord]:
    """Withdraw every yes, except a yes to a required question that belongs to none of the shop's channels."""
    chosen = (
        choose(customer, record.consent_id, False, source) for record in ledger.latest(customer) if record.granted
    )
    return [row for row in chosen if row]


def end_suspended(customer: Customer, links: Iterable[VippsLink]) -> None:
    """Record a no for each yes that these links suspend, except a yes to a required question without a channel."""
    revoked = [link.subject for link in links if link.sharing_revoked_at is not None]
    for yes in ledger.latest(customer):
        if is_suspended(yes, revoked) and (yes.consent_id in CHANNELS or not yes.required):
            _record_no(customer, yes, ledger.MY_PAGE)


def revoked_subjects(customer: Customer) -> Sequence[str]:
    """Return the Vipps subjects of this customer for which the sharing was revoked."""
    revoked = select(VippsLink.subject).where(VippsLink.customer_id == customer.id)
    return db.session.scalars(revoked.where(VippsLink.sharing_revoked_at.is_not(None))).all()


def is_suspended(record: ConsentRecord, revoked: Sequence[str]) -> bool:
    """Tell whether a yes came from a Vipps user who has revoked the sharing."""
    return record.granted and record.source == ledger.VIPPS_LOGIN and record.subject in revoked


def _record_no(customer: Customer, yes: ConsentRecord, source: str) -> ConsentRecord:
    """Record a no to the question that was answered with this yes."""
    return ledger.record_answer(customer, yes.consent_id, False, yes.text, yes.heading, yes.language, source)
