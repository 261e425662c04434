"""Make random values: the tokens of cookies and emailed links, their hashes, and numbers that people read aloud."""

import hashlib
import secrets

# No 0, 1, L, S, V, Z and no vowels: hard to mishear or misread, and never a word. 24^8 is about 10^11.
READABLE = "23456789BCDFGHJKMNPQRTWX"


def new_token() -> str:
    """Return a random token of 256 bits, as 43 characters that are safe in a URL."""
    return secrets.token_urlsafe(32)


def secret_hash(token: str) -> str:
    """Return the SHA-256 of a token for the database; needs no salt: a token of 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def readable_number() -> str:
    """Return a random number such as `K7QF-2M9D`: of an order, or of a request in the log."""
    number, letters = secrets.randbelow(len(READABLE) ** 8), ""
    for _ in range(8):
        number, place = divmod(number, len(READABLE))
        letters += READABLE[place]
    return f"{letters[:4]}-{letters[4:]}"
