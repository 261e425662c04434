"""Telling a company that a person has ended the sharing: the revocation event, as Vipps delivers it.

One POST of `text/plain` to the address that the company gave: an unsigned JWT of two segments, without a dot at the
end, good for five minutes (Vipps MobilePay Login API guide: webhooks, consent revoked). It goes out after the change is
committed, follows no redirect, waits a few seconds at most, and never fails the page: the result is what is returned.
Whether Vipps repeats an event that failed is not documented, so this does not.
"""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

import urllib3
from sqlalchemy.orm import Session

from app.simulator import logins, persons
from app.simulator.models import Person, SalesUnit

EVENT = "CONSENT_REVOKED"
LIFETIME = 300  # seconds
TIMEOUT = urllib3.Timeout(connect=2, read=5)


@dataclass(frozen=True)
class Event:
    """An event that has to be delivered."""

    url: str
    body: str


def revoke(session: Session, person: Person, client_id: str) -> Event | None:
    """End a person's sharing with a company; return what the company is told, if it wants to be told."""
    logins.revoke_sharing(session, person.key, client_id)
    unit = session.get_one(SalesUnit, client_id)
    if not unit.webhook_url:
        return None
    return Event(unit.webhook_url, unsigned_jwt(persons.subject(person, unit.msn), int(time.time())))


def unsigned_jwt(subject: str, now: int) -> str:
    """Return the event's body, in the documented order of members."""
    payload = {"exp": now + LIFETIME, "iat": now, "nbf": now, "sub": subject, "event": EVENT}
    return f"{_segment({'alg': 'none', 'typ': 'JWT'})}.{_segment(payload)}"


def deliver(event: Event) -> int | None:
    """Send an event and return the status of the answer; None if nobody answered."""
    try:
        answer = urllib3.request(
            "POST",
            event.url,
            body=event.body.encode(),
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
