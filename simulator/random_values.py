"""Creates codes, tokens, ids and numbers, and the hashes under which the database stores them.

They come from the system's random numbers, or from `SimulatorConfig.seed` for tests that need the same values each run.
"""

import base64
import hashlib
import random
import uuid

from flask import current_app, has_app_context

_system = random.SystemRandom()


def source() -> random.Random:
    """Return this app's source of random values."""
    parts = current_app.extensions.get("simulator") if has_app_context() else None
    return parts.random if parts else _system


def system_or_seeded(seed: int | None) -> random.Random:
    """Return a source of random values: seeded, or the system's."""
    return _system if seed is None else random.Random(seed)  # noqa: S311 - asked for by a test


def restart(seed: int | None) -> None:
    """Draw seeded values from the first one again, when the data that has them is deleted."""
    if seed is not None:
        source().seed(seed)


def new_value() -> str:
    """Return 256 random bits, base64url."""
    return base64.urlsafe_b64encode(source().randbytes(32)).rstrip(b"=").decode()


def new_id() -> str:
    """Return a random UUID."""
    return str(uuid.UUID(bytes=source().randbytes(16), version=4))


def new_access_token() -> str:
    """Return an opaque access token of the documented form `<random>.<random>` (not a JWT)."""
    return f"{new_value()}.{new_value()}"


def new_ciba_token() -> str:
    """Return the access token of a merchant-initiated login, which starts with `ciba.`."""
    return f"ciba.{new_value()}"


def hashed(value: str) -> str:
    """Return the SHA-256 of a random value, as hex."""
    return hashlib.sha256(value.encode()).hexdigest()
