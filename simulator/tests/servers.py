"""Real servers and a real browser for the tests that need them; all on this machine."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
# A page that requests another host logs an error in the browser's console.
FLAGS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]
WIDTHS = (320, 390, 1280)


@contextmanager
def served(application: Any) -> Iterator[str]:
    """Serve a WSGI app on a free port, in threads; yield its origin."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://localhost:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def launched_chromium() -> Iterator[Browser]:
    """Start Chromium, and close it at the end."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert found, f"no Chromium: none of {', '.join(BROWSERS)} is installed"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def check_accessibility(page: Page, where: str) -> None:
    """Check a page with axe in both colour schemes, and that it fits into every width."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function("width => innerWidth == width", arg=width)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{where} is {overflow} px too wide at {width}"
    # Without transitions, axe does not measure a colour during a transition.
    page.emulate_media(reduced_motion="reduce")
    page.add_style_tag(content="*, *::before, *::after { transition: none !important; animation: none !important }")
    page.evaluate(AXE_SCRIPT)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        run = "axe.run().then(found => JSON.stringify({violations: found.violations}))"
        found = AxeResults(json.loads(page.evaluate(run)))
        assert found.violations_count == 0, f"{where}, {scheme}: {found.generate_report()[:3000]}"
