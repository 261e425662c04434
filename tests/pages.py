"""A page as a test sees it, and what must hold on every page of the shop."""

from __future__ import annotations

import re
from functools import cache, cached_property
from typing import Any

import html5lib
from bs4 import BeautifulSoup, Tag
from lxml.html import HtmlElement, document_fromstring, tostring

from app.i18n import LANGUAGES

# Inline code would need a hole in the Content-Security-Policy.
INLINE = re.compile(r"^on[a-z]+$|^style$")
TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
# What cannot make a page valid or invalid: words between tags and within quotes, as long as nothing in them is markup.
WORDS = re.compile(r">[^<>&]+")
ATTRIBUTE = re.compile(r'="[^"<>&]*"')


class Page:
    """A page: `text` as read, `select` and `one` by CSS selector. It is parsed when it is first looked at."""

    def __init__(self, html: str, response: Any = None) -> None:
        self.html = html
        self.response = response

    @cached_property
    def tree(self) -> HtmlElement:
        """Return the page as lxml has it, which takes a tenth of the time."""
        return document_fromstring(self.html)

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.html, "lxml")

    @property
    def text(self) -> str:
        """Return the visible text with blanks folded."""
        return " ".join(" ".join(self.tree.xpath("//text()")).split())

    @property
    def h1(self) -> str:
        """Return the heading's text."""
        (heading,) = self.tree.xpath("//h1")
        return " ".join("".join(heading.itertext()).split())

    def select(self, css: str) -> list[Tag]:
        return list(self.soup.select(css))

    def one(self, css: str) -> Tag:
        """Return the one element that matches; fail with the page's text if it is not one."""
        found = self.soup.select(css)
        assert len(found) == 1, f"{len(found)} elements match {css!r} in: {self.text[:500]}"
        return found[0]

    def csrf_token(self) -> str:
        """Return the token of the page's forms."""
        return token_in(self.html)


def token_in(html: str) -> str:
    """Return the CSRF token of a page's forms."""
    found = TOKEN.search(html)
    assert found, f"no form with a token in: {html[:500]}"
    return found[1]


def check_page(response: Any) -> Page:
    """Check what holds for every page, whatever its status, and return it."""
    html = response.text
    check_syntax(ATTRIBUTE.sub('=""', WORDS.sub(">", html)))
    page = Page(html, response)
    tree = page.tree
    title = tree.findtext("head/title", "").strip()
    assert title.startswith(page.h1[:20]), f"title {title!r} does not begin like the h1 {page.h1!r}"
    assert tree.get("lang") in LANGUAGES
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids)), f"an id twice: {sorted(i for i in ids if ids.count(i) > 1)}"
    check_markup(tree)
    check_forms(tree)
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    return page


@cache
def check_syntax(bones: str) -> None:
    """Check that a page is valid HTML, once for all pages that differ in nothing but plain words."""
    html5lib.HTMLParser(strict=True).parse(bones)


def check_markup(tree: HtmlElement) -> None:
    """Check that nothing needs a hole in the policy or comes from another host, and that every picture has a text."""
    for attribute in tree.xpath("//@*"):
        assert not INLINE.match(attribute.attrname), tostring(attribute.getparent())
    assert not tree.xpath("//style"), "an inline style sheet"
    assert not tree.xpath("//script[not(@src)]"), "an inline script"
    loaded = "//script/@src | //img/@src | //source/@src | //link[@rel and not(@rel='canonical')]/@href"
    for address in tree.xpath(loaded):
        assert address.startswith("/"), f"from elsewhere: {tostring(address.getparent())}"
    for image in tree.xpath("//img[not(@alt)]"):
        raise AssertionError(f"a picture without a text: {tostring(image)}")
    words = tree.xpath("//text()[not(ancestor::code) and not(ancestor::pre)]")
    assert "None" not in " ".join(words).split(), "a Python None on the page"


def check_forms(tree: HtmlElement) -> None:
    """Check that every form says where it goes, and that every one that changes something carries a token."""
    for form in tree.xpath("//form"):
        assert form.get("action"), tostring(form)
        if form.get("method", "get") == "post":
            assert form.xpath('.//input[@name="csrf_token"]'), tostring(form)
    named = set(tree.xpath("//label/@for"))
    for field in tree.xpath('//input[not(@type="hidden")] | //select | //textarea'):
        labelled = field.get("aria-label") or field.get("id") in named or field.xpath("ancestor::label")
        assert labelled, f"a field without a label: {tostring(field)}"
