"""Read tables of texts: the `texts.toml` of a package has them in English, and the translators' tools read it.

A text is translated when it is shown, not when it is read, because each page has its own language.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import BinaryIO

from flask_babel import gettext

from app.settings import settings_of_app

APP = Path(__file__).parent


@cache
def text_table(package: str, name: str) -> Mapping[str, str]:
    """Return one table of a package's texts."""
    table: Mapping[str, str] = tomllib.loads((APP / package / "texts.toml").read_text(encoding="utf-8"))[name]
    return table


def branded(text: str) -> str:
    """Translate a text for this page; `%(brand)s` becomes the brand of this shop's market."""
    return str(gettext(text, brand=settings_of_app().brand))


def extract(file: BinaryIO, *_rest: object, **_options: object) -> Iterator[tuple[int, None, str, list[str]]]:
    """Yield every text of a file: an extraction method of Babel."""
    for table in tomllib.loads(file.read().decode()).values():
        yield from ((0, None, text, []) for text in table.values())
