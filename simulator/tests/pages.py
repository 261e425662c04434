"""A page as a test reads it, and the rules that hold on every page of the simulator."""

import re
from functools import cache, cached_property
from typing import Any

import html5lib
from bs4 import BeautifulSoup, Tag

from ..i18n import LANGUAGES

# Inline code would need an exception in the Content-Security-Policy.
INLINE = re.compile(r"^on[a-z]+$|^style$")
# Plain text and attribute values without markup in them cannot make a page invalid.
TEXT = re.compile(r">[^<>&]+")
ATTRIBUTE = re.compile(r'="[^"<>&]*"')


class Page:
    """A page: `text` is its visible text, `select` and `one` find elements by CSS selector."""

    def __init__(self, html: str) -> None:
        self.html = html

    @cached_property
    def soup(self) -> BeautifulSoup:
        """Return the parsed page."""
        return BeautifulSoup(self.html, "lxml")

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
        """Return the only element that matches; fail with the page's text if there is none or more than one."""
        found = self.soup.select(css)
        assert len(found) == 1, (
            f"{len(found)} elements match {css!r} in: {' '.join(self.soup.get_text(' ').split())[:500]}"
        )
        return found[0]

    def csrf_token(self) -> str:
        """Return the CSRF token of the page's forms."""
        return str(self.select("input[name=csrf_token]")[0]["value"])


def check_page(response: Any) -> Page:
    """Check the rules for every page, whatever its status, and return it."""
    check_syntax(ATTRIBUTE.sub('=""', TEXT.sub(">", response.text)))
    page = Page(response.text)
    title = page.one("head > title").get_text().strip()
    assert title.startswith(page.h1[:20]), f"title {title!r} does not begin like the h1 {page.h1!r}"
    assert page.one("html")["lang"] in LANGUAGES
    ids = [str(tag["id"]) for tag in page.select("[id]")]
    assert len(ids) == len(set(ids)), f"duplicate ids: {sorted(i for i in ids if ids.count(i) > 1)}"
    check_markup(page)
    check_forms(page)
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    return page


@cache
def check_syntax(markup: str) -> None:
    """Check that a page is valid HTML, once for all pages that differ only in plain text."""
    html5lib.HTMLParser(strict=True).parse(markup)


def check_markup(page: Page) -> None:
    """Check that the page needs no script, no inline style and no other host."""
    assert not page.select("script, style"), "a script or an inline style sheet"
    for tag in page.soup.find_all(True):
        assert not [name for name in tag.attrs if INLINE.match(name)], tag
    for tag in page.select("img[src], link[href], source[src]"):
        assert str(tag.get("src") or tag["href"]).startswith("/"), f"from another host: {tag}"
    assert not page.select("img:not([alt])"), "an image without `alt`"
    texts = [text for text in page.soup.find_all(string=True) if not text.find_parent(["code", "pre"])]
    assert "None" not in " ".join(texts).split(), "a Python None on the page"


def check_forms(page: Page) -> None:
    """Check that each form has an action, each POST form a CSRF token, and each field a label."""
    for form in page.select("form"):
        assert form.get("action"), form
        if form.get("method", "get") == "post":
            assert form.select("input[name=csrf_token]"), form
    labels = {label.get("for") for label in page.select("label[for]")}
    for field in page.select("input:not([type=hidden]), select, textarea"):
        is_labelled = field.get("aria-label") or field.get("id") in labels or field.find_parent("label")
        assert is_labelled, f"a field without a label: {field}"
