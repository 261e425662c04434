"""Steps of the browser tests: the login button, the simulator's screens, a password, the outbox."""

import re

from playwright.sync_api import Locator, Page, expect

from samples.customers import PASSWORD
from tests.browser.conftest import LiveShop

KARI = "Kari Sandvik Nordfjell"
# The button that leads on from each screen of a login; a screen that needs no answer is not shown.
ON = re.compile("^(I have opened the link|Share and continue|Confirm)$")


def press_vipps(page: Page, caption: str = "Log in with Vipps") -> None:
    press_and_load(page, page.get_by_role("main").get_by_role("link", name=caption))


def be(page: Page, person: str = KARI) -> None:
    """Choose a test person, and confirm in the app with the number that the page shows."""
    press_and_load(page, page.get_by_role("button", name=person))
    number = page.locator(".challenge").first.inner_text().strip()
    press_and_load(page, page.get_by_role("button", name=number, exact=True))


def press_and_load(page: Page, button: Locator) -> None:
    """Press a button, and wait for the next page, so that the test does not read the old page."""
    with page.expect_navigation():
        button.click()


def enter_and_load(page: Page) -> None:
    """Press Enter, and wait for the next page."""
    with page.expect_navigation():
        page.keyboard.press("Enter")


def approve(page: Page, person: str = KARI) -> None:
    """Go through all screens of a login as a test person, until the browser is back at the shop."""
    be(page, person)
    while is_at_simulator(page):
        press_and_load(page, page.get_by_role("button", name=ON))


def is_at_simulator(page: Page) -> bool:
    """Tell whether the browser shows one of the simulator's pages."""
    return page.title().endswith("Vipps Login, simulated")


def put_into_cart(page: Page, live_shop: LiveShop, slug: str = "enamel-mug") -> None:
    page.goto(f"{live_shop.shop}/products/{slug}")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")


def log_in_with_vipps(page: Page, live_shop: LiveShop, person: str = KARI, next_path: str = "/account") -> None:
    page.goto(f"{live_shop.shop}/login?next={next_path}")
    press_vipps(page)
    approve(page, person)


def log_in_by_password(page: Page, live_shop: LiveShop, email: str, next_path: str = "/account") -> None:
    page.goto(f"{live_shop.shop}/login?next={next_path}")
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    press_and_load(page, page.get_by_role("main").get_by_role("button", name="Log in"))


def log_out(page: Page, live_shop: LiveShop) -> None:
    page.goto(f"{live_shop.shop}/account")
    press_and_load(page, page.get_by_role("contentinfo").get_by_role("button", name="Log out"))


def open_mailed_link(page: Page, live_shop: LiveShop, to: str) -> None:
    """Open the newest email to an address in the outbox, and follow its link."""
    page.goto(f"{live_shop.shop}/outbox")
    letter = page.locator("main article, main li, main section").filter(has_text=to).first
    press_and_load(page, letter.locator("a[href*='/prove/']").first)


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def expect_said(page: Page, words: str) -> None:
    expect(page.locator(".flashes")).to_contain_text(words)


def at_simulator(page: Page, live_shop: LiveShop, person: str, button: str) -> None:
    """Simulate a change of a person on the simulator's start page."""
    page.goto(live_shop.simulator)
    row = page.locator(f"#{person}")
    if row.locator("details:not([open])").count():
        row.locator("summary").click()
    press_and_load(page, row.get_by_role("button", name=button))
