"""Steps of the webhook's tests: deliver a body, and read the stored rows."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import WebhookDelivery
from app.database import db, utcnow
from tests.conftest import WEBHOOK_TOKEN
from tests.vipps.events import event

ADDRESS = "/webhooks/vipps/consent-revoked/"
PATH = ADDRESS + WEBHOOK_TOKEN
PLAIN = "text/plain"


def send(sender: FlaskClient, body: bytes | None = None, path: str = PATH, **kwargs: Any) -> Any:
    kwargs.setdefault("content_type", PLAIN)
    return sender.post(path, data=event(utcnow()) if body is None else body, **kwargs)


def deliveries(app: Flask) -> list[WebhookDelivery]:
    with app.app_context():
        return list(db.session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))
