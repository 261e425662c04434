"""The back office in Chromium: accessible, usable on a phone and without scripts, and distinct from the shop."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveShop
from tests.browser.steps import heading, press_and_load
from tests.browser.views import look_at
from tests.customers.steps import add_answer
from tests.staff.steps import EMAIL, PASSWORD, hire

pytestmark = pytest.mark.browser

INGRID = "ingrid.solheim@example.com"
PAGES = (
    "/staff/audience?channel=email", "/staff/deliveries", "/staff/mail", "/staff/errors", "/staff/looks",
    "/staff/customers/999",
)  # fmt: skip


def go_to_work(page: Page, live_shop: LiveShop, wish: str = "/staff") -> None:
    """Open a page of the back office, and log in first."""
    page.goto(live_shop.shop + wish)
    page.get_by_label("Email address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    press_and_load(page, page.get_by_role("button", name="Log in"))


def search(page: Page, text: str) -> None:
    press_and_load(page, page.get_by_role("link", name="Customers").first)
    page.get_by_role("searchbox").fill(text)
    press_and_load(page, page.get_by_role("button", name="Search"))


def every_page(page: Page, live_shop: LiveShop) -> Iterator[str]:
    """Open every page of the back office; yield the name of each page."""
    hire(live_shop.app)
    for customer_id in (1, 2):
        add_answer(live_shop.app, customer_id, "email", text="Send me news. " * 20)
    page.goto(f"{live_shop.shop}/login/vipps/callback")  # refused, and so in the list of errors
    page.goto(f"{live_shop.shop}/staff")
    yield "login"
    go_to_work(page, live_shop)
    yield "home"
    search(page, "sandvik")
    yield "result"
    press_and_load(page, page.get_by_role("link", name="Kari Sandvik Nordfjell"))
    page.locator("summary").click()
    yield "customer"
    for path in PAGES:
        page.goto(live_shop.shop + path)
        yield path


def test_every_page_is_accessible(live_shop: LiveShop) -> None:
    page = live_shop.open()
    for where in every_page(page, live_shop):
        look_at(page, where)


def test_support_finds_a_customer_goes_back_and_exports_without_scripts(live_shop: LiveShop, tmp_path: Path) -> None:
    hire(live_shop.app)
    add_answer(live_shop.app, 1, "email")
    page = live_shop.open(java_script_enabled=False)
    go_to_work(page, live_shop)
    search(page, "torbjørn")
    page.get_by_role("link", name="Torbjørn Åsgård").first.click()
    expect(heading(page)).to_have_text("Torbjørn Åsgård")
    page.go_back()
    expect(page.get_by_role("heading", name="2 customers")).to_be_visible()
    page.get_by_role("link", name="Audience").click()
    page.get_by_role("link", name="Email", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    download.value.save_as(tmp_path / "audience.csv")
    assert "kari.nordfjell@example.com" in (tmp_path / "audience.csv").read_text(encoding="utf-8-sig")
    page.get_by_role("link", name="Audit log").click()
    for words in ("Exported an audience", "Opened a customer", "Searched"):
        expect(page.get_by_role("main")).to_contain_text(words)
    page.get_by_role("button", name="Log out").click()
    expect(heading(page)).to_have_text("Log in to the back office")
