"""Every page of the shop in the order of a visit: accessible, and no wider than its window."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import LiveShop
from tests.browser.steps import (
    KARI,
    approve,
    at_simulator,
    expect_said,
    log_in_by_password,
    log_in_with_vipps,
    log_out,
    open_mailed_link,
    press_and_load,
    press_vipps,
    put_into_cart,
)
from tests.browser.views import fits, look_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # a walk opens dozens of pages

Walk = Callable[[Page, LiveShop], Iterator[str]]

FOR_ALL = (
    "/", "/products/hammock", "/cart", "/login", "/register", "/password/forgot", "/outbox", "/privacy", "/terms",
    "/logged-out", "/nowhere",
)  # fmt: skip
FOR_CUSTOMERS = (
    "/checkout", "/orders", "/account", "/account/profile", "/account/consents", "/account/password", "/account/email",
    "/account/sessions", "/account/activity", "/account/export", "/account/delete", "/account/vipps/unlink",
)  # fmt: skip


def of_visitors(page: Page, live_shop: LiveShop) -> Iterator[str]:
    """Open the public pages; yield a name for each page, as every walk does."""
    put_into_cart(page, live_shop)
    yield from visit(page, live_shop, FOR_ALL)
    page.goto(f"{live_shop.shop}/login")
    for chapter in page.locator(".demo summary").all()[1:]:
        chapter.click()
    yield "all hints"


def of_customers(page: Page, live_shop: LiveShop, person: str = KARI) -> Iterator[str]:
    """Open the pages of this customer; Kari has a password."""
    put_into_cart(page, live_shop)
    log_in_with_vipps(page, live_shop, person)
    yield f"first login of {person}"
    yield from visit(page, live_shop, FOR_CUSTOMERS)
    yield from news(page, live_shop, person)
    page.goto(f"{live_shop.shop}/account")
    log_out(page, live_shop)


def visit(page: Page, live_shop: LiveShop, paths: tuple[str, ...]) -> Iterator[str]:
    for path in paths:
        response = page.goto(live_shop.shop + path)
        assert response
        assert response.ok == (path != "/nowhere"), f"{path}: {response.status}"
        yield path


def of_those_who_prove(page: Page, live_shop: LiveShop) -> Iterator[str]:
    """Open the simulator, the question for proof, the emailed link's page and a refusal; then link Vipps."""
    page.goto(f"{live_shop.shop}/login?next=/checkout")
    press_vipps(page)
    yield "simulator"
    approve(page, "Ola Tangen")
    yield "question for proof"
    press_and_load(page, page.get_by_role("button", name="Send me the link"))
    expect_said(page, "We have sent a link")
    yield "after sending the link"
    open_mailed_link(page, live_shop, "ola.at.the.cabin@example.com")
    yield "mailed link"
    log_in_with_vipps(page, live_shop, "Torbjørn Åsgård")
    yield "refusal"
    log_in_by_password(page, live_shop, "torbjorn.at.work@example.com")
    yield from visit(page, live_shop, ("/account", "/account/profile", "/account/vipps/link"))
    press_and_load(page, page.get_by_role("button", name="Continue with Vipps"))
    approve(page, "Torbjørn Åsgård")
    yield from visit(page, live_shop, ("/account/vipps/unlink",))
    log_out(page, live_shop)


def news(page: Page, live_shop: LiveShop, person: str) -> Iterator[str]:
    """Open the profile with Vipps' values beside the customer's own values."""
    key = person.split("-")[0].split()[0].lower()
    at_simulator(page, live_shop, key, "Moves house")
    at_simulator(page, live_shop, key, "New family name")
    yield "start page of the simulator"
    page.goto(f"{live_shop.shop}/account/profile")
    press_and_load(page, page.get_by_role("button", name="Ask Vipps again"))
    approve(page, person.split()[0])
    yield f"news of {person}"
    page.locator(".flashes").first.wait_for()


@pytest.mark.parametrize("walk", [of_visitors, of_customers, of_those_who_prove], ids=lambda walk: walk.__name__)
def test_every_page_is_accessible(live_shop: LiveShop, walk: Walk) -> None:
    page = live_shop.open()
    for where in walk(page, live_shop):
        look_at(page, where)


def test_the_longest_name_fits_everywhere(live_shop: LiveShop) -> None:
    page = live_shop.open()
    for where in of_customers(page, live_shop, "Fredrikke-Alexandrine"):
        fits(page, where)
