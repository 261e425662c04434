"""The address to which Vipps delivers that a person shares nothing with us any more.

The event is not signed, and the platform's HMAC is not for it (Vipps Login API guide: webhooks), so the address itself
is the secret: it is compared in constant time, before anything of the body is read, and appears in no log. There is no
cookie, no session and no form token here; the answer is a status and its name, and nothing of what was sent comes back.
Vipps documents neither retries nor expected statuses for this event, so the statuses are those of its other webhooks:
200 once it is stored, and also for people whom we do not know; 400 for what will never be understood; 429 and 503 for
"later". Anybody who learns the address can forge an event: see the merchant's side for what one may do.
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus

from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge, TooManyRequests

from .revocation import LONGEST_BODY, Delivery, parse
from .routes import Integration, integration

RETRY_SECONDS = 60

bp = Blueprint("vipps_webhook", __name__)


@bp.route("/webhooks/vipps/consent-revoked/<token>", methods=["POST"], provide_automatic_options=False)
def consent_revoked(token: str) -> Response:
    """Receive one event."""
    vipps = integration()
    config = vipps.client.config
    if not is_ours(token, config.webhook_token, *config.other_webhook_tokens):
        return answer(HTTPStatus.NOT_FOUND)
    if request.mimetype != "text/plain":
        return answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        understood = vipps.merchant.receive(delivery(vipps))
    except RequestEntityTooLarge:
        return answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TooManyRequests:
        return answer(HTTPStatus.TOO_MANY_REQUESTS)
    except SQLAlchemyError:
        return answer(HTTPStatus.SERVICE_UNAVAILABLE)
    return answer(HTTPStatus.OK if understood else HTTPStatus.BAD_REQUEST)


def is_ours(token: str, *configured: str) -> bool:
    """Tell whether the path ends with a secret of ours; without one configured, nothing does (ASVS 16.5.3).

    All are compared, so that the time tells neither how much of one is right nor which one it is.
    """
    given = token.encode("utf-8", "replace")
    return sum(hmac.compare_digest(given, each.encode()) for each in configured if each) > 0


def delivery(vipps: Integration) -> Delivery:
    """Read what was sent, up to the limit, however it was sent; raises `RequestEntityTooLarge` beyond."""
    request.max_content_length = LONGEST_BODY
    body = request.get_data(cache=False)
    request.stream.read(1)  # a body in chunks was cut at the limit without a word; to ask for more raises
    config = vipps.client.config
    return Delivery(config.issuer, config.client_id, parse(body, datetime.now(UTC)), sha256(body).hexdigest())


def answer(status: HTTPStatus) -> Response:
    """Answer with a status, its name, and no more."""
    response = Response(status.phrase, status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
