"""Merchant-initiated login (CIBA): the shop names a phone number, the customer confirms in the app, the shop polls.

Both sides show a code, the binding message, so that the customer confirms this login and not another one. It is for a
counter or a call centre, never for web pages or apps.

Sources: Vipps Login API guide, merchant-initiated login; OpenID Connect CIBA Core, sections 7, 10, 11 and 13.
"""

import base64
import hashlib
from enum import StrEnum
from urllib.parse import urlencode

from .attempts import LIFETIME
from .client import Tokens, VippsClient, read_tokens
from .deadline_http import Deadline
from .discovery import raise_for_outage
from .errors import REDIRECT_CODES, LoginRefused, refused_by_vipps
from .sanitize import text
from .transport import ProviderResponse

GRANT_TYPE = "urn:openid:params:grant-type:ciba"
MIN_INTERVAL_SECONDS = 5
MAX_INTERVAL_SECONDS = 60
MAX_ID_LENGTH = 128


class Wait(StrEnum):
    """The customer has not answered yet; after `SLOW_DOWN` the shop must poll less often (CIBA Core, section 11)."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"


def binding_message(nonce: str) -> str:
    """Return the code of a login, such as `4MZ-CQ3`; Vipps allows 5 to 8 of A-Z, 0-9 and `-`."""
    letters = base64.b32encode(hashlib.sha256(nonce.encode()).digest()).decode()
    return f"{letters[:3]}-{letters[3:6]}"


def start(client: VippsClient, phone_number: str, message: str, deadline: Deadline) -> tuple[str, int]:
    """Start a login on a customer's phone; return its `auth_req_id` and the seconds between two polls."""
    form = {
        "scope": " ".join(client.config.scopes),
        "login_hint": f"urn:msisdn:{phone_number}",
        "binding_message": message,
        "requested_expiry": str(int(LIFETIME.total_seconds())),
    }
    endpoint = client.discovery.provider(deadline).backchannel_endpoint
    if not endpoint:
        raise LoginRefused("discovery_unusable", detail="backchannel_authentication_endpoint")
    answer = client.post_form(endpoint, urlencode(form), deadline, may_throttle=True)
    if answer.status == 429:
        retry_after = answer.headers.get("Retry-After", "")
        raise LoginRefused("too_many_prompts", retry_after=int(retry_after) if retry_after.isdecimal() else 0)
    raise_for_outage(answer)
    body = _members(answer)
    if answer.status != 200:
        _refuse(body)
    request_id, interval = body.get("auth_req_id"), body.get("interval", MIN_INTERVAL_SECONDS)
    if not isinstance(request_id, str) or not 0 < len(request_id) <= MAX_ID_LENGTH or text(request_id) != request_id:
        raise LoginRefused("token_garbled", detail="auth_req_id")
    return request_id, bounded(interval if isinstance(interval, int) else MIN_INTERVAL_SECONDS)


def poll(client: VippsClient, request_id: str, deadline: Deadline) -> Tokens | Wait:
    """Ask Vipps once whether the customer has answered; return the tokens if they have confirmed."""
    form = {"grant_type": GRANT_TYPE, "auth_req_id": request_id}
    answer = client.post_form(client.discovery.provider(deadline).token_endpoint, urlencode(form), deadline)
    raise_for_outage(answer)
    error = str(_members(answer).get("error", ""))
    if error in list(Wait):
        return Wait(error)
    if error == "expired_token":
        raise LoginRefused("state_expired")
    if error in REDIRECT_CODES:
        raise LoginRefused(error)
    return read_tokens(answer)


def bounded(interval: int) -> int:
    """Return a polling interval, limited to a sensible range."""
    return min(max(interval, MIN_INTERVAL_SECONDS), MAX_INTERVAL_SECONDS)


def _members(answer: ProviderResponse) -> dict[str, object]:
    try:
        return answer.members()
    except ValueError:
        return {}


def _refuse(body: dict[str, object]) -> None:
    """Raise the refusal of an error response (Vipps Login API guide: merchant-initiated login, error responses)."""
    error, code = str(body.get("error", "")), body.get("error_code")
    if code == "old_app":
        raise LoginRefused("outdated_app_version")
    if code == "invalid_user" or error == "unknown_user_id":
        raise LoginRefused("no_vipps_user")
    if error == "invalid_client":
        raise LoginRefused(error)
    raise refused_by_vipps(error)
