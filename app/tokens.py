"""Make the random tokens of cookies and emailed links, and the hashes of them that the database keeps."""

import hashlib
import secrets


def new_token() -> str:
    """Return a random token of 256 bits, as 43 characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def secret_hash(token: str) -> str:
    """Return the SHA-256 of a token in hexadecimal: 64 characters, for the database.

    A fast hash without salt is right here: a token of 256 random bits cannot be guessed.
    """
    return hashlib.sha256(token.encode()).hexdigest()
