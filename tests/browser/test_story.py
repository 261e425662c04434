"""The whole story in Chromium: browse, log in with Vipps on the simulator, buy, log out, and read what that did.

Told on a desk, on a phone, without JavaScript and in Norwegian; then the ways it can end early.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESK, PHONE, LiveShop
from tests.browser.steps import approve, press_vipps, put_into_cart

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    "options", [{"viewport": DESK}, {"viewport": PHONE}, {"viewport": DESK, "java_script_enabled": False}],
    ids=["desk", "phone", "no-javascript"],
)  # fmt: skip
def test_the_story_from_the_shelf_to_logging_out(live_shop: LiveShop, options: dict[str, object]) -> None:
    page = live_shop.open(**options)
    put_into_cart(page, live_shop)
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


def test_the_story_in_norwegian(live_shop: LiveShop) -> None:
    page = live_shop.open(locale="nb-NO")
    page.goto(f"{live_shop.shop}/login")
    expect(page.get_by_role("heading", level=1)).to_have_text("Logg inn")
    press_vipps(page, "Logg inn med Vipps")
    expect(page.locator("html")).to_have_attribute("lang", "nb")


def test_a_remembered_browser_is_back_at_once(live_shop: LiveShop) -> None:
    page = live_shop.open()
    page.goto(f"{live_shop.shop}/login")
    press_vipps(page)
    page.get_by_label("Remember me").check()
    approve(page)
    page.goto(f"{live_shop.shop}/account")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    page.goto(f"{live_shop.shop}/login?next=/account")
    press_vipps(page)
    expect(page).to_have_url(f"{live_shop.shop}/account")


def test_cancelling_is_calm_and_keeps_the_cart(live_shop: LiveShop) -> None:
    page = live_shop.open()
    put_into_cart(page, live_shop)
    page.goto(f"{live_shop.shop}/login?next=/checkout")
    press_vipps(page)
    page.get_by_role("button", name="Cancel").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The login was cancelled")
    page.goto(f"{live_shop.shop}/cart")
    expect(page.get_by_role("main")).to_contain_text("mug")


def test_the_wrong_number_is_told_and_never_retried(live_shop: LiveShop) -> None:
    page = live_shop.open()
    page.goto(f"{live_shop.shop}/login")
    press_vipps(page)
    page.get_by_role("button", name="Ola Tangen").click()
    number = page.locator(".challenge").first.inner_text().strip()
    choices = [button.inner_text() for button in page.get_by_role("button").all() if button.inner_text().isdigit()]
    page.get_by_role("button", name=next(c for c in choices if c != number), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The number did not match")


def test_with_the_simulator_switched_off_the_page_is_friendly(live_shop: LiveShop) -> None:
    page = live_shop.open()
    put_into_cart(page, live_shop)
    page.goto(f"{live_shop.shop}/login/vipps")  # by now the shop knows the discovery document
    page.goto(f"{live_shop.shop}/login?next=/checkout")
    live_shop.stop_simulator()
    press_vipps(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Vipps has a problem right now")
    page.get_by_role("link", name="Log in another way").click()
    expect(page.get_by_label("Password")).to_be_visible()


def test_two_browsers_do_not_disturb_each_other(live_shop: LiveShop) -> None:
    kari, gunnar = live_shop.open(), live_shop.open()
    for page in (kari, gunnar):
        page.goto(f"{live_shop.shop}/login?next=/account")
        press_vipps(page)
    approve(kari)
    approve(gunnar, "Gunnar Lie")
    expect(kari.get_by_role("main")).to_contain_text("Kari Sandvik Nordfjell")
    expect(gunnar.get_by_role("main")).to_contain_text("Gunnar Lie")
