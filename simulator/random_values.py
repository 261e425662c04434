"""Creates codes, tokens and ids, and the hashes under which the database stores them."""

import hashlib
import secrets


def new_value() -> str:
    """Return 256 random bits, base64url."""
    return secrets.token_urlsafe(32)


def new_access_token() -> str:
    """Return an opaque access token of the documented form `<random>.<random>` (not a JWT)."""
    return f"{secrets.token_urlsafe(32)}.{secrets.token_urlsafe(32)}"


def hashed(value: str) -> str:
    """Return the SHA-256 of a random value, as hex."""
    return hashlib.sha256(value.encode()).hexdigest()
