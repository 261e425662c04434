"""Refuse weak new passwords, with the reason.

A new password is judged by its length and by whether attackers would try it first, never by its mixture of characters
(ASVS 6.2.1, 6.2.4, 6.2.5, 6.2.9, 6.2.11).
"""

from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from app import about
from app.customers.passwords.hashing import MAX_LENGTH, MAX_TYPED, canonical, is_published

MIN_LENGTH = 8

# A shorter name is part of too many words, so it is not checked.
MIN_TELLING_NAME = 4
NAMES_OF_THE_SHOP = {name for name in (about.NAME.casefold(), about.SLUG) if len(name) >= MIN_TELLING_NAME}


_LINES = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines()
COMMON = frozenset(line for line in _LINES if line and not line.startswith("#"))

TOO_SHORT = _l("Use at least 8 characters. Three or four words make a good password.")
TOO_LONG = _l("Use at most 200 characters.")
IS_COMMON = _l("That password is very common, so attackers try it first. Choose another one.")
GUESSABLE = _l("Don’t use the shop’s name or your email address in the password.")


def problem(password: str, email: str = "") -> Any:
    """Return why a new password is refused for the account with this address; None if it is allowed."""
    if len(password) > MAX_TYPED:
        return TOO_LONG
    text = canonical(password)
    folded = text.casefold()
    local_part = email.partition("@")[0].casefold()
    if len(text) < MIN_LENGTH:
        return TOO_SHORT
    if len(text) > MAX_LENGTH:
        return TOO_LONG
    if folded in COMMON or len(set(folded)) == 1 or is_published(text):
        return IS_COMMON
    telling = {local_part} if len(local_part) >= MIN_TELLING_NAME else set()
    return GUESSABLE if any(name in folded for name in NAMES_OF_THE_SHOP | telling) else None
