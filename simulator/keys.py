"""The signing keys: created once, stored in the database, parsed once per process.

The newest key signs. After a rotation the old key stays in the key set for `key_grace` seconds, so tokens signed with
it can still be verified (OpenID Connect Core section 10.1.1). `kid` has Vipps' form `public:<uuid>`.
"""

import base64
import hmac
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from .clock import utcnow
from .models import SigningKey

ALGORITHM = "RS256"
MAX_PUBLISHED = 10  # so that many rotations, as in checks, do not make the key set long and slow

_HEADERS: dict[str, Callable[[RSAKey], dict[str, Any]]] = {
    "none": lambda _: {"alg": "none", "kid": None, "typ": None},
    "none_mixed_case": lambda _: {"alg": "nOnE", "kid": None},
    "unknown_key": lambda _: {"kid": "public:never-published"},
    "same_kid": lambda _: {},
    "jwk": lambda key: {"kid": "public:never-published", "jwk": key.as_dict(private=False)},
    "jku": lambda _: {"kid": "public:never-published", "jku": "http://localhost:9/keys.json"},
    "no_kid": lambda _: {"kid": None},
    "crit": lambda _: {"crit": ["urn:example:unknown"], "urn:example:unknown": True},
}
"""Members of the header; null removes one."""
_VALID = ("no_kid", "crit")  # signed with the published key; the others in `_HEADERS` with an unpublished key
_SECRETS = ("hmac", "hmac_secret")
_ENDS: dict[str, Callable[[bytes], str]] = {
    "none": lambda _: ".",
    "none_mixed_case": lambda _: ".",
    "empty": lambda _: ".",
    "short": lambda signature: f".{_base64url(signature[: len(signature) // 2])}",
    "two_parts": lambda _: "",
}


class KeyRing:
    """Signs with the newest key."""

    def __init__(self, grace: int) -> None:
        """Keep replaced keys published for `grace` seconds."""
        self._grace = timedelta(seconds=grace)

    def sign(self, session: Session, claims: dict[str, Any], flaw: str = "", client_secret: str = "") -> str:
        """Return the claims as a JWT (RFC 7519), signed with RS256 unless it has a flaw (`faults.SIGNATURES`)."""
        if flaw == "new_key":
            rotate(session)
            session.flush()
        newest = select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at.desc())
        row = session.scalars(newest.limit(1)).one()
        key, header = _parsed(row.private_pem), {"alg": ALGORITHM, "kid": row.kid, "typ": "JWT"}
        if flaw in _HEADERS:
            changed, kept = _HEADERS[flaw], flaw in _VALID
            key = key if kept else _foreign_key()
            header = {name: value for name, value in {**header, **changed(key)}.items() if value is not None}
        if flaw in _SECRETS:
            header["alg"] = "HS256"
        signed = f"{_part(header)}.{_part(claims)}"
        if flaw in _SECRETS:
            secret = key.as_pem(private=False) if flaw == "hmac" else client_secret.encode()
            signature = hmac.digest(secret, signed.encode(), "sha256")
        else:
            about = f"{signed}." if flaw == "wrong" else signed
            signature = JWSRegistry.algorithms[ALGORITHM].sign(about.encode(), key)
        return signed + (_ENDS[flaw](signature) if flaw in _ENDS else f".{_base64url(signature)}")

    def public_keys(self, session: Session, now: datetime) -> list[dict[str, Any]]:
        """Return the key set's members (RFC 7517 section 4), newest first."""
        published = (
            select(SigningKey)
            .where(or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > now - self._grace))
            .order_by(SigningKey.created_at.desc())
            .limit(MAX_PUBLISHED)
        )
        return [_public(key) for key in session.scalars(published)]


def ensure_key(session: Session) -> None:
    """Create the first key unless there is one."""
    if session.scalars(select(SigningKey.kid).where(SigningKey.retired_at.is_(None)).limit(1)).first() is None:
        session.add(_new_key())


def rotate(session: Session) -> str:
    """Replace the signing key and return the new `kid`."""
    session.execute(update(SigningKey).where(SigningKey.retired_at.is_(None)).values(retired_at=utcnow()))
    key = _new_key()
    session.add(key)
    return key.kid


@lru_cache(maxsize=256)
def _parsed(pem: str) -> RSAKey:
    """Return a parsed key; parsing takes far longer than signing."""
    return RSAKey.import_key(pem)


@cache
def _foreign_key() -> RSAKey:
    """Return a key that is never published."""
    return RSAKey.generate_key(2048)


def _public(key: SigningKey) -> dict[str, Any]:
    public = _parsed(key.private_pem).as_dict(private=False)
    return {"use": "sig", "kty": "RSA", "kid": key.kid, "alg": ALGORITHM, "n": public["n"], "e": public["e"]}


def _part(members: dict[str, Any]) -> str:
    return _base64url(json.dumps(members).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _new_key() -> SigningKey:
    pem = RSAKey.generate_key(2048).as_pem(private=True)
    return SigningKey(kid=f"public:{uuid.uuid4()}", private_pem=pem.decode())
