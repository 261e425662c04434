"""What is written for a fork and not copied: who it is, its README, and a mark to replace."""

import re
import unicodedata
from pathlib import Path
from xml.sax.saxutils import escape

ABOUT = '''"""Who keeps this shop. Pages, mails and terms take it from here, and nothing else says it."""

NAME = {name}
"""What people know the shop by. It is in every consent that was given, so a new name is a new question."""
SLUG = {slug}
"""The name as it stands in file names, and as Vipps sees this software: small letters, digits and hyphens."""
EMAIL = {email}
"""Where people write to; shown on pages. Not yours yet: please change it."""
STREET = "Storgata 1"
"""Not yours yet either, nor the town: both are in the terms and in the privacy notice."""
TOWN = "Oslo"
ADDRESS = f"{{STREET}}, {{TOWN}}"
"""Where the shop is: in the terms, in the privacy notice, and for who picks up an order."""
'''
# A letter on a tile: no drawing of somebody else's shop, and easily seen to be a stand-in.
MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="15" fill="#1F4D3A"/>'
    '<text x="32" y="45" fill="#FFFFFF" font-family="sans-serif" font-size="36" font-weight="700" text-anchor="middle">'
    "{letter}</text></svg>\n"
)


def files(name: str) -> dict[str, bytes]:
    """Return the files of a fork's own, by path."""
    slug = slug_of(name)
    letter = next((each for each in name if each.isalnum()), "?").upper()
    mark = MARK.format(letter=escape(letter)).encode()
    about = ABOUT.format(name=_quoted(name), slug=_quoted(slug), email=_quoted(f"post@{slug}.example"))
    readme = Path(__file__).with_name("README.md").read_text(encoding="utf-8").replace("NAME OF THE SHOP", name)
    return {
        "app/about.py": about.encode(),
        "README.md": readme.encode(),
        "static/brand/mark.svg": mark,
        "static/brand/favicon.svg": mark,
    }


def slug_of(name: str) -> str:
    """Return a name in small letters, digits and hyphens; "shop" if nothing is left of it."""
    letters = name.casefold().replace("ø", "o").replace("æ", "ae").replace("đ", "d")
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "shop"


def _quoted(text: str) -> str:
    """Return a text as Python code, in the quotes that the formatter prefers."""
    code = repr(text)
    return '"' + code[1:-1] + '"' if code.startswith("'") and '"' not in code else code
