"""What holds now for each channel, and how a customer changes it here.

A yes that was given in Vipps rests while its person shares nothing with us any more: it is respected as if it were a
no, without a row in the ledger, because nobody has said no (Vipps Login API guide: webhooks, consent revoked). When
the link that says so goes, the rest becomes a no, with a row, or it would end there.
A change adds one row with the words that stood beside the switch; asking for what holds already adds none, so a double
click is one answer. The caller holds the customer and commits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from app.customers.consents import ledger
from app.customers.consents.channels import ALL, CHANNELS, Channel
from app.customers.consents.models import ConsentRecord
from app.customers.models import Customer, VippsLink
from app.database import db
from app.i18n import language


class State(StrEnum):
    """Whether a channel may be used: only if it is on."""

    ON = "on"
    OFF = "off"
    RESTING = "resting"


@dataclass(frozen=True)
class ChannelStatus:
    """What holds for one channel, and the answer that it rests on; no answer is a no."""

    channel: Channel
    record: ConsentRecord | None
    state: State
    reachable: bool


@dataclass(frozen=True)
class Answer:
    """An answer to a question that is no channel of ours; what nobody was forced to agree to can be taken back."""

    record: ConsentRecord
    revocable: bool


def channel_statuses(customer: Customer) -> list[ChannelStatus]:
    """Return what holds for each channel."""
    answers = {record.consent_id: record for record in ledger.latest(customer)}
    revoked = revoked_subjects(customer)
    return [_standing(customer, channel, answers.get(channel.id), revoked) for channel in ALL]


def other_answers(customer: Customer) -> list[Answer]:
    """Return the latest answers to questions that are no channel of ours; they are used for nothing."""
    others = [record for record in ledger.latest(customer) if record.consent_id not in CHANNELS]
    return [Answer(record, record.granted and not record.required) for record in others]


def choose(customer: Customer, consent_id: str, granted: bool, source: str = ledger.MY_PAGE) -> ConsentRecord | None:
    """Record what a customer wants of one channel; None if that holds already.

    Of what is no channel, an answer can only be taken back.
    """
    before = ledger.latest_to(customer, consent_id)
    channel = CHANNELS.get(consent_id)
    if channel is None:
        return _take_back(customer, before, source) if before and not granted else None
    if before and before.granted == granted and not (granted and is_suspended(before, revoked_subjects(customer))):
        return None
    return ledger.record_answer(
        customer, channel.id, granted, str(channel.question), str(channel.label), language(), source
    )


def turn_all_off(customer: Customer, source: str = ledger.MY_PAGE) -> list[ConsentRecord]:
    """Take back every yes, but to what had to be accepted and is no channel of ours."""
    chosen = (
        choose(customer, record.consent_id, False, source) for record in ledger.latest(customer) if record.granted
    )
    return [row for row in chosen if row]


def end_suspended(customer: Customer, links: Iterable[VippsLink]) -> None:
    """Record a no for each yes that rests with these links, before they go and take the mark with them.

    It is a no to the words of the yes. What had to be accepted and is no channel of ours stays as it is.
    """
    revoked = [link.subject for link in links if link.sharing_revoked_at is not None]
    for yes in ledger.latest(customer):
        if is_suspended(yes, revoked) and (yes.consent_id in CHANNELS or not yes.required):
            ledger.record_answer(customer, yes.consent_id, False, yes.text, yes.heading, yes.language, ledger.MY_PAGE)


def revoked_subjects(customer: Customer) -> Sequence[str]:
    """Return the Vipps users of this customer who share nothing with us any more."""
    revoked = select(VippsLink.subject).where(VippsLink.customer_id == customer.id)
    return db.session.scalars(revoked.where(VippsLink.sharing_revoked_at.is_not(None))).all()


def is_suspended(record: ConsentRecord, revoked: Sequence[str]) -> bool:
    """Tell whether a yes came from a Vipps user who shares nothing with us any more."""
    return record.granted and record.source == ledger.VIPPS_LOGIN and record.subject in revoked


def _standing(
    customer: Customer, channel: Channel, record: ConsentRecord | None, revoked: Sequence[str]
) -> ChannelStatus:
    state = State.OFF
    if record and record.granted:
        state = State.RESTING if is_suspended(record, revoked) else State.ON
    return ChannelStatus(channel, record, state, channel.reaches(customer))


def _take_back(customer: Customer, before: ConsentRecord, source: str) -> ConsentRecord | None:
    if not before.granted or before.required:
        return None
    return ledger.record_answer(
        customer, before.consent_id, False, before.text, before.heading, before.language, source
    )
