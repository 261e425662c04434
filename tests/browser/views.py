"""Check a page: it is accessible in light and dark mode, and no wider than any window.

A page is opened once and then checked at several window sizes, because opening it takes most of the time. The second
colour scheme can only change the contrast, so only that is checked again (WCAG 2.2, success criterion 1.4.3).
"""

import json

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page

WIDTHS = (320, 390, 1280)
ALL: dict[str, object] = {"resultTypes": ["violations"]}
CONTRAST = {**ALL, "runOnly": ["color-contrast"]}
# Return only the violations, as one text: Playwright converts each member of an object separately, which is slow.
VIOLATIONS = "options => axe.run(document, options).then(found => JSON.stringify({violations: found.violations}))"
# Turn transitions off, so that no colour is measured during a transition. The policy allows a script's style sheet.
AT_ONCE = """() => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important }")
  document.adoptedStyleSheets = [sheet]
}"""


def look_at(page: Page, where: str) -> None:
    """Check the page that the browser shows; a failure's message names it by `where`."""
    fits(page, where)
    page.evaluate(AT_ONCE)
    page.evaluate(AXE_SCRIPT)
    for scheme, options in (("dark", CONTRAST), ("light", ALL)):
        page.emulate_media(color_scheme=scheme)
        found = AxeResults(json.loads(page.evaluate(VIOLATIONS, options)))
        assert found.violations_count == 0, f"{where}, {scheme}: {found.generate_report()[:3000]}"


def fits(page: Page, where: str) -> None:
    """Check that the page is not wider than any window."""
    page.wait_for_load_state()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function("width => innerWidth == width", arg=width)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{where} is {overflow} px too wide at {width}"
