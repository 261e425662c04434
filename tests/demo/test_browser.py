"""The first minute in Chromium, by keyboard alone: be Kari, and see the login step by step."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, LiveShop, live_shop, shop_environ  # noqa: F401 - fixtures

pytestmark = pytest.mark.browser


def press(page: Page, name: str) -> None:
    """Move to a link or button by Tab, and press it."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.innerText?.trim()") == name:
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")


@pytest.mark.parametrize("options", [{"viewport": DESK}, {"viewport": PHONE}], ids=["desk", "phone"])
def test_be_kari_by_keyboard(live_shop: LiveShop, options: dict[str, object]) -> None:  # noqa: F811
    page = live_shop.open(**options)
    page.goto(f"{live_shop.shop}/demo?next=/account")
    press(page, "Be Kari")
    expect(page.locator(".proposed")).to_contain_text("Kari Sandvik Nordfjell")
    press(page, "Continue as Kari Sandvik")
    press(page, page.locator(".challenge").inner_text())
    press(page, "I have opened the link")
    press(page, "Share and continue")
    press(page, "Confirm")
    expect(page).to_have_url(f"{live_shop.shop}/account")
    expect(page.locator(".demobar")).to_contain_text("You are Kari Sandvik.")
    press(page, "See it step by step")
    expect(page.get_by_role("heading", level=1)).to_contain_text("logged in")
