"""The links into the guide and out of it: on the front page, on an order, and in the guide's header."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.conftest import browser_of, open_page, post
from tests.shop.steps import place_order, put_into_cart
from tests.vipps_person import VippsPerson

GUIDE = 'header a[href="/guide/"]'
TOLD_AT = "/guide/inspector/latest"
TOLD = f'a[href="{TOLD_AT}"]'


def test_the_front_page_of_the_demo_explains_itself_and_links_to_the_guide(make_app: Callable[..., Flask]) -> None:
    page = open_page(browser_of(make_app(demo=True)), "/")
    assert page.h1 == "See how a shop integrates Vipps Login"
    assert page.one(".hero .button")["href"] == f"/login/vipps?person=kari&next={TOLD_AT}"
    assert page.one(".shop-head").find_next(id="goods")
    assert page.one(".hero img")["fetchpriority"] == "high"


@pytest.mark.parametrize("path", ["/", "/cart", "/guide/", "/guide/faq", "/staff/login"])
def test_every_page_leads_to_the_guide_and_has_the_demos_bar(make_app: Callable[..., Flask], path: str) -> None:
    browser = browser_of(make_app(demo=True))
    for language, words in (("en", "How it works"), ("nb", "Slik virker det (på engelsk)")):
        browser.get(f"/language/{language}")
        page = open_page(browser, path)
        assert words in {" ".join(link.get_text().split()) for link in page.select(GUIDE)}
    assert page.select(".demobar")
    assert ("Du er ikke logget inn." in page.text) == (path != "/staff/login")


def test_the_bar_leads_to_a_login_that_came_back_until_the_demo_is_reset(vipps: VippsPerson) -> None:
    vipps.browser.get("/guide/inspector/live")
    callback = vipps.approve(vipps.start(), "kari")
    assert not open_page(vipps.browser, "/cart").select(TOLD)
    vipps.browser.get(callback)
    vipps.browser.get("/guide/inspector/live")
    assert open_page(vipps.browser, "/cart").select(TOLD)
    post(vipps.browser, "/demo/start-over", form_on="/demo")
    assert not open_page(vipps.browser, "/demo/tour").select(f"{TOLD}[hreflang], .tour__step--done")


def test_an_order_links_to_the_login_before_it(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    put_into_cart(vipps.browser, "enamel-mug")
    order = place_order(vipps.browser).location
    assert open_page(vipps.browser, order).select(TOLD)
    assert open_page(vipps.browser, TOLD_AT).select(".step")
    post(vipps.browser, "/guide/inspector/forget", form_on="/guide/inspector")
    assert not open_page(vipps.browser, order).select(TOLD)


@pytest.mark.parametrize(
    ("path", "current"),
    [
        ("/guide/", "Overview"), ("/guide/the-idea", "Overview"), ("/guide/errors", "Error playground"),
        ("/guide/source/app/about.py", None),
    ],
)  # fmt: skip
def test_the_guides_header_has_its_own_pages_and_a_way_back(vipps: VippsPerson, path: str, current: str | None) -> None:
    page = open_page(vipps.browser, path)
    assert [each.text for each in page.select(".categories [aria-current]")] == ([current] if current else [])
    assert page.one('.masthead__link[href="/"]').get_text() == "To the shop"
    assert page.one("form.search")["action"] == "/guide/search"
    assert not page.select('.masthead form[action="/"], .masthead a[href="/cart"], .masthead a[href^="/?category"]')
