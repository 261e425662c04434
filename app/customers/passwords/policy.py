"""Which new passwords are refused, and why.

A new password is judged by its length and by whether attackers would try it first, never by its mixture of characters
(ASVS 6.2.1, 6.2.4, 6.2.5, 6.2.9, 6.2.11).
"""

import enum
from pathlib import Path

from app import about
from app.customers.passwords.hashing import MAX_LENGTH, MAX_TYPED, canonical, is_published

MIN_LENGTH = 8

# A shorter name is in too many words to mean anything.
MIN_TELLING_NAME = 4
NAMES_OF_THE_SHOP = {name for name in (about.NAME.casefold(), about.SLUG) if len(name) >= MIN_TELLING_NAME}


class Problem(enum.Enum):
    """Why a new password is refused."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    GUESSABLE = "guessable"


def problem(password: str, email: str = "") -> Problem | None:
    """Judge a new password for the account with this address; None means that it will do."""
    if len(password) > MAX_TYPED:
        return Problem.TOO_LONG
    text = canonical(password)
    folded = text.casefold()
    local_part = email.partition("@")[0].casefold()
    if len(text) < MIN_LENGTH:
        return Problem.TOO_SHORT
    if len(text) > MAX_LENGTH:
        return Problem.TOO_LONG
    if folded in COMMON or len(set(folded)) == 1 or is_published(text):
        return Problem.COMMON
    telling = {local_part} if len(local_part) >= MIN_TELLING_NAME else set()
    if any(name in folded for name in NAMES_OF_THE_SHOP | telling):
        return Problem.GUESSABLE
    return None


def _read_common() -> frozenset[str]:
    lines = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


COMMON = _read_common()
