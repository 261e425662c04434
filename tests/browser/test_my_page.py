"""Forms in Chromium that lead to Vipps: link, refresh the profile, re-authenticate."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LiveShop
from tests.browser.steps import approve, be, expect_said, log_in_by_password, press_vipps
from tests.conftest import served

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("button", ["Connect", "Refresh", "Confirm"])
def test_a_form_leads_to_vipps_wherever_its_landing_page_is(
    live_shop: LiveShop, monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    """Chromium applies `form-action` to every redirect after a form post, also to other origins that Vipps chooses."""
    page = live_shop.open()
    page.goto(f"{live_shop.shop}/login?next=/account")
    client = live_shop.app.extensions["vipps"].client
    address = client.authorization_url
    with served(redirects_to(live_shop.simulator)) as landing, served(redirects_to(landing)) as host:
        monkeypatch.setattr(client, "authorization_url", lambda it: address(it).replace(live_shop.simulator, host))
        if button == "Connect":
            log_in_by_password(page, live_shop, "ingrid.solheim@example.com")
            page.get_by_role("main").get_by_role("link", name="Connect Vipps").click()
            page.get_by_role("button", name="Continue with Vipps").click()
            approve(page, "Fredrikke-Alexandrine")
            expect_said(page, "Vipps is connected")
            return
        press_vipps(page)
        approve(page)
        if button == "Refresh":
            page.goto(f"{live_shop.shop}/account/profile")
            page.get_by_role("button", name="Ask Vipps again").click()
            approve(page)
            expect(page).to_have_url(f"{live_shop.shop}/account/profile")
        else:
            page.get_by_role("main").get_by_role("link", name="Disconnect").click()
            page.get_by_role("main").get_by_role("button", name="Vipps").click()
            be(page)
            expect_said(page, "you have confirmed that it is you")


def redirects_to(origin: str) -> Any:
    """Return an app that redirects every request to another origin, with the same path and query."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("302 Found", [("Location", origin + environ["RAW_URI"])])
        return []

    return app
