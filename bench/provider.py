"""A provider that is as fast as Python allows and answers a login correctly, over kept-alive HTTP/1.1 and TLS.

It checks nothing, because the client is measured. The authorization code contains the person and the nonce (`3.nonce`),
so it keeps no state between calls. It counts connections and calls per path and reports them at `/bench/counts`, which
is not counted. It ends when its standard input ends. Without a certificate it speaks plain HTTP.

    python -m bench.provider CERTIFICATE KEY CLIENT_ID DELAY_SECONDS     prints its port
"""

import asyncio
import json
import ssl
import sys
import time
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER_PATH = "/access-management-1.0/access/"
DISCOVERY = f"{ISSUER_PATH}.well-known/openid-configuration"
KEYS = f"{ISSUER_PATH}.well-known/jwks.json"
TOKEN = f"{ISSUER_PATH}oauth2/token"
USERINFO = "/vipps-userinfo-api/userinfo"
COUNTS = "/bench/counts"
DELAY = "/bench/delay/"  # followed by the seconds that calls take from then on


class Provider:
    """The provider's documents, and the number of calls to each."""

    def __init__(self, client_id: str, delay: float) -> None:
        self.client_id, self.delay = client_id, delay
        self.origin = ""
        self.key = RSAKey.generate_key(2048, {"kid": "public:1", "use": "sig", "alg": "RS256"})
        self.connections = 0
        self.calls: dict[str, int] = {}

    def answer(self, path: str, head: str, body: bytes) -> dict[str, Any]:
        """Return the document at a path."""
        if path == COUNTS:
            return {"connections": self.connections, "calls": self.calls}
        if path.startswith(DELAY):
            self.delay = float(path.removeprefix(DELAY))
            return {}
        self.calls[path] = self.calls.get(path, 0) + 1
        if path == TOKEN:
            person, _, nonce = parse_qs(body.decode())["code"][0].partition(".")
            return self.tokens(person, nonce)
        if path == USERINFO:
            return self.userinfo(head.partition("token-of-")[2].split()[0])
        return {"keys": [self.key.as_dict(private=False)]} if path == KEYS else self.document()

    def document(self) -> dict[str, Any]:
        """Return the discovery document."""
        return {
            "issuer": self.origin + ISSUER_PATH,
            "authorization_endpoint": self.origin + f"{ISSUER_PATH}oauth2/auth",
            "token_endpoint": self.origin + TOKEN,
            "userinfo_endpoint": self.origin + USERINFO,
            "jwks_uri": self.origin + KEYS,
            "response_types_supported": ["code"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }

    def tokens(self, person: str, nonce: str) -> dict[str, Any]:
        """Return the token endpoint's answer for a person."""
        access_token, now = f"token-of-{person}", int(time.time())
        half = sha256(access_token.encode()).digest()[:16]
        claims = {
            "iss": self.origin + ISSUER_PATH,
            "aud": [self.client_id],
            "sub": subject(person),
            "iat": now,
            "auth_time": now,
            "exp": now + 3600,
            "nonce": nonce,
            "at_hash": urlsafe_b64encode(half).decode().rstrip("="),
        }
        id_token = jwt.encode({"alg": "RS256", "kid": "public:1"}, claims, self.key, algorithms=["RS256"])
        return {
            "access_token": access_token,
            "id_token": id_token,
            "expires_in": 3599,
            "scope": "openid name phoneNumber email address",
            "token_type": "bearer",
        }

    def userinfo(self, person: str) -> dict[str, Any]:
        """Return a person's claims, in Vipps' shape."""
        address = {
            "address_type": "home",
            "street_address": f"Fjordveien {person}",
            "postal_code": "5003",
            "region": "BERGEN",
            "country": "NO",
            "formatted": f"Fjordveien {person}\n5003\nBERGEN\nNO",
        }
        return {
            "sub": subject(person),
            "sid": "9b1de3f4-2a6c-4f0b-8f57-1c0a7d4e8b26",
            "name": f"Kari{person} Nordfjell",
            "given_name": f"Kari{person}",
            "family_name": "Nordfjell",
            "email": f"kari{person}@example.com",
            "email_verified": True,
            "phone_number": f"47{40000000 + int(person)}",
            "address": address,
            "other_addresses": [],
        }


def subject(person: str) -> str:
    """Return the subject of a person."""
    return f"3f6c1a52-8d0e-4b77-9a41-{int(person):012d}"


class Connection(asyncio.Protocol):
    """One connection: it answers requests in their order."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.buffer = b""
        self.counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Store the transport."""
        self.transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has arrived completely."""
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, rest = self.buffer.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(rest) < length:
                return
            self.buffer = rest[length:]
            self.respond(head.decode("latin-1"), rest[:length])

    def respond(self, head: str, body: bytes) -> None:
        """Send one answer, after the delay."""
        path = head.split(" ", 2)[1]
        is_measured = path != COUNTS and not path.startswith(DELAY)
        if is_measured and not self.counted:
            self.counted = True
            self.provider.connections += 1
        content = json.dumps(self.provider.answer(path, head, body)).encode()
        fields = f"Content-Type: application/json\r\nCache-Control: max-age=3600\r\nContent-Length: {len(content)}"
        answer = f"HTTP/1.1 200 OK\r\n{fields}\r\n\r\n".encode() + content
        delay = self.provider.delay if is_measured else 0
        asyncio.get_running_loop().call_later(delay, self.transport.write, answer)


async def serve(certificate: str, key: str, client_id: str, delay: str) -> None:
    """Listen on a free port, print it, and answer until standard input ends."""
    provider, loop = Provider(client_id, float(delay)), asyncio.get_running_loop()
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", 0, ssl=context, backlog=512)
    port = server.sockets[0].getsockname()[1]
    provider.origin = f"{'https' if certificate else 'http'}://localhost:{port}"
    print(port, flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
