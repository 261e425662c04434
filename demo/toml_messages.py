"""Extract the texts of `tour.toml` for translation: a Babel method, which `translations/babel.cfg` names."""

import tomllib
from collections.abc import Iterator
from typing import Any

TRANSLATED = ("title", "text", "action", "why")


def extract(file: Any, keywords: Any, comment_tags: Any, options: Any) -> Iterator[tuple[int, str, str, list[str]]]:
    """Yield each text as Babel expects it: line, function, message and comments."""
    for step in tomllib.load(file)["steps"]:
        yield from ((1, "_", step[name], []) for name in TRANSLATED)
