"""Privacy notice and terms: every number and name in them matches the software."""

import ast
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request_finished
from flask.testing import FlaskClient

from app import about
from app.customers.privacy import retention
from app.i18n import LANGUAGES
from app.settings import Settings
from app.shop import carts
from tests.conftest import browser_of, open_page
from tests.shop.steps import put_into_cart
from tests.vipps_person import VippsPerson

APP = Path(__file__).resolve().parents[2] / "app"
# All code that sets cookies: these functions, and Flask's own session. Another cookie needs a line on the page.
MAKERS = {
    "security.py", "i18n.py", "vipps/routes.py", "shop/cart_cookie.py", "customers/sessions/session_cookie.py",
    "customers/linking/vipps_login.py",
}  # fmt: skip


def test_every_visitor_can_read_the_legal_pages_without_a_cookie(client: FlaskClient) -> None:
    foot = {str(link["href"]) for link in open_page(client, "/nowhere", 404).select("footer a")}
    for path, title in {"/privacy": "Privacy", "/terms": "Terms"}.items():
        assert path in foot
        page = open_page(client, path)
        assert page.h1 == title
        assert "Set-Cookie" not in page.response.headers
        for link in page.select("main a[href^='/']"):
            assert client.get(str(link["href"])).status_code in (200, 303), link
    for language in LANGUAGES:
        client.set_cookie("language", language)
        for path in ("/privacy", "/terms"):
            assert "%(" not in open_page(client, path).text, "each text is filled in"


# Cookies.


def names_on_page(client: FlaskClient) -> set[str]:
    return {each.get_text() for each in open_page(client, "/privacy").select("#cookies code")}


def test_every_cookie_of_a_visit_is_listed_and_no_other(make_app: Callable[..., Flask], simulator: str) -> None:
    shop = make_app(demo=True, SIMULATOR_URL=simulator, DEMO="0")
    vipps = VippsPerson(shop, browser_of(shop), simulator)
    given: set[str] = set()

    def note(sender: Flask, response: Any) -> None:
        given.update(cookie.partition("=")[0] for cookie in response.headers.getlist("Set-Cookie"))

    request_finished.connect(note, vipps.app)
    browser = vipps.browser
    open_page(browser, "/")
    assert given == set()
    browser.get("/language/nb")
    put_into_cart(browser, "enamel-mug")
    vipps.log_in("ola")  # this customer is asked for proof
    vipps.log_in("kari", browser=browser_of(vipps.app))
    assert given == names_on_page(browser)


def test_on_https_the_notice_has_the_full_cookie_names(make_app: Callable[..., Flask]) -> None:
    client = browser_of(make_app(PUBLIC_URL="https://shop.example.com", DEMO="0"))
    assert names_on_page(client) == {
        "__Host-cart", "__Host-session", "__Host-form", "__Host-vipps-login", "__Host-pending-link", "__Host-language",
    }  # fmt: skip


def test_only_the_listed_code_sets_cookies() -> None:
    """The back office and the guide register their own cookies; the simulator is another site."""
    found = set()
    for path in APP.rglob("*.py"):
        name = str(path.relative_to(APP))
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        called = {getattr(each.func, "attr", getattr(each.func, "id", "")) for each in calls}
        if "set_cookie" in called and not name.startswith(("guide/", "simulator/", "staff/")):
            found.add(name)
    assert found == MAKERS


def test_a_cookie_lives_as_long_as_the_page_says(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carts, "GUEST_CART_LIFE", timedelta(days=77))
    assert "77 days" in open_page(client, "/privacy").one("#cookies").get_text()


# Retention periods.


def test_every_period_is_shown(
    make_app: Callable[..., Flask], client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = open_page(client, "/privacy").text
    assert "then 3 years without your name" in text
    assert "at most 5 years after the end of the year" in text
    periods = {name for name, value in vars(retention).items() if isinstance(value, timedelta)} - {"STAFF_SESSIONS"}
    assert periods >= {"SESSIONS", "ACTIVITY", "MAILS", "EMAIL_TOKENS", "ERRORS", "DELIVERIES", "STAFF_LOOKS"}
    for name in periods:
        with monkeypatch.context() as changed:
            changed.setattr(retention, name, timedelta(days=1234))
            assert "1234 days" in open_page(client, "/privacy").text, name
    for variable in ("KEEP_CONSENT_PROOF_DAYS", "KEEP_ORDERS_DAYS"):
        other = browser_of(make_app(**{variable: "1234"}))
        assert "1234 days" in open_page(other, "/privacy").text


# Data from Vipps.


@pytest.mark.parametrize(
    ("environ", "there", "absent"),
    [
        ({}, ["Your name", "Your addresses", "(sub)", "questions about news"], ["date of birth"]),
        ({"VIPPS_SCOPES": "openid name birthDate"}, ["date of birth", "Your name"], ["Your addresses"]),
        ({"VIPPS_CONSENT_SCOPE": "none"}, ["Your name"], ["questions about news"]),
    ],
)
def test_the_notice_names_exactly_the_requested_scopes(
    make_app: Callable[..., Flask], environ: dict[str, str], there: list[str], absent: list[str]
) -> None:
    table = open_page(browser_of(make_app(**environ)), "/privacy").select("table")[0].get_text()
    for words in there:
        assert words in table
    for words in absent:
        assert words not in table


def test_the_brand_is_the_markets_and_a_foreign_button_is_named(
    make_app: Callable[..., Flask], client: FlaskClient
) -> None:
    page = open_page(browser_of(make_app(VIPPS_MARKET="DK", VIPPS_BRAND="mobilepay")), "/privacy")
    assert "What comes from MobilePay" in page.text
    assert "Vipps" not in page.one("main").get_text()
    other = browser_of(make_app(VIPPS_BUTTON="web-component"))
    assert "The login button is loaded from Vipps" in open_page(other, "/privacy").text
    assert "There are no third parties" in open_page(client, "/privacy").text


def test_the_notice_links_to_every_right_and_gives_a_reason_for_each_scope(client: FlaskClient) -> None:
    scopes = str(Settings.model_fields["vipps_scopes"].default).split()
    table = open_page(client, "/privacy").select("table")[0]
    assert len(table.select("tbody tr")) == len(scopes) + 1  # one more row for the consents
    links = {str(link["href"]) for link in open_page(client, "/privacy").select("main a")}
    assert links >= {
        "/account", "/account/profile", "/account/export", "/account/consents", "/account/activity", "/account/delete",
        f"mailto:{about.EMAIL}",
    }  # fmt: skip
    for words in ("Companies with access", "national identity number", "Datatilsynet"):
        assert words in open_page(client, "/privacy").text


def test_only_the_demo_is_called_a_demo(make_app: Callable[..., Flask]) -> None:
    for demo, there in (("1", True), ("0", False)):
        client = browser_of(make_app(DEMO=demo))
        assert ("demonstration" in open_page(client, "/terms").one("main").get_text()) is there
        assert ("invented people" in open_page(client, "/privacy").text) is there
