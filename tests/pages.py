"""Read a page in a test, and check the rules for every page of the shop."""

from __future__ import annotations

import re
from functools import cache, cached_property
from typing import Any

import html5lib
from bs4 import BeautifulSoup, Tag
from lxml.html import HtmlElement, document_fromstring, tostring

from app.i18n import LANGUAGES

# Inline code would need an exception in the Content-Security-Policy.
INLINE = re.compile(r"^on[a-z]+$|^style$")
TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
# Text between tags and inside quotes does not change whether a page is valid, unless it contains markup.
WORDS = re.compile(r">[^<>&]+")
ATTRIBUTE = re.compile(r'="[^"<>&]*"')


class Page:
    """A page: `text` is its visible text, `select` and `one` find elements by CSS selector. Parsed at first use."""

    def __init__(self, html: str, response: Any = None) -> None:
        self.html = html
        self.response = response

    @cached_property
    def tree(self) -> HtmlElement:
        """Return the page as parsed by lxml, which takes a tenth of BeautifulSoup's time."""
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
        """Return the only element that matches; fail with the page's text if there are none or several."""
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
    """Check the rules for every page, whatever its status; return the page."""
    html = response.text
    check_syntax(ATTRIBUTE.sub('=""', WORDS.sub(">", html)))
    page = Page(html, response)
    tree = page.tree
    title = tree.findtext("head/title", "").strip()
    assert title.startswith(page.h1[:20]), f"title {title!r} does not begin like the h1 {page.h1!r}"
    assert tree.get("lang") in LANGUAGES
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids)), f"duplicate ids: {sorted(i for i in ids if ids.count(i) > 1)}"
    check_markup(tree)
    check_forms(tree)
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    return page


@cache
def check_syntax(skeleton: str) -> None:
    """Check that a page is valid HTML, once for all pages that differ only in their plain text."""
    html5lib.HTMLParser(strict=True).parse(skeleton)


def check_markup(tree: HtmlElement) -> None:
    """Check that the policy allows all elements, none loads from another host, and every image has an `alt`."""
    for attribute in tree.xpath("//@*"):
        assert not INLINE.match(attribute.attrname), tostring(attribute.getparent())
    assert not tree.xpath("//style"), "an inline style sheet"
    assert not tree.xpath("//script[not(@src)]"), "an inline script"
    loaded = "//script/@src | //img/@src | //source/@src | //link[@rel and not(@rel='canonical')]/@href"
    for address in tree.xpath(loaded):
        assert address.startswith("/"), f"loaded from another host: {tostring(address.getparent())}"
    for image in tree.xpath("//img[not(@alt)]"):
        raise AssertionError(f"an image without `alt`: {tostring(image)}")
    words = tree.xpath("//text()[not(ancestor::code) and not(ancestor::pre)]")
    assert "None" not in " ".join(words).split(), "a Python None on the page"


def check_forms(tree: HtmlElement) -> None:
    """Check that every form has an action, every POST form a CSRF token, and every field a label."""
    for form in tree.xpath("//form"):
        assert form.get("action"), tostring(form)
        if form.get("method", "get") == "post":
            assert form.xpath('.//input[@name="csrf_token"]'), tostring(form)
    named = set(tree.xpath("//label/@for"))
    for field in tree.xpath('//input[not(@type="hidden")] | //select | //textarea'):
        labelled = field.get("aria-label") or field.get("id") in named or field.xpath("ancestor::label")
        assert labelled, f"a field without a label: {tostring(field)}"
