"""Misbehaviour on request, bound to one login, so that other people's logins are not touched.

A fault is an entry in the login's `faults`. The code that would have answered properly asks here first, so a
new kind of misbehaviour is one function and one line in `KINDS`.

- `error`: the login ends with this error code on the redirect instead of a code.
- `token`, `userinfo`: `{"status": 503, "body": {...}}` answers the call instead of the real thing.
- `id_token`, `claims`: members that replace those of the ID token or of userinfo; null takes a member away.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REDIRECT_ERRORS = {
    "access_denied": "User cancelled the login",
    "server_error": "Something went wrong, please try again",
    "login_required": "The login requires interaction with the user",
    "outdated_app_version": "The user has an outdated version of the app",
    "wrong_challenge": "The user picked the wrong challenge number",
    "unknown_reject_reason": "The login was rejected for an unknown reason",
    "invalid_app_callback_uri": "The app_callback_uri is malformed",
    "app_callback_uri_not_registered": "The app_callback_uri is not registered",
    "invalid_request": "The request is missing a required parameter or is otherwise malformed",
    "invalid_scope": "The requested scope is invalid, unknown, or malformed",
    "invalid_state": "The state is missing or too short",
    "unauthorized_client": "The client is not authorized to request a code with this method",
    "unsupported_response_type": "The response type is not supported",
    "temporarily_unavailable": "The server is overloaded or down for maintenance",
    "interaction_required": "The login requires interaction with the user",
    "consent_required": "The login requires the consent of the user",
    "account_selection_required": "The login requires the user to select an account",
}
"""Documented and standard codes with the description that is sent (Login API guide: browser flow integration,
errors; RFC 6749 section 4.1.2.1; OpenID Connect Core section 3.1.2.6). Any other code may be sent too.
"""

KINDS: dict[str, type] = {"error": str, "token": dict, "userinfo": dict, "id_token": dict, "claims": dict}


@dataclass(frozen=True)
class Answer:
    """An answer that replaces the proper one."""

    status: int
    body: Any


def check(faults: Mapping[str, Any]) -> None:
    """Raise ValueError unless all faults are of a known kind and shape."""
    for kind, value in faults.items():
        if kind not in KINDS:
            raise ValueError(f"faults: {kind!r} is none of {', '.join(KINDS)}")
        if not isinstance(value, KINDS[kind]):
            raise ValueError(f"faults: {kind} must be {KINDS[kind].__name__}")
    for kind in ("token", "userinfo"):
        if kind in faults and not isinstance(faults[kind].get("status", 500), int):
            raise ValueError(f"faults: {kind}.status must be a number")


def redirect_error(faults: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the error code and description that the login ends with, if any."""
    code = faults.get("error")
    return (code, REDIRECT_ERRORS.get(code, "The login was not completed")) if code else None


def answer(faults: Mapping[str, Any], endpoint: str) -> Answer | None:
    """Return what `token` or `userinfo` answers instead, if anything."""
    fault = faults.get(endpoint)
    return None if fault is None else Answer(fault.get("status", 500), fault.get("body", {"error": "server_error"}))


def bend(faults: Mapping[str, Any], kind: str, members: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an ID token or of userinfo with the fault's members in their place."""
    bent = {**members, **faults.get(kind, {})}
    return {name: value for name, value in bent.items() if not (name in faults.get(kind, {}) and value is None)}
