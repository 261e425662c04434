"""Do two names belong to one person? Compared as people write them, to notice a number that changed hands.

"Kari Nordfjell" agrees with "NORDFJELL, Kari S." and with "Kari Sandvik Nordfjell": case, diacritics, order, initials
and middle names do not matter. Both must have a given and the family name in common, and one must contain the other.
That takes two words, since one could be given and family name at once, or else the whole name, word by word.
Vipps' advice is to check the name before linking by number or address (Login API guide: best practices for linking
user accounts).
"""

import re
import unicodedata

# What no decomposition turns into its base letter, as people write it on another keyboard.
LETTERS = str.maketrans({"ø": "o", "æ": "a", "œ": "o", "đ": "d", "ð": "d", "ŋ": "n", "ł": "l", "ŧ": "t", "þ": "th"})
# Two letters for one: Haakon and Håkon, Soeren and Søren, Kjaer and Kjær.
DIGRAPHS = (("aa", "a"), ("ae", "a"), ("oe", "o"))


def words_of(name: str) -> frozenset[str]:
    """Return the words of a name without case, diacritics and order; an initial is no word."""
    return frozenset(_words(name))


def _words(name: str) -> list[str]:
    """Return the words of a name in their order within the alphabet, each as often as it is there."""
    letters = unicodedata.normalize("NFKD", name.casefold().translate(LETTERS))
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    for pair, one in DIGRAPHS:
        plain = plain.replace(pair, one)
    return sorted(word for word in re.split(r"[^\w]+|_", plain) if len(word) > 1)


def agree(known: str, given_name: str, family_name: str) -> bool:
    """Tell whether a name that the shop knows can be the person's whom Vipps names; an unknown one agrees with none."""
    ours, given, family = words_of(known), words_of(given_name), words_of(family_name)
    theirs = given | family
    has_both = bool(ours & given) and bool(ours & family)
    enough = len(ours & theirs) > 1 or _words(known) == _words(f"{given_name} {family_name}")
    return has_both and enough and (ours <= theirs or theirs <= ours)
