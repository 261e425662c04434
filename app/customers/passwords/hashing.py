"""Store passwords as Argon2id hashes, and compare them.

A password is used whole and with its case (ASVS 6.2.8), after one invisible step: Unicode's canonical form NFC, so that
an å typed on a Mac equals the å typed on a phone (RFC 8265, section 4.2.2). NFKC would make different passwords equal.
"""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app

MAX_LENGTH = 200  # a passphrase fits, and a megabyte does not keep the processor busy

# More hashes at the same time would not be faster and would need more memory.
MAX_CONCURRENT = 4

# OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane; lengths as in RFC 9106, section 4.
# The larger of its equal choices would let a few dozen logins at once fill a small server's memory.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16)
_working = threading.BoundedSemaphore(MAX_CONCURRENT)

PUBLISHED = "published_passwords"

# Longer input is refused before it is normalised, which takes quadratic time for many combining accents.
MAX_TYPED = 4 * MAX_LENGTH


def make_hash(password: str) -> str:
    """Return the string to store: algorithm, parameters, salt and hash, about 100 characters."""
    with _working:
        return _hasher.hash(canonical(password))


def matches(password: str, stored: str | None) -> bool:
    """Tell whether the password matches the stored hash; without a stored hash the result is always False.

    A hash is computed in every case, so that the time does not reveal who has an account (ASVS 6.3.8).
    """
    if len(password) > MAX_TYPED:
        password, stored = "", None
    try:
        with _working:
            _hasher.verify(stored or _NO_PASSWORD, canonical(password))
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored) and not is_published(password)


def refuse_published(app: Flask, *passwords: str) -> None:
    """Let these passwords match no account of this app: anyone can read them (ASVS 6.3.2)."""
    app.extensions[PUBLISHED] = frozenset(passwords)


def is_published(password: str) -> bool:
    """Tell whether this password is refused for all accounts."""
    return bool(current_app) and canonical(password) in current_app.extensions.get(PUBLISHED, ())


def outdated(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than the current ones and should be replaced."""
    return _hasher.check_needs_rehash(stored)


def canonical(password: str) -> str:
    return unicodedata.normalize("NFC", password)


# The hash to compare with if none is stored. No form can send a NUL, and `matches` returns False in any case.
_NO_PASSWORD = _hasher.hash("\0no password")
