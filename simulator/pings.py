"""Sends the ping of a merchant-initiated login: the person has answered, so the merchant may ask for the tokens.

It is an event of the Webhooks API, signed as that API documents. It has only the `auth_req_id`, is sent after the
answer is committed, and never fails the page. Registration by `POST /webhooks/v1/webhooks` is not simulated: a
merchant's `ping_url` and `ping_secret` replace it.

Sources: Vipps MobilePay Login API guide, webhooks (`login.merchant-initiated.ping.v1`); Webhooks API guide, request
authentication.
"""

import base64
import hashlib
import hmac
import json
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

import urllib3

from . import request_log
from .backchannel import of_login
from .clock import utcnow
from .database import Store
from .models import BackchannelRequest, Login, SalesUnit
from .revocations import TIMEOUT


def send(store: Store, login_id: str) -> None:
    """Send the ping to the merchant of a login if it has a `ping_url`, and log the status; 0 means no answer."""
    with store.read() as session:
        request: BackchannelRequest | None = of_login(session, login_id)
        unit = session.get_one(SalesUnit, session.get_one(Login, login_id).client_id)
    if request is None or not unit.ping_url:
        return
    body = json.dumps({"auth_req_id": request.auth_req_id}).encode()
    headers = {"Content-Type": "application/json", **signature(unit.ping_secret, unit.ping_url, body, utcnow())}
    try:
        status = urllib3.request(
            "POST", unit.ping_url, body=body, headers=headers, timeout=TIMEOUT, retries=False, redirect=False
        ).status
    except urllib3.exceptions.HTTPError:
        status = 0
    with store.write() as session:
        request_log.record(session, "ping", unit.client_id, status, None if status else "no answer")


def signature(secret: str, url: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers that sign a delivery; the secret is text, not base64 (Webhooks API guide)."""
    parts = urlsplit(url)
    date, content = format_datetime(now, usegmt=True), _base64(hashlib.sha256(body).digest())
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    text = f"POST\n{path}\n{date};{parts.netloc};{content}"
    signed = _base64(hmac.digest(secret.encode(), text.encode(), "sha256"))
    return {
        "x-ms-date": date,
        "x-ms-content-sha256": content,
        "Authorization": f"HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signed}",
    }


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
