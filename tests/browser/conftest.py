"""Chromium with a shop and a simulator on real sockets.

An error in the browser's console fails the test. Chromium logs an error there if a page violates its
Content-Security-Policy, or requests an address outside this machine.
"""

import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.conftest import served
from tests.vipps_person import build_simulator

DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@dataclass
class LiveShop:
    """A shop, a simulator, and new browsers for them."""

    shop: str
    simulator: str
    app: Flask
    open: Callable[..., Page]


@pytest.fixture
def live_shop(
    chromium: Browser, make_app: Callable[..., Flask], simulator_template: Path, tmp_path: Path, unused_port: int
) -> Iterator[LiveShop]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    database = tmp_path / "simulator.sqlite"
    shutil.copy(simulator_template, database)
    public_url = f"http://localhost:{unused_port}"
    holder: dict[str, Any] = {}
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_browser(viewport: dict[str, int] = DESK, **options: Any) -> Page:
        options = {"locale": "en-GB", **options}
        context = chromium.new_context(viewport=viewport, has_touch=viewport is PHONE, **options)
        contexts.append(context)
        context.on("console", lambda message: _note_error(message, problems))
        page = context.new_page()
        page.set_default_timeout(10_000)
        return page

    with served(lambda environ, start: holder["provider"](environ, start)) as origin:
        callback = f"{public_url}/login/vipps/callback"
        holder["provider"] = build_simulator(origin, database, redirect_uri=callback, plan="advanced")
        app = make_app(demo=True, SIMULATOR_URL=origin, PUBLIC_URL=public_url)
        with served(app, port=unused_port):
            yield LiveShop(public_url, origin, app, open_browser)
            for context in contexts:
                context.close()
    assert problems == []


def _note_error(message: ConsoleMessage, problems: list[str]) -> None:
    """Record the browser's error messages, except that an error page has an error status."""
    if message.type == "error" and not message.text.startswith("Failed to load resource: the server responded"):
        problems.append(message.text)
