"""Sends the revocation event, as Vipps does when a person revokes the consent for a company.

The event is one POST of `text/plain` to the company's webhook address: an unsigned JWT of two segments, without a dot
at the end, valid for five minutes (Vipps MobilePay Login API guide: webhooks, consent revoked). It is sent after the
change is committed, follows no redirect, waits a few seconds at most, and never fails the page: its result is stored
with the event. Whether Vipps retries a failed event is not documented, so the simulator does not retry. Repeated, late
or malformed events are sent on request (`Variant`).
"""

import base64
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import urllib3
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from . import logins, persons
from .clock import utcnow
from .database import Store, fetch
from .models import Delivery, Person, SalesUnit
from .random_values import new_id

EVENT = "CONSENT_REVOKED"
OTHER_EVENT = "SOMETHING_ELSE"
LIFETIME_SECONDS = 300
HOUR_SECONDS = 3600
TIMEOUT = urllib3.Timeout(connect=2, read=5)


class Variant(StrEnum):
    """A way to deliver an event; all but the first test how the company handles unusual events."""

    ORDINARY = "ordinary"
    TWICE = "twice"
    """Sent two times."""
    HELD = "held"
    """Stored until it is sent on request."""
    THREE_SEGMENTS = "three_segments"
    """With the dot at the end that RFC 7519 section 6.1 requires and the documented sample lacks."""
    WRONG_EVENT = "wrong_event"
    """Under another event's name."""
    EXPIRED = "expired"
    """An hour old when it is sent."""
    SILENT = "silent"
    """Neither sent nor stored."""


ODD = tuple(variant for variant in Variant if variant is not Variant.ORDINARY)


def variant_named(name: object) -> Variant:
    """Return the variant with this name, the ordinary one for None; raise ValueError if the name is unknown."""
    if name is None:
        return Variant.ORDINARY
    found = next((variant for variant in ODD if variant == name), None)
    if found is None:
        raise ValueError(f"event: {name!r} is none of {', '.join(ODD)}")
    return found


def revoke(session: Session, person: Person, client_id: str, variant: Variant = Variant.ORDINARY) -> Delivery | None:
    """Revoke a person's consent for a company; return the event to send, if the company has a webhook."""
    is_ended = logins.revoke_sharing(session, person.key, client_id)
    unit = session.get_one(SalesUnit, client_id)
    if not is_ended or not unit.webhook_url or variant is Variant.SILENT:
        return None
    issued = int(utcnow().timestamp()) - (HOUR_SECONDS if variant is Variant.EXPIRED else 0)
    delivery = Delivery(
        id=new_id(),
        person_key=person.key,
        client_id=client_id,
        variant=variant,
        body=event_body(persons.subject(person, unit.msn), issued, variant),
        made_at=utcnow(),
        expires_at=datetime.fromtimestamp(issued + LIFETIME_SECONDS, UTC),
    )
    session.add(delivery)
    session.flush()
    return delivery


def event_body(subject: str, issued: int, variant: Variant = Variant.ORDINARY) -> str:
    """Return the event as it is sent, in the documented order of members."""
    name = OTHER_EVENT if variant is Variant.WRONG_EVENT else EVENT
    payload = {"exp": issued + LIFETIME_SECONDS, "iat": issued, "nbf": issued, "sub": subject, "event": name}
    end = "." if variant is Variant.THREE_SEGMENTS else ""
    return f"{_segment({'alg': 'none', 'typ': 'JWT'})}.{_segment(payload)}{end}"


def send_new(store: Store, delivery: Delivery) -> int | None:
    """Send a new event, once or twice as its variant says; return the last status, None without an answer."""
    if delivery.variant == Variant.TWICE:
        send(store, delivery.id)
    return send(store, delivery.id)


def send(store: Store, delivery_id: str) -> int | None:
    """Send an event to the company's current webhook, outside any transaction, and store the result."""
    with store.read() as session:
        delivery = fetch(session, Delivery, delivery_id)
        unit = session.get_one(SalesUnit, delivery.client_id) if delivery else None
    if delivery is None or unit is None or not unit.webhook_url:
        return None
    status = _post(unit.webhook_url, delivery.body)
    tried = update(Delivery).where(Delivery.id == delivery_id)
    with store.write() as session:
        session.execute(tried.values(attempts=Delivery.attempts + 1, tried_at=utcnow(), status=status))
    return status


def newest(session: Session, person_key: str | None = None, limit: int = 100) -> list[Delivery]:
    """Return the last events, newest first: of all persons, or of one."""
    query = select(Delivery).order_by(Delivery.made_at.desc(), Delivery.id).limit(limit)
    return list(session.scalars(query if person_key is None else query.where(Delivery.person_key == person_key)))


def _post(url: str, body: str) -> int | None:
    try:
        answer = urllib3.request(
            "POST",
            url,
            body=body.encode(),
            headers={"Content-Type": "text/plain"},
            timeout=TIMEOUT,
            retries=False,
            redirect=False,
        )
    except urllib3.exceptions.HTTPError:
        return None
    return answer.status


def _segment(members: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(members, separators=(",", ":")).encode()).rstrip(b"=").decode()
