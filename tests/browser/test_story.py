"""The whole story in Chromium: browse, log in with Vipps on the simulator, buy, log out, and read the pages.

It runs on a phone, and on a desktop without JavaScript. The first login is cancelled, which keeps the cart.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, LiveShop
from tests.browser.steps import approve, press_vipps, put_into_cart

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "options", [{"viewport": PHONE}, {"viewport": DESK, "java_script_enabled": False}], ids=["phone", "no-javascript"]
)
def test_a_visit_from_browsing_to_logging_out(live_shop: LiveShop, options: dict[str, object]) -> None:
    page = live_shop.open(**options)
    put_into_cart(page, live_shop)
    page.get_by_role("link", name="Go to checkout").click()
    press_vipps(page)
    page.get_by_role("button", name="Cancel").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The login was cancelled")
    page.goto(f"{live_shop.shop}/cart")
    page.get_by_role("link", name="Go to checkout").click()
    press_vipps(page)
    approve(page)
    expect(page).to_have_url(f"{live_shop.shop}/checkout")
    expect(page.get_by_label("Name")).to_have_value("Kari Sandvik Nordfjell")
    expect(page.get_by_role("main")).to_contain_text("Fjordveien 12")
    expect(page.get_by_role("main")).to_contain_text("Verkstedgata 3")
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    page.goto(f"{live_shop.shop}/account")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are logged out")
    expect(page.get_by_role("main")).to_contain_text("Browsers that remember you")
    page.goto(f"{live_shop.shop}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
