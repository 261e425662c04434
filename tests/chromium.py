"""The Chromium that all browser tests of a process share; each test opens its own windows in it.

It resolves only this machine's names, so a page that requests an outside address logs an error in its console.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# The headless shell is Chromium without windows and menus, which tests do not need: it does half the work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]  # fmt: skip


@contextmanager
def launched() -> Iterator[Browser]:
    """Start Chromium, and close it at the end."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    assert found, "no Chromium: tools/programs.sh installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()
