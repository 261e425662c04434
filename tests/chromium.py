"""The one Chromium that all browser tests of a process share; each opens windows of its own in it.

It knows no address but this machine's, so a page that asks for something outside says so in its console.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# The shell is Chromium without its own windows and menus, which a test does not need: half the work.
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
