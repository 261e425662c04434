"""Render Markdown with two additions: the running source, and sequence diagrams.

    ```source app.vipps.id_token:validate
    ```

    ```sequence
    Browser -> Shop: GET /login/vipps
    Shop -> Shop: checks everything
    ```

A name in backticks that is a place in the source becomes a link to it, and the first use of each term of the glossary
becomes a link to its entry. Every heading has an anchor and a link to itself. Raw HTML is escaped.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from app.guide import lookup, source
from app.guide.code_terms import breakable
from app.guide.sequence import Arrow, draw

ARROW = re.compile(r"\s*(?P<sender>[^:>]+?)\s*->\s*(?P<receiver>[^:]+?)\s*:\s*(?P<label>.+)")
ANCHOR = Markup('<a class="anchor" href="#{}" aria-label="{}"></a>')
PRE = Markup('<div class="code"><pre tabindex="0"><code>{}</code></pre></div>')
OPTION = Markup(' class="option"')  # a command's option is not broken after its hyphens
PLACE = re.compile(
    r"(?:(?:app|demo|samples|simulator)(?:\.\w+)+:[\w.]+|(?:app|demo|migrations|samples|simulator|static|templates|tests)/[\w/.-]+\.\w+(?:::\w+)?)"
)


@dataclass(frozen=True)
class Heading:
    """A heading of the second level, for a table of contents."""

    text: str
    anchor: str


@dataclass(frozen=True)
class Text:
    """A rendered text."""

    html: Markup
    headings: tuple[Heading, ...]


def render(markdown: str, glossary: str = "") -> Text:
    """Render a text as HTML; raise `LookupError` if it names a place that is not in the source.

    `glossary` is the address of the glossary; with it, terms are linked.
    """
    parser = _parser()
    tokens = parser.parse(markdown)
    headings = tuple(_anchor(tokens))
    if glossary:
        _link_terms(tokens, glossary)
    return Text(Markup(parser.renderer.render(tokens, parser.options, {})), headings)  # noqa: S704 - html is off


def plain(markdown: str) -> str:
    """Return a text as plain Markdown, with the code that it names inserted."""

    def code(found: re.Match[str]) -> str:
        place = source.find(found[1])
        return f"`{place.path}`, line {place.first}:\n\n```{source.language(place.path)}\n{place.text}```"

    return re.sub(r"^```source (\S+)\n```$", code, markdown, flags=re.MULTILINE)


def arrows(diagram: str) -> list[Arrow]:
    """Read a diagram, one arrow per line; raise `ValueError` for a line that is not an arrow."""
    found = []
    for line in filter(str.strip, diagram.splitlines()):
        match = ARROW.fullmatch(line)
        if match is None:
            raise ValueError(f"not an arrow: {line!r}")
        found.append(Arrow(match["sender"], match["receiver"], match["label"]))
    return found


def slug(text: str) -> str:
    """Return a text as the fragment of an address."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("code_inline", _code_inline)
    # A wide table scrolls in a frame of its own, with the keyboard as well.
    parser.add_render_rule("table_open", lambda *_: '<div class="table-frame" tabindex="0"><table>')
    parser.add_render_rule("table_close", lambda *_: "</table></div>")
    return parser


def _anchor(tokens: list[Token]) -> list[Heading]:
    """Give every heading an anchor; return the headings of the second level."""
    headings = []
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            words = "".join(child.content for child in tokens[at + 1].children or [])
            token.attrSet("id", slug(words))
            anchor = ANCHOR.format(slug(words), f"Link to “{words}”")
            tokens[at + 1].children = [*(tokens[at + 1].children or []), Token("html_inline", "", 0, content=anchor)]
            if token.tag == "h2":
                headings.append(Heading(words, slug(words)))
    return headings


def _link_terms(tokens: list[Token], glossary: str) -> None:
    """Link the first use of each term in a text to the glossary; headings and links stay as they are."""
    unused = {name: term for term in lookup.TERMS for name in term.names}
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, unused), key=len, reverse=True))})s?\b", re.IGNORECASE)
    for before, token in pairwise(tokens):
        if token.type == "inline" and before.type != "heading_open":
            token.children = list(_with_links(token.children or [], unused, pattern, glossary))


def _with_links(
    children: list[Token], unused: dict[str, lookup.Term], pattern: re.Pattern[str], glossary: str
) -> Iterator[Token]:
    inside = 0
    for child in children:
        inside += (child.type == "link_open") - (child.type == "link_close")
        if inside or child.type not in ("text", "code_inline"):
            yield child
            continue
        end = 0
        for found in pattern.finditer(child.content):
            name = found[0] if found[0] in unused else found[0].lower()
            term = unused.get(name) or unused.get(name.removesuffix("s"))
            if term is None or (child.type == "code_inline" and found[0] != child.content):
                continue
            for each in term.names:
                unused.pop(each, None)
            yield child.copy(content=child.content[end : found.start()])
            link = {"href": f"{glossary}#{slug(term.term)}", "class": "term", "title": term.stands_for or term.meaning}
            yield Token("link_open", "a", 1, attrs=dict(link))
            yield child.copy(content=found[0])
            yield Token("link_close", "a", -1)
            end = found.end()
        if end < len(child.content):
            yield child.copy(content=child.content[end:])


def _fence(renderer: RendererHTML, tokens: list[Token], at: int, options: Any, env: Any) -> str:
    kind, _, name = tokens[at].info.strip().partition(" ")
    content = tokens[at].content
    if kind == "source":
        return str(source.show(name.strip()))
    if kind == "sequence":
        parsed = arrows(content)
        title = "; ".join(f"{each.sender} to {each.receiver}: {each.label}" for each in parsed)
        return str(Markup('<div class="sequence-frame">{}</div>').format(draw(parsed, title)))
    code = source.highlighted(content, {"python": ".py", "html": ".html", "toml": ".toml"}.get(kind, ".txt"))
    return str(PRE.format(code))


def _code_inline(renderer: RendererHTML, tokens: list[Token], at: int, options: Any, env: Any) -> str:
    words = tokens[at].content
    code = Markup("<code{}>{}</code>").format(OPTION if words.startswith("-") else "", breakable(words))
    if PLACE.fullmatch(words):
        return str(Markup('<a href="{}">{}</a>').format(source.url(words), code))
    return str(code)
