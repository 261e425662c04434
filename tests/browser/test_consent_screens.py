"""The merchant's own screens in Chromium: set up on the merchant's page, read in Finnish, answered, and known here."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.about import NAME
from app.settings import DEMO_CLIENT_ID
from tests.browser.conftest import PHONE, LiveShop
from tests.browser.steps import be, heading, press_vipps

pytestmark = pytest.mark.browser

CENTRE = "/account/consents"


def set_up(page: Page, live_shop: LiveShop, kind: str) -> None:
    """Open a merchant's settings from the start page."""
    page.goto(live_shop.simulator)
    unit = page.locator("#merchants article").filter(has_text=DEMO_CLIENT_ID)
    unit.get_by_role("link", name="Consent screens").click()
    page.get_by_role("link", name=kind).click()
    expect(heading(page)).to_have_text(f"Consent screens of {NAME}")


def begin_login(page: Page, live_shop: LiveShop, person: str) -> None:
    """Log in up to the merchant's own screens."""
    page.goto(f"{live_shop.shop}/login?next={CENTRE}")
    press_vipps(page)
    be(page, person)
    page.get_by_role("button", name="Share and continue").click()


def test_merchant_changes_the_screen_and_a_finn_answers_it(live_shop: LiveShop) -> None:
    merchant = live_shop.open()
    set_up(merchant, live_shop, "delegatedConsents")
    merchant.get_by_role("navigation", name="Language of the texts").get_by_role("link", name="Suomi").click()
    merchant.get_by_label("Heading").fill("Uutisia Multesta")
    merchant.get_by_role("listitem").filter(has_text="sms").get_by_label("Required").check()
    merchant.get_by_role("button", name="Save as version 2").click()
    expect(merchant.get_by_text("Version 2", exact=True)).to_be_visible()
    expect(merchant.locator(".preview")).to_contain_text("Uutisia Multesta")

    page = live_shop.open(PHONE)
    begin_login(page, live_shop, "Gunnar Lie")
    page.get_by_role("link", name="Suomi").click()
    expect(heading(page)).to_have_text("Uutisia Multesta")
    page.get_by_role("button", name="Vahvista").click()
    expect(page.get_by_role("alert")).to_have_text("Valitse pakolliset kohdat tai peruuta kirjautuminen.")
    page.get_by_label("Tekstiviesti").check()
    page.get_by_role("button", name="Vahvista").click()

    expect(heading(page)).to_have_text("News and offers")
    expect(page.locator("#channel-sms")).to_contain_text("Tekstiviesti")
    expect(page.locator("#channel-sms")).to_contain_text(re.compile(r"You said yes: .*, in Vipps"))
    expect(page.locator("#channel-email")).to_contain_text("You said no:")


@pytest.mark.parametrize("shop_environ", [{"VIPPS_CONSENT_SCOPE": "customFlow"}])
def test_flow_of_several_screens_ends_in_the_same_channels(live_shop: LiveShop) -> None:
    merchant = live_shop.open()
    set_up(merchant, live_shop, "customFlow")
    merchant.get_by_role("button", name="Add a checkbox").nth(1).click()
    merchant.get_by_label("Id, as your site gets it").last.fill("cf_stickers")
    merchant.locator("[name=s1-e3-title]").fill("Send me stickers")
    merchant.get_by_role("button", name="Save as version 3").click()
    expect(merchant.locator(".preview").last).to_contain_text("Send me stickers")

    page = live_shop.open()
    begin_login(page, live_shop, "Gunnar Lie")
    expect(heading(page)).to_have_text("Terms")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("I accept the terms").check()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Back").click()
    expect(page.get_by_label("I accept the terms")).to_be_checked()
    page.get_by_role("button", name="Next").click()
    page.get_by_label("Send me offers by SMS").check()
    page.get_by_label("Send me stickers").check()
    page.get_by_role("button", name="Confirm").click()

    expect(heading(page)).to_have_text("News and offers")
    expect(page.locator("#channel-sms")).to_contain_text("Send me offers by SMS")
    expect(page.locator("#channel-email")).to_contain_text("You said no:")
    expect(page.get_by_role("main")).to_contain_text("Send me stickers")
    expect(page.get_by_role("main")).to_contain_text("I accept the terms")
