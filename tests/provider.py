"""An OpenID Provider that answers correctly unless a test changes its answers.

It answers on a real socket, because deadlines, size limits and cut connections are properties of sockets. A test
changes an answer by a function for its path in `bent`, or a claim by `claims`, and reads the requests from `seen`.
"""

import hashlib
import json
import ssl
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

from app.vipps.config import DISCOVERY_PATH, ISSUER_PATH, VippsConfig

KEYS_PATH = "/access-management-1.0/access/.well-known/jwks.json"
TOKEN_PATH = "/access-management-1.0/access/oauth2/token"
USERINFO_PATH = "/vipps-userinfo-api/userinfo"
ACCESS_TOKEN = "opaque.access-token"
CLIENT_ID = "the-client"
SUBJECT = "3f6c1a52-8d0e-4b77-9a41-6c2f5be0d913"

_keys = [RSAKey.generate_key(2048, {"kid": f"public:{n}", "use": "sig", "alg": "RS256"}) for n in range(2)]
Bent = Callable[["Handler"], None]


class After(int):
    """A time claim, in seconds after the token is made."""


class Provider:
    """A provider's state; `origin` is its address."""

    def __init__(self) -> None:
        self.origin = ""
        self.nonce = ""
        self.subject = SUBJECT
        self.seen: list[tuple[str, str, dict[str, str], dict[str, list[str]]]] = []
        self.connections = 0
        self.behave()

    def behave(self) -> None:
        """Undo all changes: answer correctly from now on."""
        self.key = _keys[0]
        self.published = [_keys[0]]
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "public:0"}
        self.claims: dict[str, Any] = {}
        self.without: set[str] = set()
        self.discovery: dict[str, Any] = {}
        self.token_answer: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.bent: dict[str, Bent] = {}
        self.down = False

    @property
    def other_key(self) -> RSAKey:
        return _keys[1]

    def config(self, **changes: Any) -> VippsConfig:
        """Return a client's configuration for this provider."""
        values: dict[str, Any] = {
            "base_url": self.origin, "client_id": CLIENT_ID, "client_secret": "s+cr/t==",
            "redirect_uri": "https://shop.example/login/vipps/callback", "system_name": "a-shop",
            "system_version": "1.2.3",
            "merchant_serial_number": "123456",
        }  # fmt: skip
        return VippsConfig(**{**values, **changes})

    def calls(self, path: str) -> int:
        return sum(1 for _, at, _, _ in self.seen if at == path)

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.origin + ISSUER_PATH,
            "authorization_endpoint": self.origin + "/access-management-1.0/access/oauth2/auth",
            "token_endpoint": self.origin + TOKEN_PATH, "userinfo_endpoint": self.origin + USERINFO_PATH,
            "jwks_uri": self.origin + KEYS_PATH, **self.discovery,
        }  # fmt: skip

    def id_token(self) -> str:
        now = int(time.time())
        half = hashlib.sha256(ACCESS_TOKEN.encode()).digest()[:16]
        claims = {
            "iss": self.origin + ISSUER_PATH, "aud": [CLIENT_ID], "sub": self.subject, "iat": now, "exp": now + 3600,
            "nonce": self.nonce, "at_hash": urlsafe_b64encode(half).decode().rstrip("="), **self.claims,
        }  # fmt: skip
        kept = {
            name: now + value if isinstance(value, After) else value for name,
            value in claims.items() if name not in self.without
        }  # fmt: skip
        return jwt.encode(self.header, kept, self.key, algorithms=["RS256"])

    def tokens(self) -> dict[str, Any]:
        """Return the token endpoint's answer."""
        answer = {
            "access_token": ACCESS_TOKEN, "id_token": self.id_token(), "expires_in": 3599, "scope": "openid",
            "token_type": "bearer", **self.token_answer,
        }  # fmt: skip
        return {name: value for name, value in answer.items() if name not in self.without}

    def answer(self, path: str) -> Any:
        """Return the correct answer for a path."""
        answers: dict[str, Callable[[], Any]] = {
            DISCOVERY_PATH: self.document,
            KEYS_PATH: lambda: {"keys": [key.as_dict(private=False) for key in self.published]},
            TOKEN_PATH: self.tokens, USERINFO_PATH: lambda: {"sub": self.subject, **self.userinfo},
        }  # fmt: skip
        return answers[path]()

    def handle(self, handler: "Handler") -> None:
        """Answer a request whose path has no function in `bent`."""
        handler.send_json(self.answer(handler.path))


class Handler(BaseHTTPRequestHandler):
    """One connection of the provider."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    provider: Provider
    form: dict[str, list[str]]

    def setup(self) -> None:
        self.provider.connections += 1
        super().setup()

    def do_GET(self) -> None:
        """Answer discovery, keys and userinfo."""
        self.respond(b"")

    def do_POST(self) -> None:
        """Answer the token endpoint."""
        self.respond(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def respond(self, body: bytes) -> None:
        """Record the request; then answer it by the function in `bent`, or else correctly."""
        provider = self.provider
        self.form = parse_qs(body.decode())
        provider.seen.append((self.command, self.path, dict(self.headers), self.form))
        if provider.down:
            self.cut()
            return
        if self.path in provider.bent:
            provider.bent[self.path](self)
        else:
            provider.handle(self)

    def send_json(self, value: Any, status: int = 200, **headers: str) -> None:
        self.send(json.dumps(value).encode(), status, "application/json", **headers)

    def send(self, body: bytes, status: int = 200, content_type: str = "text/html", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def cut(self) -> None:
        """Close the connection without an answer."""
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """A server with a queue for many connections at once."""

    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error, except if the client has closed the connection: its test may have ended."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


Kind = TypeVar("Kind", bound=Provider)


@contextmanager
def running(
    kind: type[Kind] = Provider, tls: ssl.SSLContext | None = None, handler: type[Handler] = Handler
) -> Iterator[Kind]:
    """Serve a provider on a free port until the block ends."""
    provider = kind()
    server = Server(("127.0.0.1", 0), type("BoundHandler", (handler,), {"provider": provider}))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    provider.origin = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
