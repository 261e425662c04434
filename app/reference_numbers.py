"""Make the random numbers that customers read aloud on the phone: of an order, and of a request in the log."""

import secrets

# No 0, 1, L, S, V, Z and no vowels: hard to mishear or misread, and never a word. 24^8 is about 10^11.
ALPHABET = "23456789BCDFGHJKMNPQRTWX"


def readable_number() -> str:
    """Return a random number such as `K7QF-2M9D`."""
    number, letters = secrets.randbelow(len(ALPHABET) ** 8), ""
    for _ in range(8):
        number, place = divmod(number, len(ALPHABET))
        letters += ALPHABET[place]
    return f"{letters[:4]}-{letters[4:]}"
