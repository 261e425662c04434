"""Steps of the consent tests: change the userinfo response, read the ledger, count rows."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select, update

from app.customers.models import ConsentRecord, VippsLink
from app.database import Base, db
from app.vipps.transport import ProviderResponse
from tests.vipps_person import VippsPerson

AT = "2026-10-14T09:31:05Z"
QUESTIONS = {
    "email": "Receive offers via email",
    "sms": "Receive offers via SMS",
    "digital": "I would like to receive digital marketing",
    "personal": "Get customized offers",
}


def delegated(at: str = AT, **granted: bool) -> dict[str, Any]:
    consents = [
        {"id": name, "accepted": yes, "required": False, "textDisplayedToUser": QUESTIONS.get(name, name)}
        for name, yes in granted.items()
    ]
    links = {"termsLinkText": "Terms", "termsLinkUrl": "https://example.com/terms"}
    return {
        "language": "EN",
        "heading": "Stay in touch",
        "text": "We would like to write.",
        "links": links,
        "timeOfConsent": at,
        "consents": consents,
        "unknown": {"kept": True},
    }


def says_also(vipps: VippsPerson, **claims: Any) -> None:
    """Add claims to userinfo from now on, in the form in which Vipps sends them."""
    transport = vipps.app.extensions["vipps"].client._transport
    call = transport.call

    def saying(method: str, url: str, *rest: Any, **more: Any) -> ProviderResponse:
        answer: ProviderResponse = call(method, url, *rest, **more)
        if "userinfo" not in url:
            return answer
        return replace(answer, body=json.dumps({**json.loads(answer.body), **claims}).encode())

    transport.call = saying


def ledger_of(app: Flask, customer_id: int | None = None) -> list[ConsentRecord]:
    rows = select(ConsentRecord).order_by(ConsentRecord.id)
    if customer_id is not None:
        rows = rows.where(ConsentRecord.customer_id == customer_id)
    with app.app_context():
        return list(db.session.scalars(rows))


def answers_of(app: Flask, customer_id: int | None = None) -> list[tuple[str, bool, str]]:
    return [(row.consent_id, row.granted, row.source) for row in ledger_of(app, customer_id)]


def subject_of(app: Flask, customer_id: int) -> str:
    with app.app_context():
        return db.session.scalars(select(VippsLink.subject).where(VippsLink.customer_id == customer_id)).one()


def revoked(app: Flask, customer_id: int, at: datetime | None) -> None:
    """Store the time when a customer revoked the sharing, or None if they share again."""
    with app.app_context():
        db.session.execute(update(VippsLink).where(VippsLink.customer_id == customer_id).values(sharing_revoked_at=at))
        db.session.commit()


def everything(app: Flask) -> dict[str, list[Any]]:
    """Return every row of every table, except the tables that a login's transaction does not change."""
    outside = ("login_attempt", "error_report")
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in Base.metadata.sorted_tables
            if table.name not in outside
        }
