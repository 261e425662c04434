"""The revocation webhook: Vipps delivers the event that a person stopped sharing with this merchant.

The event is not signed, and the platform's HMAC does not cover it (Vipps Login API guide: webhooks). So the address is
the secret: its token is compared in constant time before the body is read, and appears in no log. The route uses no
cookie, no session and no form token, it refuses a browser's requests, and its response repeats nothing of the request.
Vipps documents neither retries nor expected statuses for this event, so the statuses are those of its other webhooks:
200 once the event is stored, also for an unknown person; 400 for a body that will never be understood; 429 and 503 for
"later". Anyone who learns the address can forge an event, so the merchant must allow only effects that can be undone.
"""

import hmac
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus

from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadRequest, HTTPException

from .config import WEBHOOK_PATH
from .revocation_event import MAX_BODY_BYTES, Delivery, parse
from .routes import Integration, integration

RETRY_SECONDS = 60

bp = Blueprint("vipps_webhook", __name__)


@bp.route(f"{WEBHOOK_PATH}<token>", methods=["POST"], provide_automatic_options=False)
def consent_revoked(token: str) -> Response:
    """Receive one event."""
    vipps = integration()
    config = vipps.client.config
    if "Origin" in request.headers or "Sec-Fetch-Site" in request.headers:
        return answer(HTTPStatus.FORBIDDEN)  # sent by a web page: only browsers set these headers (Fetch, section 3.2)
    if not is_valid_token(token, config.webhook_token, *config.other_webhook_tokens):
        return answer(HTTPStatus.NOT_FOUND)
    if request.mimetype != "text/plain":
        return answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        understood = vipps.merchant.receive(delivery(vipps))
    except HTTPException as refused:  # the body is too large or cannot be read, or there are too many events
        return answer(HTTPStatus(refused.code or HTTPStatus.BAD_REQUEST))
    except SQLAlchemyError:
        return answer(HTTPStatus.SERVICE_UNAVAILABLE)
    return answer(HTTPStatus.OK if understood else HTTPStatus.BAD_REQUEST)


def is_valid_token(token: str, *configured: str) -> bool:
    """Tell whether the path has one of the configured webhook tokens; False if none is configured (ASVS 16.5.3).

    All tokens are compared, so that the time reveals neither a correct prefix nor which token matched.
    """
    given = token.encode("utf-8", "replace")
    return sum(hmac.compare_digest(given, each.encode()) for each in configured if each) > 0


def delivery(vipps: Integration) -> Delivery:
    """Read the body up to the limit, also a chunked one; raise `HTTPException` if it is too large or malformed."""
    request.max_content_length = MAX_BODY_BYTES
    try:
        body = request.get_data(cache=False)
        request.stream.read(1)  # Werkzeug truncates a chunked body silently; reading one more byte raises
    except HTTPException:
        raise
    except Exception as error:  # each server has its own errors for a malformed chunk
        raise BadRequest from error
    config = vipps.client.config
    return Delivery(config.issuer, config.client_id, parse(body, datetime.now(UTC)), sha256(body).hexdigest())


def answer(status: HTTPStatus) -> Response:
    """Return a response with a status and its name only."""
    response = Response(status.phrase, status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response
