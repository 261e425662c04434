"""Consents in Chromium: given in Vipps, shown with their words, withdrawn by one click here or in an email."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import DESK, PHONE, LiveShop
from tests.browser.steps import ON, be, heading, is_at_simulator, press_and_load, press_vipps

pytestmark = pytest.mark.browser


def say_yes_in_vipps(page: Page, person: str, *questions: str) -> None:
    """Log in as a person who ticks these checkboxes on the consents screen."""
    be(page, person)
    while is_at_simulator(page):
        for question in questions:
            box = page.get_by_label(question)
            if box.count():
                box.check()
        press_and_load(page, page.get_by_role("button", name=ON))


@pytest.mark.parametrize(
    "options", [{"viewport": PHONE}, {"viewport": DESK, "java_script_enabled": False}], ids=["phone", "no-javascript"]
)
def test_a_consent_from_vipps_is_withdrawn_here_and_by_email(live_shop: LiveShop, options: dict[str, object]) -> None:
    page = live_shop.open(**options)
    page.goto(f"{live_shop.shop}/login?next=/account")
    press_vipps(page)
    say_yes_in_vipps(page, "Gunnar Lie", "SMS", "Give me customised offers")
    expect(heading(page)).to_have_text("My page")
    expect(page.locator("section.ask")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("On: SMS, Offers chosen for you")

    page.get_by_role("link", name="Change it News and offers").click()
    sms = page.locator("#channel-sms")
    expect(sms).to_contain_text("SMS")
    expect(sms).to_contain_text(re.compile(r"You said yes: \d+ \w+ 20\d\d \d\d:\d\d, in Vipps"))
    expect(page.locator("#channel-email")).to_contain_text("You said no:")

    page.get_by_role("button", name="Turn off SMS").click()
    expect(sms).to_contain_text("You said no:")
    expect(sms).to_contain_text("here on the site")
    page.get_by_role("button", name="Turn all off").click()
    expect(page.locator(".flashes")).to_contain_text("Everything is off")
    expect(page.get_by_role("button", name=re.compile("^Turn off"))).to_have_count(0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the evidence").click()
    assert '"SMS"' in Path(download.value.path()).read_text()
