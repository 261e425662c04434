"""Steps of the revocation tests: deliver events, finish logins, and read the result."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from app.customers.linking import account_links
from app.customers.linking.sign_in import in_one_transaction
from app.customers.lookup import Identity
from app.customers.models import ConsentRecord, Customer, ProfileChange, VippsLink, VippsProfile, WebhookDelivery
from app.database import db, utcnow
from app.vipps.claims import parse
from app.vipps.config import ISSUER_PATH
from app.vipps.purposes import LoginPurpose
from tests.conftest import WEBHOOK_TOKEN
from tests.customers.steps import EMAIL
from tests.vipps.events import event
from tests.vipps_person import VippsPerson

PATH = f"/webhooks/vipps/consent-revoked/{WEBHOOK_TOKEN}"
SUBJECT = f"sub of {EMAIL}"
MINUTE = timedelta(minutes=1)


def now() -> datetime:
    """Return the current time in whole seconds, as in an event."""
    return utcnow().replace(microsecond=0)


def send(app: Flask, body: bytes, status: int = 200) -> None:
    answer = app.test_client(use_cookies=False).post(PATH, data=body, content_type="text/plain")
    assert answer.status_code == status, answer.text


def revoke(app: Flask, at: datetime | None = None, subject: str = SUBJECT, **changes: Any) -> bytes:
    body = event(at or now(), sub=subject, **changes)
    send(app, body)
    return body


def outcomes(app: Flask) -> list[tuple[str, int]]:
    with app.app_context():
        rows = db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id))
        return [(row.outcome, row.times) for row in rows]


def link_of(app: Flask, customer_id: int) -> VippsLink:
    with app.app_context():
        return db.session.scalars(select(VippsLink).where(VippsLink.customer_id == customer_id)).one()


def subject_of(vipps: VippsPerson) -> tuple[int, str]:
    """Return the customer's id and the Vipps subject of the person who has logged in."""
    with vipps.app.app_context():
        link = db.session.scalars(select(VippsLink).where(VippsLink.shared_at.is_not(None))).one()
        return link.customer_id, link.subject


def told(app: Flask, customer_id: int) -> None:
    """Give a customer's link a profile from Vipps with its own postal and email address."""
    with app.app_context():
        link = db.session.scalars(select(VippsLink).where(VippsLink.customer_id == customer_id)).one()
        home = {"type": "home", "street": "Fjordveien 12", "postal_code": "5003", "region": "BERGEN", "country": "NO"}
        link.profile = VippsProfile(name="Tuva At-Vipps", email="at.vipps@example.com", addresses=[home])
        db.session.commit()


def everything(app: Flask, *but: Any) -> dict[str, list[Any]]:
    """Return every row of the tables with data of a customer."""
    tables = (Customer, VippsLink, VippsProfile, ConsentRecord, ProfileChange)
    with app.app_context():
        return {
            model.__tablename__: [tuple(row) for row in db.session.execute(select(*model.__table__.columns))]
            for model in tables
            if model not in but
        }


def proposal(app: Flask, customer_id: int) -> None:
    with app.app_context():
        asked = {"field": "name", "before": "Tuva Lien", "after": "Tuva Berg", "source": "vipps", "state": "proposed"}
        db.session.add(ProfileChange(customer_id=customer_id, **asked))
        db.session.commit()


def sending(app: Flask, bodies: list[bytes]) -> list[Callable[[], Any]]:
    return [lambda body=body: send(app, body) for body in bodies]


def settle(app: Flask, logged_in_at: datetime, **claims: Any) -> None:
    """Finish a login that happened at the given time, as a callback does."""
    settings = app.extensions["settings"]
    who = Identity(settings.provider_url + ISSUER_PATH, settings.client_id, SUBJECT)

    def work() -> None:
        account_links.resolve(LoginPurpose.LOG_IN, who, parse({"sub": SUBJECT, **claims}), logged_in_at)
        db.session.commit()

    with app.test_request_context():
        in_one_transaction(work)
