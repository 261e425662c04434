"""The adversary: an OpenID Provider that remembers its grants. It checks requests unless a test turns this off.

It is `tests.provider` with an authorization endpoint, and with a token endpoint that checks everything that the
standard demands: the client, its authentication method, the code, the redirect URI, the verifier, and single use.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.provider import ACCESS_TOKEN, CLIENT_ID, SUBJECT, TOKEN_PATH, USERINFO_PATH, Handler, Provider

CLIENT_SECRET = "s+cr/t=="
PERSON = {
    "name": "Ada Nordmann", "given_name": "Ada", "family_name": "Nordmann", "email": "ada@conformance.example",
    "email_verified": True, "phone_number": "4790012345", "phone_number_verified": True,
}  # fmt: skip


@dataclass(frozen=True)
class Grant:
    """The grant behind a code: the authorization request, and the subject that approved it."""

    request: dict[str, str]
    subject: str


class OpenIDProvider(Provider):
    """A provider with an authorization endpoint; `requests` are the authorization requests it received, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.forget()

    def forget(self) -> None:
        self.behave()
        self.nonce, self.subject = "", SUBJECT
        self.seen.clear()
        self.grants: dict[str, Grant] = {}
        self.requests: list[dict[str, str]] = []
        self.id_tokens: list[str] = []

    def behave(self) -> None:
        """Answer correctly from now on, and check every request."""
        super().behave()
        self.careful = True
        self.auth_method = "client_secret_basic"
        self.userinfo = dict(PERSON)

    def authorize(self, url: str, subject: str = "", **answer: Any) -> str:
        """Approve an authorization request, given its URL; return the callback's path and query.

        `answer` changes the response: a value of None removes a parameter.
        """
        request = self.understood(url)
        code = secrets.token_urlsafe(16)
        self.grants[code] = Grant(request, subject or self.subject)
        self.requests.append(request)
        parameters = {"code": code, "state": request["state"], **answer}
        query = urlencode({name: value for name, value in parameters.items() if value is not None}, doseq=True)
        return f"{urlsplit(request['redirect_uri']).path}?{query}"

    def understood(self, url: str) -> dict[str, str]:
        """Check and return an authorization request (OpenID Connect Core section 3.1.2.2, RFC 9700 section 2.1.1)."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == self.document()["authorization_endpoint"]
        given = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
        assert all(len(values) == 1 for values in given.values()), "a parameter is repeated (RFC 6749, section 3.1)"
        request = {name: values[0] for name, values in given.items()}
        assert request["response_type"] == "code"
        assert request["client_id"] == CLIENT_ID
        assert request["redirect_uri"] == "http://localhost:8000/login/vipps/callback"
        assert "openid" in request["scope"].split(" ")
        assert request["code_challenge_method"] == "S256"
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", request["code_challenge"])
        assert request["state"]
        assert request["nonce"]
        return request

    def handle(self, handler: Handler) -> None:
        """Answer requests to the token endpoint and userinfo after checking them; answer other requests as usual."""
        if handler.path == TOKEN_PATH:
            self.redeem(handler)
        elif handler.path == USERINFO_PATH and handler.headers["Authorization"] != f"Bearer {ACCESS_TOKEN}":
            handler.send_json({"error": "invalid_token"}, 401)
        else:
            super().handle(handler)

    def redeem(self, handler: Handler) -> None:
        """Answer a token request (RFC 6749, section 4.1.3; RFC 7636, section 4.6)."""
        form = {name: values[0] for name, values in handler.form.items()}
        code = form.get("code", "")
        grant = self.grants.pop(code, None) if self.careful else self.grants.get(code)
        if not self.is_client(form, handler.headers["Authorization"]):
            handler.send_json({"error": "invalid_client"}, 401)
        elif grant is None or (self.careful and not proves(form, grant.request)):
            handler.send_json({"error": "invalid_grant"}, 400)
        else:
            self.nonce, self.subject = grant.request["nonce"], grant.subject
            answer = self.tokens()
            self.id_tokens.append(str(answer.get("id_token")))
            handler.send_json(answer)

    def is_client(self, form: dict[str, str], header: str | None) -> bool:
        """Tell whether the client authenticated with the only method that it is registered for."""
        if self.auth_method == "client_secret_post":
            return header is None and (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        basic = "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        return header == basic and "client_secret" not in form


def proves(form: dict[str, str], request: dict[str, str]) -> bool:
    """Tell whether a token request matches the authorization request: same redirect URI, and the right verifier."""
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return (
        form.get("grant_type") == "authorization_code"
        and form.get("redirect_uri") == request["redirect_uri"]
        and challenge == request["code_challenge"]
    )
