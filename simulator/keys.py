"""The signing keys: created once, stored in the database, parsed once per process.

The newest key signs. After a rotation the old key stays in the key set for `key_grace` seconds, so tokens signed with
it can still be verified (OpenID Connect Core section 10.1.1). `kid` has Vipps' form `public:<uuid>`.
"""

import base64
import hmac
import json
import uuid
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from .clock import utcnow
from .models import SigningKey

ALGORITHM = "RS256"


class KeyRing:
    """Signs with the newest key."""

    def __init__(self, grace: int) -> None:
        """Keep replaced keys published for `grace` seconds."""
        self._grace = timedelta(seconds=grace)

    def sign(self, session: Session, claims: dict[str, Any], flaw: str = "") -> str:
        """Return the claims as a JWT (RFC 7519), signed with RS256 unless it has a flaw (`faults.SIGNATURES`)."""
        if flaw == "new_key":
            rotate(session)
            session.flush()
        newest = select(SigningKey).where(SigningKey.retired_at.is_(None)).order_by(SigningKey.created_at.desc())
        row = session.scalars(newest.limit(1)).one()
        key, header = _parsed(row.private_pem), {"alg": ALGORITHM, "kid": row.kid}
        match flaw:
            case "none":
                return f"{_part({'alg': 'none'})}.{_part(claims)}."
            case "hmac":
                signed = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
                digest = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
                return f"{signed}.{_base64url(digest)}"
            case "unknown_key":
                header, key = {**header, "kid": "public:never-published"}, RSAKey.generate_key(2048)
            case "wrong":
                body = jwt.encode(header, claims, key, algorithms=[ALGORITHM]).rpartition(".")[0]
                other = jwt.encode(header, {**claims, "sub": "other"}, key, algorithms=[ALGORITHM])
                return f"{body}.{other.rpartition('.')[2]}"
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def public_keys(self, session: Session, now: datetime) -> list[dict[str, Any]]:
        """Return the key set's members (RFC 7517 section 4), newest first."""
        published = (
            select(SigningKey)
            .where(or_(SigningKey.retired_at.is_(None), SigningKey.retired_at > now - self._grace))
            .order_by(SigningKey.created_at.desc())
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


@lru_cache(maxsize=16)
def _parsed(pem: str) -> RSAKey:
    """Return a parsed key; parsing takes far longer than signing."""
    return RSAKey.import_key(pem)


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
