"""The demo in Chromium, by keyboard only: log in as Kari, solve the first five missions, and log in as Kari twice."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo.missions import MISSIONS, track
from tests.browser.conftest import DESK, PHONE, LiveShop, live_shop  # noqa: F401 - a fixture
from tests.browser.steps import KARI, ON, enter_and_load, is_at_simulator
from tests.demo.test_worlds import shop  # noqa: F401 - a fixture

pytestmark = pytest.mark.browser
EACH_SIZE = pytest.mark.parametrize("options", [{"viewport": DESK}, {"viewport": PHONE}], ids=["desk", "phone"])
ANSWERED = ("server-calls", "nonce", "sub")  # missions two to four, whose solution is an answer


def focus(page: Page, name: str) -> None:
    """Move by Tab to the link, button or field with this id, or with a line of text that begins with this text."""
    for _ in range(100):
        page.keyboard.press("Tab")
        told = page.evaluate("[...document.querySelectorAll('body :focus')].flatMap(each => [each.id, each.innerText])")
        if any(line.strip().startswith(name) for text in told for line in text.splitlines()):
            return
    raise AssertionError(f"{name} cannot be reached at {page.url}")


def find_answer(page: Page, mission: str) -> str:
    """Read the answer to a mission from the steps of the newest login."""
    if mission == "server-calls":
        return str(page.locator(".step__way", has_text=re.compile("Shop.*Vipps")).count())
    return (page.locator(f"dt:has(code:text-is('{mission}')) + dd").first.text_content() or "").strip()


def skip(page: Page) -> None:
    """Use the skip link, the first link of each page."""
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def press(page: Page, name: str, *, below_header: bool = False) -> None:
    """Move to a link or button by Tab, and press it."""
    if below_header:
        skip(page)
    focus(page, name)
    enter_and_load(page)


def approve(page: Page) -> None:
    """Log in as Kari at the simulator, and go through its screens."""
    press(page, KARI)
    press(page, page.locator(".challenge").inner_text().strip())
    while is_at_simulator(page):
        press(page, page.get_by_role("button", name=ON).inner_text().strip())


@EACH_SIZE
def test_be_kari_by_keyboard(live_shop: LiveShop, options: dict[str, object]) -> None:  # noqa: F811
    page = live_shop.open(**options)
    page.goto(f"{live_shop.shop}/demo?next=/account")
    press(page, "Continue as Kari")
    expect(page.locator(".proposed")).to_contain_text("Kari Sandvik Nordfjell")
    press(page, "Continue as Kari Sandvik")
    press(page, page.locator(".challenge").inner_text())
    press(page, "I have opened the link")
    press(page, "Share and continue")
    press(page, "Confirm")
    expect(page).to_have_url(f"{live_shop.shop}/account")
    expect(page.locator(".demobar")).to_contain_text("You are Kari Sandvik.")
    press(page, "See it step by step")
    expect(page.get_by_role("heading", level=1)).to_contain_text("logged in")


@EACH_SIZE
def test_the_first_five_missions_by_keyboard(
    live_shop: LiveShop,  # noqa: F811
    options: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(track, "INSTANCE", tmp_path)
    page, titles = live_shop.open(**options), [each.en.title for each in MISSIONS.values()]

    def is_solved(number: int) -> None:
        press(page, f"✓ Solved: {titles[number]}")
        expect(page.locator(".notice--success")).to_have_text("You have solved this mission.")
        press(page, "Go to the next mission", below_header=True)
        expect(page.get_by_role("heading", level=1)).to_have_text(titles[number + 1])

    page.goto(f"{live_shop.shop}/demo/missions")
    press(page, titles[0], below_header=True)
    press(page, "Begin here", below_header=True)
    press(page, "Log in with Vipps", below_header=True)
    approve(page)
    is_solved(0)
    for number, key in enumerate(ANSWERED, start=1):
        press(page, "Begin here", below_header=True)
        answer = find_answer(page, key)
        press(page, f"Mission {number + 1} of {len(MISSIONS)}: {titles[number]}")
        skip(page)
        focus(page, "answer")
        page.keyboard.type(answer)
        enter_and_load(page)
        is_solved(number)
    press(page, "Log out", below_header=True)
    page.goto(f"{live_shop.shop}/login")
    press(page, "Log in with Vipps", below_header=True)
    approve(page)
    is_solved(4)
