"""The guide in Chromium: one login step by step, and every button of the error playground."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.guide.chapters import chapters
from app.guide.faults import FAULT_CASES
from app.guide.inspector import live
from app.settings import DEMO_CLIENT_ID
from tests.browser.conftest import PHONE, LiveShop
from tests.browser.steps import (
    ON,
    approve,
    be,
    heading,
    is_at_simulator,
    log_in_with_vipps,
    press_and_load,
    press_vipps,
)
from tests.browser.views import look_at

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # a walk opens dozens of pages

PLAYGROUND = "/guide/errors"
GUIDE = (
    "/guide/", "/guide/the-idea", "/guide/the-callback", "/guide/consents", "/guide/faq", "/guide/known-mistakes",
    "/guide/glossary", "/guide/errors", "/guide/checklist", "/guide/decoder", "/guide/search?q=nonce",
    "/guide/conformance", "/guide/source/app/vipps/id_token.py", "/guide/made/vipps.callback", "/guide/inspector",
    "/guide/inspector/1", "/guide/inspector/live", "/guide/inspector/compare?login=1&login=2", "/demo/tour",
    "/demo/missions", "/demo/missions/log-in", "/demo/missions/nonce",
)  # fmt: skip
# Open the folded parts of a page; of many similar parts only the first.
UNFOLD = "document.querySelectorAll('main details:not(.fold)').forEach(each => each.open = true)"
GUNNAR = "Gunnar Lie"  # he has no email address to confirm


# The labels of a page's diagrams that are not wholly inside their diagram.
BEYOND = """() => [...document.querySelectorAll("svg.sequence")].flatMap(svg => {
  const frame = svg.getBoundingClientRect()
  const beyond = box => box.left < frame.left || box.right > frame.right
  const words = [...svg.querySelectorAll("text")].filter(each => beyond(each.getBoundingClientRect()))
  return words.map(each => each.textContent)
})"""


def be_remembered(page: Page, live_shop: LiveShop) -> None:
    """Log in as a person whom Vipps then remembers in this browser, so that later logins show no screen."""
    page.goto(f"{live_shop.shop}/login?next={PLAYGROUND}")
    press_vipps(page)
    page.get_by_label("Remember me in this browser").check()
    be(page, GUNNAR)
    while is_at_simulator(page):
        press_and_load(page, page.get_by_role("button", name=ON))


def test_a_button_of_each_kind_of_the_error_playground_triggers_its_error(live_shop: LiveShop) -> None:
    """tests/demo/test_error_playground.py tests all buttons, without a browser."""
    page = live_shop.open()
    be_remembered(page, live_shop)
    for name in ("access_denied", "callback_repeated", "redirect_uri_unregistered"):
        case = FAULT_CASES[name]
        page.goto(f"{live_shop.shop}{PLAYGROUND}#{name}", wait_until="domcontentloaded")
        press_and_load(page, page.locator(f"#{name}").get_by_role("button"))
        if name == "redirect_uri_unregistered":
            expect(page).to_have_title(re.compile("Vipps Login, simulated$"))
        else:
            ended = case.ends_as.page.title if case.ends_as else "Your logins, step by step"
            expect(heading(page)).to_have_text(ended.replace("%(brand)s", "Vipps"))


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "java_script_enabled": False}], ids=["desk", "phone"])
def test_folded_parts_open_by_their_address_and_by_the_keyboard(
    live_shop: LiveShop, options: dict[str, object]
) -> None:
    page = live_shop.open(**options)
    for address, inside in ((f"{PLAYGROUND}#userinfo_slow", "#userinfo_slow"), ("/guide/conformance#B05", "#B05")):
        page.goto(live_shop.shop + address)
        expect(page.locator(inside)).to_be_in_viewport()
        assert page.locator(inside).evaluate("it => it.getBoundingClientRect().top") > 48, "hidden below the navigation"
        folded = page.locator(".fold:not([open])")
        left = folded.count()
        assert left >= 3, address
        folded.first.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(folded).to_have_count(left - 1)
    expect(page.locator(".guide-pages")).to_be_in_viewport()


def test_every_page_is_accessible(live_shop: LiveShop) -> None:
    page = live_shop.open()
    log_in_with_vipps(page, live_shop, next_path="/guide/inspector")
    page.goto(f"{live_shop.shop}/login/vipps")  # a second login, to compare with the first
    portal = f"{live_shop.simulator}/merchants/{DEMO_CLIENT_ID}/consents"
    of_the_simulator = (
        f"{portal}/delegatedConsents", f"{portal}/customFlow", f"{live_shop.simulator}/persons/kari/phone",
    )  # fmt: skip
    for address in (*(live_shop.shop + path for path in GUIDE), *of_the_simulator):
        response = page.goto(address)
        assert response
        assert response.ok, address
        page.evaluate(UNFOLD)
        look_at(page, address)


@pytest.mark.parametrize("options", [{}, {"viewport": PHONE, "java_script_enabled": False}], ids=["desk", "phone"])
def test_a_login_can_be_read_step_by_step(live_shop: LiveShop, options: dict[str, object]) -> None:
    page = live_shop.open(**options)
    page.goto(f"{live_shop.shop}/login?next=/guide/inspector")
    press_vipps(page)
    approve(page)
    page.locator(".login h2 a").first.click()
    expect(heading(page)).to_contain_text("You already had an account here.")
    expect(page.locator("svg.sequence a")).to_have_count(page.locator(".steps > li").count())
    check = page.locator(".check", has_text="The ID token belongs to this login (nonce)")
    check.locator("summary").click()
    expect(check).to_contain_text("A valid token of another login")
    expect(check).to_contain_text("characters)")
    assert page.evaluate(BEYOND) == []
    for link in page.locator("svg.sequence a").all():
        link.click(trial=True)  # fails if another element covers its middle
    page.locator("svg.sequence a", has_text="authorization request").click()
    step = page.locator(".step", has_text="Vipps asks you")
    expect(step.locator("> summary")).to_be_in_viewport()
    expect(step).to_contain_text("code_challenge_method")
    expect(step).to_contain_text("PKCE")


def test_a_block_of_code_is_copied_by_its_button_and_all_chapters_are_beside_it(live_shop: LiveShop) -> None:
    page = live_shop.open()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{live_shop.shop}/guide/the-callback")
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    code = page.locator(".source pre").first.text_content()
    assert page.evaluate("navigator.clipboard.readText()") == code
    expect(page.get_by_role("navigation", name="Chapters").get_by_role("link")).to_have_count(len(chapters()))
    expect(page.get_by_role("link", name="The callback and its checks")).to_be_in_viewport()


def test_an_answer_opens_by_its_address(live_shop: LiveShop) -> None:
    page = live_shop.open()
    page.goto(f"{live_shop.shop}/guide/faq#q10")
    answer = page.locator("#q10 p").first
    expect(answer).to_be_visible()
    page.locator("#q10 summary").click()
    expect(answer).to_be_hidden()
    page.goto(f"{live_shop.shop}/guide/faq#q9")
    page.goto(f"{live_shop.shop}/guide/faq#q10")
    expect(answer).to_be_visible()


def test_diagrams_of_all_chapters_fit_the_narrowest_phone(live_shop: LiveShop) -> None:
    page = live_shop.open({"width": 320, "height": 700})
    diagrams = 0
    for chapter in (each for each in chapters() if "```sequence" in each.body):
        page.goto(f"{live_shop.shop}/guide/{chapter.slug}")
        assert page.evaluate(BEYOND) == [], chapter.slug
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        diagrams += page.locator("svg.sequence").count()
    assert diagrams >= 6


def test_a_second_window_follows_a_login(live_shop: LiveShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "POLL_SECONDS", 0.05)
    page = live_shop.open()
    page.goto(f"{live_shop.shop}/login?next=/account")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Watch the requests of your login").click()
    window = opened.value
    expect(window.locator("[data-when=on]")).to_be_visible()
    expect(window.locator("[data-when=off]")).to_be_hidden()
    press_vipps(page)
    expect(window.locator(".live__new")).to_have_count(4)
    expect(window.get_by_role("status")).to_contain_text("You are at Vipps.")
    approve(page)
    expect(window.get_by_role("status")).to_contain_text("You already had an account here.")
    numbers = window.locator(".step__number").all_inner_texts()
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    page.goto(f"{live_shop.shop}/login/vipps?next=/account")
    expect(window.locator(".step__number")).to_have_count(4)
    monkeypatch.setattr(live, "MAX_STREAM_SECONDS", 0.0)
    window.reload()
    expect(window.locator("[data-when=over]")).to_be_visible()


def test_without_script_a_link_shows_the_new_steps(live_shop: LiveShop) -> None:
    page = live_shop.open(java_script_enabled=False)
    page.goto(f"{live_shop.shop}/guide/inspector/live")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the shop’s login page").click()
    press_vipps(opened.value)
    page.get_by_role("link", name="Show the new requests").click()
    expect(page.locator(".step__number")).to_have_count(4)
