"""The guide in Chromium: one login seen step by step, and every button of the clinic doing what it says."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from app.guide.clinic.ailments import AILMENTS, NEVER_BACK
from app.security import limiter
from app.settings import DEMO_CLIENT_ID
from app.vipps import transport
from tests.browser.conftest import DESK, PHONE, Stage
from tests.browser.steps import approve, be, heading, is_at_simulator, log_in_with_vipps, press_vipps

pytestmark = pytest.mark.browser

CLINIC = "/guide/errors"
GUIDE = (
    "/guide/",
    "/guide/the-idea",
    "/guide/the-callback",
    "/guide/consents",
    "/guide/faq",
    "/guide/errors",
    "/guide/checklist",
    "/guide/conformance",
    "/guide/source/app/vipps/id_token.py",
    "/guide/made/vipps.callback",
    "/guide/inspector",
    "/guide/inspector/1",
)
GUNNAR = "Gunnar Lie"  # he has no e-mail address to confirm


def be_remembered(page: Page, stage: Stage) -> None:
    """Log in as somebody whom Vipps remembers in this browser from then on, so that no screen stands in the way."""
    page.goto(f"{stage.shop}/login?next={CLINIC}")
    press_vipps(page)
    page.get_by_label("Remember me in this browser").check()
    be(page, GUNNAR)
    while is_at_simulator(page):
        page.get_by_role("button", name="Share and go on").or_(page.get_by_role("button", name="Confirm")).click()


def test_every_button_of_the_clinic_does_what_it_says(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "enabled", False)  # a person presses fewer buttons a minute
    page = stage.open()
    be_remembered(page, stage)
    for ailment in AILMENTS.values():
        if not ailment.can_be_tried:
            continue
        monkeypatch.setattr(transport, "CALL_SECONDS", 0.5 if ailment.name.endswith("_slow") else 5)
        page.goto(stage.shop + CLINIC)
        page.locator(f"#{ailment.name}").get_by_role("button").click()
        if ailment in NEVER_BACK.ailments:
            assert is_at_simulator(page), ailment.name
        elif ailment.ends_as:
            expect(heading(page), ailment.name).to_have_text(ailment.ends_as.page.title.replace("%(brand)s", "Vipps"))
        else:
            expect(heading(page), ailment.name).to_have_text("Your logins, step by step")


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk", "phone"])
def test_no_page_keeps_anybody_out_or_is_wider_than_its_window(stage: Stage, size: dict[str, int], scheme: str) -> None:
    page = stage.open(size, color_scheme=scheme)
    log_in_with_vipps(page, stage, next_path="/guide/inspector")
    portal = f"{stage.simulator}/merchants/{DEMO_CLIENT_ID}/consents"
    of_the_simulator = (f"{portal}/delegatedConsents", f"{portal}/customFlow", f"{stage.simulator}/persons/kari/phone")
    for address in (*(stage.shop + path for path in GUIDE), *of_the_simulator):
        response = page.goto(address)
        assert response
        assert response.ok, address
        page.evaluate("document.querySelectorAll('main details').forEach(each => each.open = true)")
        results = Axe().run(page)
        assert results.violations_count == 0, f"{address}: {results.generate_report()[:3000]}"
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{address} is {overflow} px too wide"


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "java_script_enabled": False}], ids=["desk", "phone"])
def test_a_login_can_be_read_step_by_step(stage: Stage, options: dict[str, object]) -> None:
    page = stage.open(**options)
    page.goto(f"{stage.shop}/login?next=/guide/inspector")
    press_vipps(page)
    approve(page)
    page.locator(".login h2 a").first.click()
    expect(heading(page)).to_contain_text("An account of yours was here already.")
    expect(page.locator("svg.sequence a")).to_have_count(page.locator(".steps > li").count())
    check = page.locator(".check", has_text="It belongs to this very login (nonce)")
    check.locator("summary").click()
    expect(check).to_contain_text("A good token of another login")
    expect(check).to_contain_text("characters)")
    step = page.locator(".step", has_text="Vipps asks you")
    step.locator("summary").click()
    expect(step).to_contain_text("code_challenge_method")
    expect(step).to_contain_text("PKCE")
