"""Find the customers whom a channel may reach: exactly those whose latest answer is a yes in force.

One statement checks everything, so that no change happens between two queries: the latest answer, an account that is
not blocked, a confirmed address or number, and no suspended yes. Every recipient has a reference to the proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from app.customers.consents.channels import CHANNELS
from app.customers.consents.ledger import VIPPS_LOGIN
from app.customers.models import ConsentRecord, Customer, VippsLink
from app.database import db


@dataclass(frozen=True)
class Recipient:
    """A customer who said yes, with their address or number and the ledger row that proves the consent."""

    customer_id: int
    name: str
    address: str
    record_id: int
    object_hash: str
    since: datetime


def audience(consent_id: str, after_id: int = 0, limit: int | None = None) -> Sequence[Recipient]:
    """Return the recipients, ordered by customer id; none for a question that is not one of the shop's channels."""
    if consent_id not in CHANNELS:
        return []
    return [Recipient(*row) for row in db.session.execute(_statement(consent_id, after_id).limit(limit))]


def _statement(consent_id: str, after_id: int) -> Select[Any]:
    address, confirmed_at = (getattr(Customer, column) for column in CHANNELS[consent_id].reach.value)
    newest = func.row_number().over(
        partition_by=ConsentRecord.customer_id, order_by=(ConsentRecord.effective_at.desc(), ConsentRecord.id.desc())
    )
    answers = select(ConsentRecord.id, newest.label("place"))  # numbered for each customer, the newest first
    is_later = ConsentRecord.customer_id > after_id
    latest = answers.where(ConsentRecord.consent_id == consent_id, is_later).subquery()
    proof = and_(ConsentRecord.id == latest.c.id, latest.c.place == 1)
    columns = (ConsentRecord.id, ConsentRecord.object_hash, ConsentRecord.effective_at)
    return (
        select(Customer.id, Customer.name, address, *columns)
        .join(ConsentRecord, ConsentRecord.customer_id == Customer.id)
        .join(latest, proof)
        .where(
            ConsentRecord.granted,
            Customer.blocked_at.is_(None),
            address.is_not(None),
            confirmed_at.is_not(None),
            or_(ConsentRecord.source != VIPPS_LOGIN, ~_is_revoked()),
        )
        .order_by(Customer.id)
    )


def _is_revoked() -> ColumnElement[bool]:
    """Tell whether the Vipps user who gave the answer has revoked the sharing."""
    return exists().where(
        VippsLink.customer_id == Customer.id,
        VippsLink.subject == ConsentRecord.subject,
        VippsLink.sharing_revoked_at.is_not(None),
    )
