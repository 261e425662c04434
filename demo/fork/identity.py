"""Write what a fork has of its own: its name and address, a README, and a mark to replace."""

import re
import shutil
import struct
import subprocess
import unicodedata
import zlib
from pathlib import Path
from xml.sax.saxutils import escape

from app import about

ABOUT = '''"""Who keeps this shop. Pages, emails and terms take it from here, and nothing else says it."""

NAME = {name}
"""The name that customers know. Every consent contains it, so customers are asked again after a change."""
SLUG = {slug}
"""The name in file names, and in the header that tells Vipps which software calls: small letters, digits, hyphens."""
EMAIL = {email}
"""The email address on the pages. A placeholder: please change it."""
STREET = "Storgata 1"
"""A placeholder as well, like the town. Both are in the terms and in the privacy notice."""
TOWN = "Oslo"
ADDRESS = f"{{STREET}}, {{TOWN}}"
"""The shop's address: in the terms, in the privacy notice, and for customers who pick up an order."""
CURRENCY, PRICE_LOCALE = "NOK", "nb_NO"
"""The currency of every price (ISO 4217), and the locale in which English pages write prices."""
ORDER_PREFIX = {prefix}
"""What order numbers begin with, so that they are not taken for another shop's."""
DELIVERY_PRICE = 0
"""What it costs to send an order, in the currency's smallest unit (4900 is 49 kr); 0 is free, as pick-up always is."""
'''
# A letter on a tile: a placeholder that is easy to recognise as one.
MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" rx="15" fill="#1F4D3A"/>'
    '<text x="32" y="45" fill="#FFFFFF" font-family="sans-serif" font-size="36" font-weight="700" text-anchor="middle">'
    "{letter}</text></svg>\n"
)
ICONS = {"apple-touch-icon": 180, "icon-192": 192, "icon-512": 512}


def files(name: str, commit: str) -> dict[str, bytes]:
    """Return the fork's own files by path; `commit` is the upstream commit that it was written from."""
    slug = slug_of(name)
    letter = next((each for each in name if each.isalnum()), "?").upper()
    mark = MARK.format(letter=escape(letter)).encode()
    tile = _tile(32)
    address = _quoted(f"post@{slug}.example")
    about = ABOUT.format(name=_quoted(name), slug=_quoted(slug), email=address, prefix=_quoted(slug[0].upper()))
    readme = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    readme = readme.replace("NAME OF THE SHOP", name).replace("UPSTREAM_COMMIT", commit)
    return {
        "app/about.py": about.encode(),
        "README.md": readme.encode(),
        "static/brand/mark.svg": mark,
        "static/brand/favicon.svg": mark,
        **{f"static/brand/{icon}.png": _tile(size) for icon, size in ICONS.items()},
        "static/brand/favicon.ico": struct.pack("<3H4B2H2I", 0, 1, 1, 32, 32, 0, 0, 1, 24, len(tile), 22) + tile,
    }


def renamed(content: bytes, name: str) -> bytes:
    """Return pyproject.toml or uv.lock with the fork's own project name."""
    return content.replace(f'name = "{about.SLUG}"'.encode(), f'name = "{slug_of(name)}"'.encode(), 1)


def commit_of(root: Path) -> str:
    """Return the commit that is checked out in a folder, or "unknown" if the folder is not a Git checkout."""
    git = shutil.which("git")
    if git and (root / ".git").exists():
        command = [git, "-C", str(root), "rev-parse", "HEAD"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no outside input
        if answer.returncode == 0:
            return answer.stdout.strip()
    return "unknown"


def slug_of(name: str) -> str:
    """Return a name in small letters, digits and hyphens; "shop" if none of its characters fit."""
    letters = name.casefold().replace("ø", "o").replace("æ", "ae").replace("đ", "d")
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "shop"


def _tile(size: int) -> bytes:
    """Return a PNG file in the colour of the mark: a placeholder until `tools/icons.py` draws the fork's own mark."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">2I5B", size, size, 8, 2, 0, 0, 0)  # 8 bits for each of red, green and blue
    rows = (b"\0" + bytes.fromhex("1F4D3A") * size) * size
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _quoted(text: str) -> str:
    """Return a text as a Python literal, in the quotes that the formatter prefers."""
    code = repr(text)
    return '"' + code[1:-1] + '"' if code.startswith("'") and '"' not in code else code
