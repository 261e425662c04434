"""Do two names belong to one person? Compared as people write them, to notice a number that changed hands.

"Kari Nordfjell" agrees with "NORDFJELL, Kari S." and with "Kari Sandvik Nordfjell": case, diacritics, order, initials
and middle names do not matter. Both must have a given and the family name in common, and one must contain the other.
That takes two words, since one could be given and family name at once, or else the whole name, word by word. A name
that is missing, or is one word of the other, neither agrees nor contradicts.
Vipps' advice is to check the name before linking by number or address (Login API guide: best practices for linking
user accounts).
"""

import re
import unicodedata
from enum import StrEnum

# What no decomposition turns into its base letter, as people write it on another keyboard.
LETTERS = str.maketrans({"ø": "o", "æ": "a", "œ": "o", "đ": "d", "ð": "d", "ŋ": "n", "ł": "l", "ŧ": "t", "þ": "th"})
# Two letters for one: Haakon and Håkon, Soeren and Søren, Kjaer and Kjær.
DIGRAPHS = (("aa", "a"), ("ae", "a"), ("oe", "o"))


class Agreement(StrEnum):
    """How two values compare. UNKNOWN, because one is missing or says too little, is neither of the others."""

    AGREES = "agrees"
    CONTRADICTS = "contradicts"
    UNKNOWN = "unknown"


def words_of(name: str) -> list[str]:
    """Return the words of a name without case, diacritics and order, in the alphabet's; an initial is no word."""
    letters = unicodedata.normalize("NFKD", name.casefold().translate(LETTERS))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    for pair, one in DIGRAPHS:
        plain = plain.replace(pair, one)
    return sorted(word for word in re.split(r"[^\w]+|_", plain) if len(word) > 1)


def compare(known: str, given_name: str, family_name: str, whole: str = "") -> Agreement:
    """Compare a name that the shop knows with the name that Vipps says: its parts, or the whole without them."""
    ours, given, family = set(words_of(known)), set(words_of(given_name)), set(words_of(family_name))
    theirs = (given | family) if given and family else set(words_of(f"{given_name} {family_name} {whole}"))
    if not ours or not theirs:
        return Agreement.UNKNOWN
    if len(ours) == len(theirs) == 1 and ours != theirs:
        return Agreement.UNKNOWN  # a given name and a family name
    if not (ours <= theirs or theirs <= ours):
        return Agreement.CONTRADICTS
    same_whole = words_of(known) == words_of(f"{given_name} {family_name}" if given and family else whole)
    has_both = not (given or family) or (bool(ours & given) and bool(ours & family))
    if bool(given) != bool(family):
        has_both = same_whole  # two given names, or two family names, are not a given and a family name
    if has_both and (len(ours & theirs) > 1 or (same_whole and len(words_of(known)) > 1)):
        return Agreement.AGREES
    # One word, or given names alone, fit many people: they neither prove nor refute anything.
    return Agreement.UNKNOWN
