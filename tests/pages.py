"""A page as a test sees it, and what must hold on every page of the shop."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import html5lib
from bs4 import BeautifulSoup, Tag

# Inline code would need a hole in the Content-Security-Policy.
INLINE = re.compile(r"^on[a-z]+$|^style$")
TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
# What cannot make a page valid or invalid: words between tags and within quotes, as long as nothing in them is markup.
WORDS = re.compile(r">[^<>&]+")
ATTRIBUTE = re.compile(r'="[^"<>&]*"')


class Page:
    """A parsed page: `text` as read, `select` and `one` by CSS selector."""

    def __init__(self, html: str, response: Any = None) -> None:
        self.html = html
        self.response = response
        self.soup = BeautifulSoup(html, "lxml")

    @property
    def text(self) -> str:
        """Return the visible text with blanks folded."""
        return " ".join(self.soup.get_text(" ").split())

    @property
    def h1(self) -> str:
        """Return the heading's text."""
        return " ".join(self.one("h1").get_text(" ").split())

    def select(self, css: str) -> list[Tag]:
        """Return all elements that match."""
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
    """Check what holds for every page, whatever its status, and return it parsed."""
    html = response.text
    check_syntax(ATTRIBUTE.sub('=""', WORDS.sub(">", html)))
    page = Page(html, response)
    title, heading = page.one("title").get_text().strip(), page.h1
    assert title.startswith(heading[:20]), f"title {title!r} does not begin like the h1 {heading!r}"
    assert page.one("html").get("lang") in ("en", "nb")
    ids = [str(tag["id"]) for tag in page.select("[id]")]
    assert len(ids) == len(set(ids)), f"an id twice: {sorted(i for i in ids if ids.count(i) > 1)}"
    check_markup(page)
    check_forms(page)
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    return page


@cache
def check_syntax(bones: str) -> None:
    """Check that a page is valid HTML, once for all pages that differ in nothing but plain words."""
    html5lib.HTMLParser(strict=True).parse(bones)


def check_markup(page: Page) -> None:
    """Check that nothing needs a hole in the policy or comes from another host, and that every picture has a text."""
    for tag in page.soup.find_all(True):
        assert not [name for name in tag.attrs if INLINE.match(name)], tag
    assert not page.select("style"), "an inline style sheet"
    for script in page.select("script"):
        assert script.get("src"), "an inline script"
    for tag in page.select("script[src], img[src], link[href], source[src]"):
        assert str(tag.get("src") or tag.get("href")).startswith("/"), f"from elsewhere: {tag}"
    for image in page.select("img"):
        assert image.has_attr("alt"), image
    words = [text for text in page.soup.find_all(string=True) if not text.find_parent(["code", "pre"])]
    assert "None" not in " ".join(words).split(), "a Python None on the page"


def check_forms(page: Page) -> None:
    """Check that every form says where it goes, and that every one that changes something carries a token."""
    for form in page.select("form"):
        assert form.get("action"), form
        if form.get("method", "get") == "post":
            assert form.select('input[name="csrf_token"]'), form
    for field in page.select("input:not([type=hidden]), select, textarea"):
        labelled = (
            field.get("aria-label") or page.select(f'label[for="{field.get("id")}"]') or field.find_parent("label")
        )
        assert labelled, f"a field without a label: {field}"
