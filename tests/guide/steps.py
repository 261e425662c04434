"""Steps of the inspector's tests: this browser's newest login as a page, as a file, and as stored."""

from collections.abc import Sequence
from typing import Any

from flask.testing import FlaskClient

from app.guide.inspector import store
from tests.conftest import open_page
from tests.pages import Page
from tests.vipps_person import VippsPerson

INDEX = "/guide/inspector"


def newest(browser: FlaskClient) -> Page:
    """Open this browser's newest login."""
    link = open_page(browser, INDEX).select(".login h2 a")[0]
    return open_page(browser, str(link["href"]))


def recorded(browser: FlaskClient) -> dict[str, Any]:
    """Download this browser's newest login."""
    link = Page(browser.get(INDEX).text).tree.find_class("login")[0].find(".//h2/a")
    response = browser.get(f"{link.get('href')}.json")
    assert response.headers["Content-Disposition"].startswith("attachment")
    return dict(response.json)


def kept_of(vipps: VippsPerson) -> Sequence[store.RecordedLogin]:
    cookie = vipps.browser.get_cookie("inspector")
    assert cookie
    with vipps.app.test_request_context(headers={"Cookie": f"{cookie.key}={cookie.value}"}):
        return store.list_for_browser()


def results(browser: FlaskClient) -> list[str]:
    """Return the result of each check of the newest login."""
    return [each["result"] for each in recorded(browser)["checks"]]
