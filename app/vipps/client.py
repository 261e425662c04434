"""The calls of a login to Vipps, in order: authorization URL, code exchange, ID token, userinfo.

A login makes two calls; the discovery document and the keys are cached. Tokens are in local variables only and are
stored nowhere (ASVS 10.1.1). Authlib does the wire formats; `transport` and `discovery` do the rest.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from .attempts import Attempt
from .claims import drop_nin
from .config import VippsConfig
from .deadline_http import Deadline
from .discovery import Discovery, raise_for_outage
from .errors import LoginRefused, loggable
from .id_token import IN_APP, IdToken, validate
from .purposes import CONFIRMATIONS, LoginPurpose
from .transport import ProviderResponse, Transport

START_SECONDS = 5.0  # for the start of a login, which calls Vipps only when the discovery document has expired
SLOT_SECONDS = 1.5  # longest wait for a slot: enough for a burst of 100 logins, short while Vipps hangs
CALLBACK_SECONDS = 6.5  # for all calls of a callback; with 3 for a busy database its page comes within 10


@dataclass(frozen=True)
class Tokens:
    """The token response. It is never stored, logged or sent to the browser."""

    access_token: str
    id_token: object

    def __repr__(self) -> str:
        return "Tokens(…)"


class VippsClient:
    """The relying party (client) of Vipps Login; one per process, shared by its threads."""

    def __init__(self, config: VippsConfig, transport: Transport | None = None) -> None:
        self.config = config
        self._transport = transport or Transport(
            config.concurrent_logins, failures_on_demand=config.failures_on_demand, connect_to=config.connect_to
        )
        self.breaker = self._transport.breaker
        self.discovery = Discovery(config, self._transport)
        self._auth = ClientAuth(config.client_id, config.client_secret, config.client_auth_method)
        self._slots = threading.BoundedSemaphore(config.concurrent_logins)

    @contextmanager
    def slot(self) -> Iterator[Deadline]:
        """Take one of the slots for logins that wait for Vipps, and return the deadline of the login.

        Without a limit, a provider that hangs would take every thread, and the catalogue with them (ASVS 15.4.4).
        """
        deadline = Deadline(CALLBACK_SECONDS)
        if not self._slots.acquire(timeout=SLOT_SECONDS):
            raise LoginRefused("too_many_logins")
        try:
            yield deadline
        finally:
            self._slots.release()

    def authorization_url(self, attempt: Attempt) -> str:
        """Return the authorization URL (OpenID Connect Core, section 3.1.2.1; RFC 7636, section 4.3).

        It names the challenge method, because Vipps' default is `plain` (Vipps Login API guide: browser flow). For a
        re-authentication Vipps asks in the app even if it remembers the browser (in-app confirmation).
        """
        endpoint = self.discovery.provider(Deadline(START_SECONDS)).authorization_endpoint
        if self.config.check_first:
            self._transport.check_reachable(endpoint)
        return f"{endpoint}?{urlencode(self.authorization_parameters(attempt), quote_via=quote)}"

    def authorization_parameters(self, attempt: Attempt) -> dict[str, str]:
        """Return the parameters of the authorization URL."""
        return {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": self.config.redirect_uri,
            "scope": " ".join(self.config.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": create_s256_code_challenge(attempt.code_verifier),
            "code_challenge_method": "S256",
            "market": self.config.market,
            **({"acr_values": IN_APP} if attempt.purpose in CONFIRMATIONS else {}),
        }

    def check_issuer(self, issuers: list[str], deadline: Deadline) -> None:
        """Check `iss` in the response, if the provider sends or promises it (RFC 9207, section 2.4)."""
        provider = self.discovery.provider(deadline)
        if (issuers or provider.iss_in_response) and issuers != [provider.issuer]:
            raise LoginRefused("issuer_mismatch")

    def exchange(self, code: str, attempt: Attempt, deadline: Deadline) -> Tokens:
        """Exchange the code for tokens, once (RFC 6749, section 4.1.3; RFC 7636, section 4.5)."""
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self.config.redirect_uri, code_verifier=attempt.code_verifier
        )
        return read_tokens(self.post_form(self.discovery.provider(deadline).token_endpoint, body, deadline))

    def post_form(
        self, endpoint: str, body: str, deadline: Deadline, *, may_throttle: bool = False
    ) -> ProviderResponse:
        """Send a form to an endpoint, with the credentials of this client."""
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            **self.config.tracking_headers,
        }
        # Vipps documents plain base64 of `id:secret`, and Authlib sends that. RFC 6749, section 2.3.1, form-encodes
        # both first, which differs only for reserved characters in the secret.
        endpoint, headers, body = self._auth.prepare("POST", endpoint, headers, body)
        return self._transport.call("POST", endpoint, headers, deadline, body=body.encode(), may_throttle=may_throttle)

    def validate(self, tokens: Tokens, attempt: Attempt, deadline: Deadline, auth_req_id: str = "") -> IdToken:
        """Check the ID token of this attempt, or of the merchant-initiated login of an `auth_req_id`.

        For a re-authentication, only the `acr` claim proves that the person confirmed in the app. What Vipps sends on a
        plan without in-app confirmation is not documented (Vipps Login API guide: in-app confirmation).
        """
        id_token = validate(
            tokens.id_token,
            find_key=lambda kid, again: self.discovery.key(kid, deadline, again),
            issuer=self.config.issuer,
            client_id=self.config.client_id,
            nonce=attempt.nonce,
            access_token=tokens.access_token,
            auth_req_id=auth_req_id,
        )
        if attempt.purpose is LoginPurpose.CONFIRM and id_token.acr != IN_APP:
            raise LoginRefused("not_confirmed_in_app")
        return id_token

    def userinfo(self, tokens: Tokens, id_token: IdToken, deadline: Deadline) -> dict[str, Any]:
        """Return the claims of userinfo as received, after checking that their `sub` is the ID token's.

        The header has the access token as `Bearer` and no subscription key, or Vipps answers 401 (Vipps Login API
        guide: userinfo). `claims.parse` turns the claims into typed values.
        """
        headers = {
            "Authorization": f"Bearer {tokens.access_token}",
            "Accept": "application/json",
            **self.config.tracking_headers,
        }
        answer = self._transport.call("GET", self.discovery.provider(deadline).userinfo_endpoint, headers, deadline)
        claims = _userinfo(answer)
        if claims.get("sub") != id_token.subject:  # OpenID Connect Core, section 5.3.2
            raise LoginRefused("userinfo_subject")
        return claims


def read_tokens(answer: ProviderResponse) -> Tokens:
    """Return the tokens of a token response (RFC 6749, section 5.1)."""
    raise_for_outage(answer)
    try:
        body = answer.members()
    except ValueError as error:
        raise LoginRefused("token_garbled", detail=f"status {answer.status}, {error}") from error
    if answer.status != 200 or "error" in body:
        _refuse_token_error(answer.status, body.get("error"))
    access_token, token_type = body.get("access_token"), body.get("token_type", "bearer")
    # RFC 6749, section 7.1: a client must not use a token of an unknown type.
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise LoginRefused("token_garbled", detail="token_type")
    # RFC 6749, appendix A.12: printable ASCII.
    if not isinstance(access_token, str) or not re.fullmatch(r"[\x20-\x7e]+", access_token):
        raise LoginRefused("token_garbled", detail="access_token")
    return Tokens(access_token, body.get("id_token"))


def _refuse_token_error(status: int, error: object) -> None:
    if error == "invalid_client" or (status == 401 and not error):
        raise LoginRefused("invalid_client", detail=f"status {status}")
    if error == "invalid_grant":
        raise LoginRefused("invalid_grant", detail=f"status {status}")
    raise LoginRefused("token_refused", detail=f"status {status}, {loggable(error)}")


def _userinfo(answer: ProviderResponse) -> dict[str, Any]:
    raise_for_outage(answer)
    if answer.status != 200:
        raise LoginRefused("userinfo_refused", detail=f"status {answer.status}")
    try:
        claims = answer.members()
    except ValueError as error:
        raise LoginRefused("userinfo_garbled", detail=str(error)) from error
    drop_nin(claims)
    return claims
