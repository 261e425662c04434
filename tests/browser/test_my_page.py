"""The customer's page in Chromium: link and unlink Vipps, re-authenticate in the app, accept news from Vipps."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from samples.customers import PASSWORD
from tests.browser.conftest import LiveShop
from tests.browser.steps import (
    KARI,
    approve,
    at_simulator,
    be,
    begin_to_disconnect,
    connect_from_my_page,
    expect_said,
    heading,
    is_logged_in,
    log_in_by_password,
    log_in_with_vipps,
    log_out,
    press_vipps,
)
from tests.conftest import served

pytestmark = pytest.mark.browser


def confirm_by_password(page: Page) -> None:
    """Confirm with the demo's password, if the page asks for it."""
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Confirm").click()


def test_connect_and_disconnect_from_my_page(live_shop: LiveShop, page: Page) -> None:
    log_in_by_password(page, live_shop, "ingrid.solheim@example.com")
    connect_from_my_page(page, live_shop, "Fredrikke-Alexandrine")
    expect_said(page, "Vipps is connected")
    is_logged_in(page, "Ingrid Solheim")
    log_out(page, live_shop)
    log_in_with_vipps(page, live_shop, "Fredrikke-Alexandrine")
    is_logged_in(page, "Ingrid Solheim")
    begin_to_disconnect(page, live_shop)
    confirm_by_password(page)
    page.get_by_role("main").get_by_role("button", name="Disconnect").click()
    expect_said(page, "You now log in with your password")
    page.goto(f"{live_shop.shop}/outbox")
    expect(page.locator("article").filter(has_text="ingrid.solheim@example.com")).to_have_count(2)


@pytest.mark.parametrize("button", ["Connect", "Refresh", "Confirm"])
def test_a_form_leads_to_vipps_wherever_its_landing_page_is(
    live_shop: LiveShop, page: Page, monkeypatch: pytest.MonkeyPatch, button: str
) -> None:
    """Chromium applies `form-action` to every redirect after a form post, also to other origins that Vipps chooses."""
    client = live_shop.app.extensions["vipps"].client
    address = client.authorization_url
    with served(redirects_to(live_shop.simulator)) as landing, served(redirects_to(landing)) as host:
        monkeypatch.setattr(client, "authorization_url", lambda it: address(it).replace(live_shop.simulator, host))
        if button == "Connect":
            log_in_by_password(page, live_shop, "ingrid.solheim@example.com")
            connect_from_my_page(page, live_shop, "Fredrikke-Alexandrine")
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
            begin_to_disconnect(page, live_shop)
            page.get_by_role("main").get_by_role("button", name="Vipps").click()
            be(page)
            expect_said(page, "you have confirmed that it is you")


def redirects_to(origin: str) -> Any:
    """Return an app that redirects every request to another origin, with the same path and query."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("302 Found", [("Location", origin + environ["RAW_URI"])])
        return []

    return app


def test_one_vipps_user_opens_one_account(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page)
    log_out(page, live_shop)
    log_in_by_password(page, live_shop, "eivind.dahl@example.com")
    connect_from_my_page(page, live_shop, KARI)
    expect(heading(page)).to_have_text("This Vipps user is connected to another account here")
    page.get_by_role("link", name="Go to my page").click()
    is_logged_in(page, "Eivind Dahl")


def test_another_person_cannot_answer_for_kari(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page)
    page.goto(f"{live_shop.shop}/account/profile")
    page.get_by_role("button", name="Ask Vipps again").click()
    approve(page, "Ola Tangen")
    expect(heading(page)).to_have_text("That was another Vipps user")
    page.goto(f"{live_shop.shop}/account")
    is_logged_in(page, KARI)


def test_remembered_browser_has_to_confirm_in_the_app_before_it_disconnects(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    page.get_by_label("Remember me").check()
    approve(page)
    begin_to_disconnect(page, live_shop)
    page.get_by_role("main").get_by_role("button", name="Vipps").click()
    expect(page.get_by_role("main")).to_contain_text("asks you to confirm in the app, even if this browser is")
    be(page)
    expect_said(page, "you have confirmed that it is you")
    expect(heading(page)).to_have_text("Disconnect Vipps")
    page.get_by_role("main").get_by_role("button", name="Disconnect").click()
    expect_said(page, "Vipps is disconnected")


def test_news_from_vipps_stand_beside_what_is_kept_here(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page)
    at_simulator(page, live_shop, "kari", "New family name")
    at_simulator(page, live_shop, "kari", "New email address")
    page.goto(f"{live_shop.shop}/account/profile")
    page.get_by_role("button", name="Ask Vipps again").click()
    approve(page, "Kari Sandvik Solbakken")
    expect_said(page, "Choose below what to keep")
    for mine, news in ((KARI, "Kari Sandvik Solbakken"), ("kari.nordfjell@example.com", "kari.new@example.com")):
        choice = page.locator("fieldset.proposal").filter(has_text=news)
        expect(choice).to_contain_text(mine)
        choice.get_by_role("radio", name="Take the new one" if mine == KARI else "Keep mine").check()
    page.get_by_role("button", name="Save my choices").click()
    page.goto(f"{live_shop.shop}/account")
    is_logged_in(page, "Kari Sandvik Solbakken")
    expect(page.get_by_role("main")).to_contain_text("kari.nordfjell@example.com")
