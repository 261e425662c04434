"""Faults on request: each belongs to one login, so other logins are not affected.

A fault is an entry in the login's `faults`. The code that sends the real answer asks here first, so a new kind of fault
is one function and one line in `KINDS`.

- `error`: the login ends with this error code on the redirect instead of a code.
- `token`, `userinfo`: an answer that replaces the real one, such as `{"status": 503, "body": {...}}`; see `Answer`.
- `token_response`, `id_token`, `claims`: members that replace those of the token response, of the ID token or of
  userinfo; null removes a member.
- `signature`: how the ID token is signed wrongly; see `SIGNATURES`.
- `callback`: a wrong redirect back; see `CALLBACKS`.
- `without_scopes`: scopes that are dropped silently, as the product plan does.
- `careless`: the token endpoint does not compare the code verifier, as a provider without PKCE (RFC 7636).

`ENDPOINT_KINDS` are faults of the discovery document and the key set. Merchants fetch them outside a login, so these
stay until they are removed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

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

KINDS: dict[str, type] = {
    "error": str,
    "token": dict,
    "userinfo": dict,
    "token_response": dict,
    "id_token": dict,
    "claims": dict,
    "signature": str,
    "callback": str,
    "without_scopes": list,
    "careless": bool,
}

ENDPOINT_KINDS = ("discovery", "jwks")
"""An `Answer` that replaces the document, or `{"members": {...}}`: members that replace some of it."""

SIGNATURES = (
    *("wrong", "none", "none_mixed_case", "hmac", "hmac_secret", "unknown_key", "same_kid", "new_key"),
    *("no_kid", "jwk", "jku", "crit", "empty", "short", "two_parts"),
)
"""`wrong`: of another token. `none`, `none_mixed_case`: no algorithm. `hmac`, `hmac_secret`: HS256 with the public key
or the client secret. `unknown_key`: by a key that is never published. `same_kid`: by such a key under the published id.
`new_key`: by a new key that is published at once, as after a rotation. `no_kid`: valid, without a key id. `jwk`, `jku`:
by a key that the header itself brings or links to. `crit`: valid, with a critical header that no client knows. `empty`,
`short`: the signature is missing or cut in half. `two_parts`: without its last part.
"""

CALLBACKS = ("wrong_state", "no_state", "no_code", "two_codes", "wrong_issuer")

MAX_DELAY_SECONDS = 30  # seconds
MAX_FILLER_BYTES = 64 * 1024 * 1024  # bytes


@dataclass(frozen=True)
class Answer:
    """An answer that replaces the real one.

    It is delayed by `delay` seconds; `cut` closes the connection in the middle of the body, `drop` before the headers;
    `filler` blanks are sent before the body. A string body is sent as it is, any other value as JSON. With `real` the
    body is the right answer.
    """

    status: int = 500
    body: Any = field(default_factory=lambda: {"error": "server_error"})
    content_type: str = "application/json;charset=UTF-8"
    location: str = ""
    delay: float = 0
    cut: bool = False
    drop: bool = False
    filler: int = 0
    real: bool = False


def check(faults: Mapping[str, Any]) -> None:
    """Raise ValueError unless all faults have a known kind and valid values."""
    for kind, value in faults.items():
        if kind not in KINDS:
            raise ValueError(f"faults: {kind!r} is none of {', '.join(KINDS)}")
        if not isinstance(value, KINDS[kind]):
            raise ValueError(f"faults: {kind} must be {KINDS[kind].__name__}")
    for kind in ("token", "userinfo"):
        if kind in faults:
            _check_answer(kind, faults[kind])
    for kind, allowed in (("signature", SIGNATURES), ("callback", CALLBACKS)):
        if kind in faults and faults[kind] not in allowed:
            raise ValueError(f"faults: {kind} is one of {', '.join(allowed)}")


def _check_answer(kind: str, answer: Mapping[str, Any]) -> None:
    if unknown := sorted(set(answer) - {each.name for each in fields(Answer)}):
        raise ValueError(f"faults: {kind} has no {unknown[0]}")
    for name, maximum in (("status", 599), ("delay", MAX_DELAY_SECONDS), ("filler", MAX_FILLER_BYTES)):
        value = answer.get(name, 0)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= maximum:
            raise ValueError(f"faults: {kind}.{name} must be a number up to {maximum}")


def redirect_error(faults: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the error code and description that the login ends with, if any."""
    code = faults.get("error")
    return (code, REDIRECT_ERRORS.get(code, "The login was not completed")) if code else None


def check_endpoints(faults: Mapping[str, Any]) -> None:
    """Raise ValueError unless these are faults of the discovery document and the key set."""
    for kind, value in faults.items():
        if kind not in ENDPOINT_KINDS or not isinstance(value, Mapping):
            raise ValueError(f"faults: {kind!r} must be an object, and one of {', '.join(ENDPOINT_KINDS)}")
        if "members" not in value:
            _check_answer(kind, value)
        elif set(value) != {"members"} or not isinstance(value["members"], Mapping):
            raise ValueError(f"faults: {kind}.members must be an object, and alone")


def answer(faults: Mapping[str, Any], endpoint: str) -> Answer | None:
    """Return the replacement answer of `token` or `userinfo`, or None."""
    fault = faults.get(endpoint)
    return None if fault is None else Answer(**fault)


def filled_in(answer: Answer, body: Mapping[str, Any]) -> Answer:
    """Return the answer of a fault, with the right body if it is `real`."""
    return replace(answer, status=200, body=body) if answer.real else answer


def replace_members(faults: Mapping[str, Any], kind: str, members: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an ID token or of userinfo, replaced by those of the fault."""
    replaced = {**members, **faults.get(kind, {})}
    return {name: value for name, value in replaced.items() if not (name in faults.get(kind, {}) and value is None)}


def granted(faults: Mapping[str, Any], scopes: Sequence[str]) -> list[str]:
    """Return the scopes that a login is granted."""
    return [scope for scope in scopes if scope not in faults.get("without_scopes", ())]


def altered_callback(faults: Mapping[str, Any], location: str) -> str:
    """Return the redirect back, changed as the fault says."""
    where, _, query = location.partition("?")
    parameters = parse_qsl(query, keep_blank_values=True)
    match faults.get("callback"):
        case "wrong_state":
            parameters = [(name, "another-state" if name == "state" else value) for name, value in parameters]
        case "no_state":
            parameters = [each for each in parameters if each[0] != "state"]
        case "no_code":
            parameters = [each for each in parameters if each[0] != "code"]
        case "two_codes":
            parameters = [*parameters, ("code", "another-code")]
        case "wrong_issuer":
            parameters = [*parameters, ("iss", "https://evil.example")]
        case _:
            return location
    return f"{where}?{urlencode(parameters, quote_via=quote)}"
