"""Logins in Chromium that log in at once, by a password, or by a link that is opened in another browser."""

import pytest
from playwright.sync_api import Page, expect

from samples.customers import PASSWORD
from tests.browser.conftest import LiveShop
from tests.browser.steps import (
    approve,
    ask_why,
    expect_said,
    heading,
    is_logged_in,
    log_in_with_vipps,
    log_out,
    open_mailed_link,
    press_vipps,
)

pytestmark = pytest.mark.browser

OLA, OLAS_EMAIL = "Ola Tangen", "ola.at.the.cabin@example.com"
IS_YOURS = "Is this your account?"


def test_straight_in_and_told_why(page: Page) -> None:
    press_vipps(page)
    approve(page)
    expect_said(page, "We found your account")
    ask_why(page)
    expect(page.get_by_role("main")).to_contain_text("verified the same phone number")


def test_proof_by_password_once(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, OLA)
    expect(heading(page)).to_have_text(IS_YOURS)
    expect(page.get_by_role("main")).not_to_contain_text(OLAS_EMAIL)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Connect Vipps and log in").click()
    expect(page.get_by_role("alert")).to_contain_text("That is not the password")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Connect Vipps and log in").click()
    is_logged_in(page, OLAS_EMAIL)
    expect_said(page, "Vipps is connected")
    log_out(page, live_shop)
    log_in_with_vipps(page, live_shop, OLA)
    expect_said(page, "You are logged in with Vipps")


def test_mailed_link_opened_in_another_browser_asks_for_the_same_vipps_user(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, OLA)
    page.get_by_role("button", name="Send me the link").click()
    elsewhere = live_shop.open()
    open_mailed_link(elsewhere, live_shop, OLAS_EMAIL)
    link = elsewhere.url
    expect(elsewhere.get_by_role("main")).to_contain_text("came from another browser")
    elsewhere.get_by_role("button", name="Continue with Vipps").click()
    approve(elsewhere, "Gunnar Lie")
    expect(heading(elsewhere)).to_have_text("That was another Vipps user")
    elsewhere.goto(link)
    elsewhere.get_by_role("button", name="Continue with Vipps").click()
    approve(elsewhere, OLA)
    is_logged_in(elsewhere, OLAS_EMAIL)
