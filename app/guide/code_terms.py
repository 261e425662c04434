"""Mark technical names in the texts of the guide's tables as code, and their links as links.

The tables stay plain text, because tests, downloads and titles use them too. A technical name is recognized by its form
(an underscore, an equals sign, an address), or it is one of a few words of the protocol. Text between backticks is code
as well, and `[a label](/an/address)` is a link.
"""

import re

from markupsafe import Markup

from app.guide import tables

_WORDS = tables.load("code_terms.toml", "words")["words"]
MAX_UNBROKEN = 12
_BREAK = re.compile(r"(?<=[^\W_][_/:?@]|::)(?=\w)|(?<=\w\.)(?=\w{5})")
NAME = re.compile(
    r"`(?P<quoted>[^`]+)`"
    r"|\[(?P<label>[^\]]+)\]\((?P<href>/[^)]+)\)"
    r"|(?P<bare>(?:https?://|\{PUBLIC_URL\})[\w./:-]*[\w/]"
    r"|alg: none"
    r"|(?<=\()nonce(?=\))"
    r"|\b[a-z_]+=[\w/]+"
    r"|\b[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)+\b"
    rf"|\b(?:{'|'.join(map(re.escape, _WORDS))})\b)"
)


def mark_code(text: str) -> Markup:
    """Return a sentence with its technical names marked as code."""
    parts, end = [], 0
    for found in NAME.finditer(text):
        marked = _link(found) if found["href"] else _code(found["quoted"] or found["bare"])
        parts += [Markup.escape(text[end : found.start()]), marked]
        end = found.end()
    return Markup("").join([*parts, Markup.escape(text[end:])])


def _link(found: re.Match[str]) -> Markup:
    return Markup('<a href="{}">{}</a>').format(found["href"], found["label"])


def breakable(name: str) -> Markup:
    """Return a long name that a narrow page may break behind its separators, but not before a file's suffix."""
    shown = Markup.escape(name)
    return Markup(_BREAK.sub("<wbr>", shown)) if len(name) > MAX_UNBROKEN else shown  # noqa: S704 - escaped


def _code(name: str) -> Markup:
    return Markup("<code>{}</code>").format(breakable(name))
