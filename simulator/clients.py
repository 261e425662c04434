"""Client authentication at the token and revocation endpoints.

A sales unit must use the method that it is configured for, by default `client_secret_basic`; every other attempt gets
the same 401 `invalid_client` (Vipps MobilePay Login API guide: token endpoint; RFC 6749 section 5.2).
"""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

from sqlalchemy.orm import Session

from .database import fetch
from .models import SalesUnit

_DESCRIPTION = (
    "Client authentication failed (e.g., unknown client, no client authentication included,"
    " or unsupported authentication method)."
)


@dataclass(frozen=True)
class OAuthFailure:
    """An error answer of the token endpoint; `debug` helps the developer and names no secret."""

    status: int
    error: str
    description: str
    debug: str
    code: str = ""
    """The `error_code` of a merchant-initiated login, such as `invalid_user`."""
    retry_after: int = 0

    def to_json(self) -> dict[str, str | int]:
        """Return the documented error members (Login API OpenAPI: ErrorResponse; RFC 6749 section 5.2)."""
        return {
            "error": self.error,
            "error_description": self.description,
            "error_code": self.code or self.status,
            "error_debug": self.debug,
        }


def authenticate(session: Session, authorization: str, form: Mapping[str, str]) -> SalesUnit | OAuthFailure:
    """Return the authenticated sales unit, or the error."""
    basic = _read_basic(authorization)
    if basic and "client_secret" in form:
        # RFC 6749 section 2.3: only one method per request.
        return OAuthFailure(400, "invalid_request", "More than one way of client authentication was used.", "")
    if basic:
        return _authenticate_basic(session, *basic)
    if "client_secret" in form:
        return _authenticate_post(session, form.get("client_id", ""), form["client_secret"])
    return _refused("No client authentication was included.")


def _authenticate_basic(session: Session, client_id: str, secret: str) -> SalesUnit | OAuthFailure:
    """Accept plain base64 of `id:secret`, as Vipps documents, and the encoding of RFC 6749 section 2.3.1."""
    for read in (str, unquote_plus):
        unit = fetch(session, SalesUnit, read(client_id))
        if unit and _same(unit.client_secret, read(secret)):
            return _allowed(unit, "client_secret_basic")
    return _refused("The client id or the secret is wrong.")


def _authenticate_post(session: Session, client_id: str, secret: str) -> SalesUnit | OAuthFailure:
    unit = fetch(session, SalesUnit, client_id)
    if unit is None or not _same(unit.client_secret, secret):
        return _refused("The client id or the secret is wrong.")
    return _allowed(unit, "client_secret_post")


def _allowed(unit: SalesUnit, method: str) -> SalesUnit | OAuthFailure:
    if unit.auth_method != method:
        return _refused(f"The sales unit is set up for {unit.auth_method}, the request used {method}.")
    return unit


def _refused(debug: str) -> OAuthFailure:
    return OAuthFailure(401, "invalid_client", _DESCRIPTION, debug)


def _read_basic(header: str) -> tuple[str, str] | None:
    """Return id and secret of a Basic header; ("", "") if it is malformed, None if it is not a Basic header."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:  # no base64, no UTF-8, or no ASCII in the header
        return "", ""
    return client_id, secret


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode(errors="surrogatepass"))
