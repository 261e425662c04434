"""A customer revokes sharing at the provider: the webhook tells the shop, which shows the effect at once."""

import pytest
from playwright.sync_api import Page, expect

from app.about import NAME
from app.settings import DEMO_CLIENT_ID
from tests.browser.conftest import LiveShop
from tests.browser.steps import KARI, expect_said, heading, log_in_by_password, log_in_with_vipps
from tests.conftest import WEBHOOK_TOKEN

pytestmark = pytest.mark.browser

KARIS_EMAIL = "kari.nordfjell@example.com"


def end_the_sharing(page: Page, live_shop: LiveShop) -> None:
    addresses = {
        "webhook_url": f"{live_shop.shop}/webhooks/vipps/consent-revoked/{WEBHOOK_TOKEN}",
        "account_url": f"{live_shop.shop}/account",
    }
    answer = page.request.patch(f"{live_shop.simulator}/control/merchants/{DEMO_CLIENT_ID}", data=addresses)
    assert answer.ok
    page.goto(live_shop.simulator)
    page.locator("#kari").get_by_role("link", name="Open the phone").click()
    page.get_by_role("button", name=f"End the sharing {NAME}").click()
    expect(page.get_by_role("status")).to_contain_text(f"{NAME} was told, and has confirmed it.")


def test_what_was_shared_rests_until_the_next_login(live_shop: LiveShop, page: Page) -> None:
    log_in_with_vipps(page, live_shop, KARI)
    expect(page.get_by_role("heading", name="Addresses from Vipps")).to_be_visible()
    end_the_sharing(page, live_shop)
    page.get_by_role("link", name=f"See what that changes at {NAME}").click()
    expect(heading(page)).to_have_text("Log in")
    expect(page.get_by_role("status")).to_contain_text("Vipps told us that you stopped sharing in its app")
    log_in_by_password(page, live_shop, KARIS_EMAIL)
    expect(page.get_by_role("heading", name="You’ve stopped sharing via Vipps")).to_be_visible()
    expect(page.get_by_role("heading", name="Addresses from Vipps")).to_have_count(0)
    page.goto(f"{live_shop.shop}/outbox")
    expect(page.get_by_text("You stopped sharing, and your account is still here").first).to_be_visible()
    page.context.clear_cookies()
    log_in_with_vipps(page, live_shop, KARI)
    expect_said(page, "You are logged in with Vipps")
    expect(page.get_by_role("heading", name="Addresses from Vipps")).to_be_visible()
    expect(page.get_by_role("heading", name="You’ve stopped sharing via Vipps")).to_have_count(0)
