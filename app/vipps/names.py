"""Compare two names as people write them, to notice that a phone number has changed hands.

"Kari Nordfjell" agrees with "NORDFJELL, Kari S." and with "Kari Sandvik Nordfjell": case, diacritics, order, initials
and middle names do not matter. Both must have a given name and the family name in common, and one must contain the
other. They agree only if they share two different words or are equal word by word: one word alone could be both given
and family name. A name that is missing, or is one word of the other name, neither agrees nor contradicts. Vipps advises
to check the name before linking by number or address (Login API guide: best practices for linking user accounts).
"""

import re
import unicodedata
from enum import StrEnum

# Letters that Unicode does not decompose, and the letters that people type for them on another keyboard.
LETTERS = str.maketrans({"ø": "o", "æ": "a", "œ": "o", "đ": "d", "ð": "d", "ŋ": "n", "ł": "l", "ŧ": "t", "þ": "th"})
# Two letters that people write for one: Haakon for Håkon, Soeren for Søren, Kjaer for Kjær.
DIGRAPHS = (("aa", "a"), ("ae", "a"), ("oe", "o"))


class Agreement(StrEnum):
    """The result of a comparison. It is UNKNOWN if a value is missing or fits too many people."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    UNKNOWN = "unknown"


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case, without diacritics, in alphabetical order. Initials are left out."""
    letters = unicodedata.normalize("NFKD", name.casefold().translate(LETTERS))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    for pair, one in DIGRAPHS:
        plain = plain.replace(pair, one)
    return sorted(word for word in re.split(r"[^\w]+|_", plain) if len(word) > 1)


def compare(known: str, given_name: str, family_name: str, whole: str = "") -> Agreement:
    """Compare the name in the shop with the name from Vipps: its given and family name, or else the whole name."""
    in_shop, given, family = set(words_of(known)), set(words_of(given_name)), set(words_of(family_name))
    in_vipps = (given | family) if given and family else set(words_of(f"{given_name} {family_name} {whole}"))
    if not in_shop or not in_vipps:
        return Agreement.UNKNOWN
    if len(in_shop) == len(in_vipps) == 1 and in_shop != in_vipps:
        return Agreement.UNKNOWN  # one may be the given name, the other the family name
    if not (in_shop <= in_vipps or in_vipps <= in_shop):
        return Agreement.CONTRADICTS
    same_whole = words_of(known) == words_of(f"{given_name} {family_name}" if given and family else whole)
    has_both = not (given or family) or (bool(in_shop & given) and bool(in_shop & family))
    if bool(given) != bool(family):
        has_both = same_whole  # two given names, or two family names, are not a given and a family name
    if has_both and (len(in_shop & in_vipps) > 1 or (same_whole and len(words_of(known)) > 1)):
        return Agreement.AGREES
    # One word, or given names alone, fit many people: they neither prove nor refute anything.
    return Agreement.UNKNOWN
