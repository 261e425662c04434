"""The whole story in Chromium: browse, log in with Vipps on the simulator, buy, log out, and read what that did.

Told on a desk, on a phone, without JavaScript and in Norwegian; then the ways it can end early.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, Stage

pytestmark = pytest.mark.browser


def press_vipps(page: Page, caption: str = "Log in with Vipps") -> None:
    """Press the login button."""
    page.get_by_role("main").get_by_role("link", name=caption).click()


def confirm_in_the_app(page: Page, person: str = "Kari Sandvik Nordfjell") -> None:
    """Be a test person, and choose in the app the number that the page shows."""
    page.get_by_role("button", name=person).click()
    number = page.locator(".challenge").first.inner_text().strip()
    page.get_by_role("button", name=number, exact=True).click()


def approve_everything(page: Page) -> None:
    """Go through the screens of a first login."""
    confirm_in_the_app(page)
    page.get_by_role("button", name="I have opened the link").click()
    page.get_by_role("button", name="Share and go on").click()
    page.get_by_role("button", name="Confirm", exact=True).click()


def put_into_cart(page: Page, stage: Stage, slug: str = "enamel-mug") -> None:
    """Put one of a product into the cart."""
    page.goto(f"{stage.shop}/products/{slug}")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")


@pytest.mark.parametrize(
    "options",
    [{"viewport": DESK}, {"viewport": PHONE}, {"viewport": DESK, "java_script_enabled": False}],
    ids=["desk", "phone", "no-javascript"],
)
def test_the_story_from_the_shelf_to_logging_out(stage: Stage, options: dict[str, object]) -> None:
    page = stage.open(**options)
    put_into_cart(page, stage)
    page.get_by_role("link", name="Go to checkout").click()
    press_vipps(page)
    approve_everything(page)
    expect(page).to_have_url(f"{stage.shop}/checkout")
    expect(page.get_by_label("Name")).to_have_value("Kari Sandvik Nordfjell")
    expect(page.get_by_role("main")).to_contain_text("Fjordveien 12")
    expect(page.get_by_role("main")).to_contain_text("Verkstedgata 3")
    page.get_by_role("button", name="Place the order").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    expect(page.get_by_role("main")).to_contain_text("no money moves")
    page.goto(f"{stage.shop}/account")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are logged out")
    expect(page.get_by_role("main")).to_contain_text("Browsers that remember you")
    page.goto(f"{stage.shop}/account")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")


def test_the_story_in_norwegian(stage: Stage) -> None:
    page = stage.open(locale="nb-NO")
    page.goto(f"{stage.shop}/login")
    expect(page.get_by_role("heading", level=1)).to_have_text("Logg inn")
    press_vipps(page, "Logg inn med Vipps")
    expect(page.locator("html")).to_have_attribute("lang", "nb")


def test_a_remembered_browser_is_back_at_once(stage: Stage) -> None:
    page = stage.open()
    page.goto(f"{stage.shop}/login")
    press_vipps(page)
    page.get_by_label("Remember me").check()
    approve_everything(page)
    page.goto(f"{stage.shop}/account")
    page.get_by_role("main").get_by_role("button", name="Log out").click()
    page.goto(f"{stage.shop}/login?next=/account")
    press_vipps(page)
    expect(page).to_have_url(f"{stage.shop}/account")


def test_cancelling_is_calm_and_keeps_the_cart(stage: Stage) -> None:
    page = stage.open()
    put_into_cart(page, stage)
    page.goto(f"{stage.shop}/login?next=/checkout")
    press_vipps(page)
    page.get_by_role("button", name="Cancel").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You cancelled the login")
    page.goto(f"{stage.shop}/cart")
    expect(page.get_by_role("main")).to_contain_text("mug")


def test_the_wrong_number_is_told_and_never_retried(stage: Stage) -> None:
    page = stage.open()
    page.goto(f"{stage.shop}/login")
    press_vipps(page)
    page.get_by_role("button", name="Ola Tangen").click()
    number = page.locator(".challenge").first.inner_text().strip()
    choices = [button.inner_text() for button in page.get_by_role("button").all() if button.inner_text().isdigit()]
    page.get_by_role("button", name=next(c for c in choices if c != number), exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The number did not match")


def test_with_the_simulator_switched_off_the_page_is_friendly(stage: Stage) -> None:
    page = stage.open()
    put_into_cart(page, stage)
    page.goto(f"{stage.shop}/login/vipps")  # by now the shop knows the discovery document
    page.goto(f"{stage.shop}/login?next=/checkout")
    stage.stop_simulator()
    press_vipps(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Vipps has a problem right now")
    page.get_by_role("link", name="Log in another way").click()
    expect(page.get_by_label("Password")).to_be_visible()


def test_two_browsers_do_not_disturb_each_other(stage: Stage) -> None:
    kari, ola = stage.open(), stage.open()
    for page in (kari, ola):
        page.goto(f"{stage.shop}/login?next=/account")
        press_vipps(page)
    approve_everything(kari)
    confirm_in_the_app(ola, "Ola Tangen")
    for name in ("I have opened the link", "Share and go on"):
        ola.get_by_role("button", name=name).click()
    ola.get_by_role("button", name="Confirm", exact=True).click()
    expect(kari.get_by_role("main")).to_contain_text("Kari Sandvik Nordfjell")
    expect(ola.get_by_role("main")).to_contain_text("Ola Tangen")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_an_accessibility_violation(stage: Stage, scheme: str) -> None:
    page = stage.open(color_scheme=scheme)
    put_into_cart(page, stage)
    for path in (
        "/",
        "/products/hammock",
        "/cart",
        "/login",
        "/register",
        "/password/forgot",
        "/outbox",
        "/logged-out",
        "/nowhere",
    ):
        page.goto(stage.shop + path)
        _accessible(page, path)
    page.goto(f"{stage.shop}/login?next=/checkout")
    press_vipps(page)
    _accessible(page, "simulator")
    approve_everything(page)
    for path in ("/checkout", "/account", "/orders", "/account/password"):
        page.goto(stage.shop + path)
        _accessible(page, path)


def _accessible(page: Page, where: str) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, f"{where}: {results.generate_report()[:3000]}"


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_page_is_wider_than_its_window(stage: Stage, width: int) -> None:
    page = stage.open({"width": width, "height": 800})
    put_into_cart(page, stage)
    page.goto(f"{stage.shop}/login?next=/checkout")
    press_vipps(page)
    page.get_by_role("button", name="Fredrikke").wait_for()
    approve_everything(page)
    for path in (
        "/",
        "/products/hammock",
        "/cart",
        "/checkout",
        "/login",
        "/account",
        "/orders",
        "/outbox",
        "/nowhere",
    ):
        page.goto(stage.shop + path)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{path} is {overflow} px too wide at {width}"
