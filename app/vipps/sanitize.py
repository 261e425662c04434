"""Clean text from outside, so that it cannot break databases, logs and pages.

U+0000, lone surrogates, control characters and characters that reverse the reading direction are removed. Nothing here
raises: a value that is not text counts as none.
"""

import unicodedata

MAX_TEXT = 2000
# Invisible letters that some scripts need inside a name; all others of their kind turn the reading direction around or
# hide something (Unicode TR 9), and go.
JOINERS = "\u200c\u200d"


def text(value: object, longest: int = MAX_TEXT) -> str | None:
    """Return cleaned one-line text, cut to a length, or None if there is none."""
    return " ".join(lines(value, longest))[:longest].rstrip() or None


def lines(value: object, longest: int) -> list[str]:
    """Return the cleaned lines of a text, each cut to a length, without the empty ones."""
    if not isinstance(value, str):
        return []
    sound = value[: longest * 2].encode("utf-8", "ignore").decode()  # drops lone surrogates
    cleaned = ["".join(map(_visible, line)) for line in unicodedata.normalize("NFC", sound).splitlines()]
    return [" ".join(line.split())[:longest] for line in cleaned if line.strip()]


def _visible(letter: str) -> str:
    """Return a letter as it may stand in a text: a control character becomes a blank, an invisible one nothing."""
    if letter.isprintable() or letter in JOINERS:
        return letter
    return "" if unicodedata.category(letter) == "Cf" else " "
