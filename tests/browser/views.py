"""One look at a page from all sides: it keeps nobody out, in light and dark, and is not wider than any window.

A page is opened once and then looked at in several windows, since coming to it is what takes time. Only what a colour
scheme can change is asked again in the other one: contrast (WCAG 2.2, success criterion 1.4.3).
"""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (320, 390, 1280)
CONTRAST = {"runOnly": ["color-contrast"]}
# Colours change at once, so that none is measured on its way. A sheet of a script is no inline style to the policy.
AT_ONCE = """() => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important }")
  document.adoptedStyleSheets = [sheet]
}"""


def look_at(page: Page, where: str) -> None:
    """Check the page on which the browser is; `where` is what a failure calls it."""
    page.wait_for_load_state()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function("width => innerWidth == width", arg=width)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{where} is {overflow} px too wide at {width}"
    page.evaluate(AT_ONCE)
    for scheme, options in (("dark", CONTRAST), ("light", None)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # one of the two
        results = Axe().run(page, options=options)
        assert results.violations_count == 0, f"{where}, {scheme}: {results.generate_report()[:3000]}"
