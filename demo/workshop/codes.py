"""Make the codes of a workshop: room codes, the three words of a learner, and the QR code of an address.

Rule: a room code and three words are short enough to read out, so every route that accepts them limits wrong tries.
A room code has 20^4 * 8^2 = 10 million values, and three words of `words.txt` have 512^3 = 134 million.
"""

import re
import secrets
from pathlib import Path

import segno
from markupsafe import Markup

LETTERS = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so that no code is a word
DIGITS = "23456789"  # 0 and 1 look like letters
WORDS = tuple(Path(__file__).with_name("words.txt").read_text("utf-8").split())
ROOM_CODE = re.compile(rf"[{LETTERS}]{{4}}[{DIGITS}]{{2}}")
MAX_TYPED = 80  # characters of a typed code or of typed words


def new_room_code() -> str:
    """Return a random code, such as `BKRT47`."""
    return "".join(secrets.choice(LETTERS) for _ in range(4)) + "".join(secrets.choice(DIGITS) for _ in range(2))


def read_room_code(typed: str) -> str:
    """Return a typed code in its one form, or an empty string if it cannot be a code."""
    code = re.sub(r"[\s-]", "", typed[:MAX_TYPED]).upper()
    return code if ROOM_CODE.fullmatch(code) else ""


def spaced(code: str) -> str:
    """Return a room code as people read it, such as `BKRT 47`."""
    return f"{code[:4]} {code[4:]}"


def new_words() -> str:
    """Return three random words, such as `fjell kopp ugle`."""
    return " ".join(secrets.choice(WORDS) for _ in range(3))


def read_words(typed: str) -> str:
    """Return typed words in their one form: lower case, with one blank between them."""
    return " ".join(re.split(r"[^a-z]+", typed[:MAX_TYPED].lower().strip(" .,-")))


def qr_code(address: str) -> Markup:
    """Return the QR code of an address as SVG: dark on light, also on a dark page, or some phones cannot read it."""
    code = segno.make(address, micro=False, error="m")
    return Markup(code.svg_inline(omitsize=True, dark="#000", light="#fff", svgclass="qr"))  # noqa: S704 - segno's own
