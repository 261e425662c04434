"""A lean relying party to compare the shop's login with: a separate flow that makes the same checks and writes one row.

It has one urllib3 pool with one TLS context, joserfc for the ID token, and state, nonce and PKCE verifier in Flask's
signed cookie. One statement stores the customer and the profile, and is committed. It has no attempts, sessions, audit
log, rate limits, log, deadlines, circuit breaker or error pages. Its front page is the bare one.
"""

import os
import secrets
import ssl
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import urllib3
from flask import Flask, abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from joserfc import jwt
from joserfc.jwk import KeySet
from sqlalchemy import event, text

from bench import bare
from bench.bare import db

SCOPE = "openid name phoneNumber email address"
CREATE = text(
    "CREATE TABLE customer (subject TEXT PRIMARY KEY, name TEXT, email TEXT, phone TEXT, address TEXT, seen_at TEXT)"
)
# The time of the login makes each row differ: SQLite writes nothing when a row stays the same.
STORE = text(
    "INSERT INTO customer (subject, name, email, phone, address, seen_at) "
    "VALUES (:subject, :name, :email, :phone, :address, :seen_at) ON CONFLICT (subject) "
    "DO UPDATE SET name = :name, email = :email, phone = :phone, address = :address, seen_at = :seen_at"
)


class Client:
    """The provider's addresses and keys, loaded once, and the connections to it."""

    def __init__(self) -> None:
        self.id, self.secret = os.environ["VIPPS_CLIENT_ID"], os.environ["VIPPS_CLIENT_SECRET"]
        self.pool = urllib3.PoolManager(maxsize=64, ssl_context=ssl.create_default_context())
        self.provider: dict[str, Any] = {}
        self.keys = KeySet([])

    def load(self) -> dict[str, Any]:
        """Return the discovery document; the first call loads it and the keys."""
        if not self.provider:
            found = self.pool.request("GET", os.environ["METADATA_URL"]).json()
            self.keys = KeySet.import_key_set(self.pool.request("GET", found["jwks_uri"]).json())
            self.provider = found
        return self.provider

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> dict[str, Any]:
        """Exchange the code for tokens."""
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        headers = urllib3.make_headers(basic_auth=f"{self.id}:{self.secret}")
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode({**fields, "code_verifier": verifier})
        return self.call("POST", self.load()["token_endpoint"], headers, body)

    def validate(self, tokens: dict[str, Any], nonce: str) -> dict[str, Any]:
        """Check the ID token: signature, issuer, audience, times, nonce and access token."""
        claims = jwt.decode(tokens["id_token"], self.keys, algorithms=["RS256"]).claims
        jwt.JWTClaimsRegistry(
            leeway=30,
            iss={"essential": True, "value": self.load()["issuer"]},
            aud={"essential": True, "value": self.id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
        ).validate(claims)
        half = sha256(tokens["access_token"].encode()).digest()[:16]
        if claims.get("at_hash") != urlsafe_b64encode(half).decode().rstrip("="):
            abort(400)
        return claims

    def userinfo(self, tokens: dict[str, Any], subject: str) -> dict[str, Any]:
        """Return the claims of userinfo, which must have the ID token's subject."""
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        claims = self.call("GET", self.load()["userinfo_endpoint"], headers)
        if claims.get("sub") != subject:
            abort(400)
        return claims

    def call(self, method: str, url: str, headers: dict[str, str], body: str | None = None) -> dict[str, Any]:
        """Send one request and return the object of its response."""
        response = self.pool.request(method, url, headers=headers, body=body, redirect=False, retries=False, timeout=5)
        if response.status != 200:
            abort(502)
        answer: dict[str, Any] = response.json()
        return answer


def create_app() -> Flask:
    """Build the app: the bare page and a login."""
    app, client = bare.create_app(), Client()
    app.secret_key = os.environ["SECRET_KEY"]
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", set_pragmas)

    @app.get("/login")
    def login() -> ResponseReturnValue:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        session["login"] = [state, nonce, verifier]
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
        query = {"response_type": "code", "client_id": client.id, "scope": SCOPE, "state": state, "nonce": nonce}
        query |= {"redirect_uri": url_for("callback", _external=True)}
        query |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return redirect(f"{client.load()['authorization_endpoint']}?{urlencode(query)}")

    @app.get("/callback")
    def callback() -> ResponseReturnValue:
        state, nonce, verifier = session.pop("login", (None, None, None))
        if not state or not secrets.compare_digest(state.encode(), request.args.get("state", "").encode()):
            abort(400)
        tokens = client.exchange(request.args["code"], url_for("callback", _external=True), verifier)
        profile = client.userinfo(tokens, client.validate(tokens, nonce)["sub"])
        store(profile)
        session["customer"] = profile["sub"]
        return redirect("/account")

    @app.get("/account")
    def account() -> str:
        find = text("SELECT name FROM customer WHERE subject = :subject")
        return str(db.session.execute(find, {"subject": session["customer"]}).scalar_one())

    return app


def store(profile: dict[str, Any]) -> None:
    """Insert or update the customer's row, and commit."""
    row = {"subject": profile["sub"], "name": profile["name"], "email": profile["email"]}
    row |= {"phone": profile["phone_number"], "address": profile["address"]["formatted"]}
    row |= {"seen_at": datetime.now(UTC).isoformat()}
    with db.engine.begin() as connection:
        connection.execute(STORE, row)


def set_pragmas(connection: Any, record: Any) -> None:
    """Set SQLite up as the shop does, so that a commit costs both the same."""
    for pragma in ("busy_timeout=5000", "journal_mode=WAL", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def fill() -> None:
    """Create the tables and the products."""
    bare.fill()
    with db.engine.begin() as connection:
        connection.execute(CREATE)


if __name__ == "__main__":
    with create_app().app_context():
        fill()
