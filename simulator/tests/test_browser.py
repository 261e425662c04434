"""A real browser at the simulator: it needs no script, and the policy allows redirects of forms to the merchant."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.wrappers import Request, Response

from .. import MerchantConfig
from .conftest import Provider, query_of
from .servers import check_accessibility, served

pytestmark = pytest.mark.browser


@dataclass
class Servers:
    """A simulator and a merchant on real sockets."""

    unit: MerchantConfig
    origin: str
    visits: list[str] = field(default_factory=list)

    def url(self, **changes: Any) -> str:
        """Return an authorization URL of the merchant."""
        built = Provider(None, self.unit).url(redirect_uri=self.unit.redirect_uris[0], **changes)
        return built.replace("http://localhost:8001", self.origin)


@pytest.fixture
def street(make_simulator: Callable[..., Flask]) -> Iterator[Servers]:
    """Serve a simulator and a merchant that only records its callbacks."""
    visits: list[str] = []

    @Request.application
    def merchant(request: Request) -> Response:
        if request.path == "/back":
            visits.append(request.url)
        return Response("<!doctype html><title>Back</title><h1>Back</h1>", content_type="text/html")

    holder: dict[str, Any] = {}
    simulator = served(lambda environ, start: holder["app"](environ, start))
    with served(merchant) as shop, simulator as origin:
        unit = MerchantConfig(client_id="street", client_secret="s", name="Hjørnet", redirect_uris=(f"{shop}/back",))
        holder["app"] = make_simulator(public_url=origin, merchants=(unit,))
        yield Servers(unit, origin, visits)


def open_page(chromium: Browser, **options: Any) -> tuple[Page, list[str]]:
    """Open a page without JavaScript; return it and the errors in its console."""
    complaints: list[str] = []
    page = chromium.new_context(java_script_enabled=False, locale="en-GB", **options).new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda message: complaints.append(message.text))
    return page, complaints


@pytest.mark.parametrize("width", [1280, 390])
def test_first_login_in_a_browser_without_script(chromium: Browser, street: Servers, width: int) -> None:
    page, complaints = open_page(chromium, viewport={"width": width, "height": 844})
    page.goto(street.url(scope="openid name email delegatedConsents"))
    page.get_by_role("button", name="Kari Sandvik Nordfjell").click()
    page.get_by_role("button", name=page.locator(".challenge").inner_text(), exact=True).click()
    page.get_by_role("button", name="I have opened the link").click()
    page.get_by_role("button", name="Share and continue").click()
    page.get_by_label("SMS").check()
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Back")).to_be_visible()
    assert query_of(street.visits[-1])["code"]
    assert complaints == []
    page.context.close()


def test_enter_in_the_phone_field_means_next(chromium: Browser, street: Servers) -> None:
    page, _ = open_page(chromium)
    page.goto(street.url())
    page.get_by_label("Phone number").fill("900 00 012")
    page.get_by_label("Phone number").press("Enter")
    expect(page.get_by_text("Hi, Ola.")).to_be_visible()
    page.context.close()


def test_remembered_browser_comes_straight_back(chromium: Browser, street: Servers) -> None:
    page, _ = open_page(chromium)
    page.goto(street.url(scope="openid"))
    page.get_by_label("Remember me in this browser").check()
    page.get_by_role("button", name="Ola Tangen").click()
    page.get_by_role("button", name=page.locator(".challenge").inner_text(), exact=True).click()
    expect(page.get_by_role("heading", name="Back")).to_be_visible()
    page.goto(street.url(scope="openid"))
    expect(page.get_by_role("heading", name="Back")).to_be_visible()
    assert [bool(query_of(visit)["code"]) for visit in street.visits] == [True, True]
    page.context.close()


def test_pages_are_accessible_and_fit_every_width(chromium: Browser, street: Servers) -> None:
    page = chromium.new_context(bypass_csp=True, locale="nb-NO").new_page()
    page.goto(street.url(scope="openid name email"))
    confirm = page.url
    for step in ("landing", "confirm", "home", "control", "error"):
        match step:
            case "confirm":
                with page.expect_navigation():
                    page.locator("button[value=fredrikke]").click()
            case "home" | "control":
                page.goto(street.origin + {"home": "/", "control": "/control/"}[step])
            case "error":
                page.goto(street.url(client_id="unknown"))
        check_accessibility(page, step)
    assert confirm.startswith(street.origin)
    page.context.close()
