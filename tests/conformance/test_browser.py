"""The browser: the allowed redirects after a login, the cookies, and the secrets that no page or log reveals."""

import logging
from importlib.util import find_spec
from typing import Any

import pytest
from sqlalchemy import select

from app.database import db
from tests.conformance.conftest import ENVIRONMENT
from tests.conformance.op import CLIENT_SECRET
from tests.conformance.party import RelyingParty
from tests.conftest import browser_of, cookie_of
from tests.pages import check_page
from tests.provider import ACCESS_TOKEN
from tests.vipps.flow import logged_in

INSPECTOR = find_spec("app.guide") is not None  # a fork can be without the guide


def cookies(response: Any) -> list[str]:
    return list(response.headers.getlist("Set-Cookie"))


def dump_of(party: RelyingParty) -> str:
    """Return all rows of the database, with the logins in progress."""
    with party.app.app_context():
        return str([db.session.execute(select(table)).all() for table in db.metadata.tables.values()])


@pytest.mark.parametrize(
    "evil", ["//evil.example", "/\\evil.example", "https://evil.example/"]
)  # more: test_return_path.py
def test_b20_open_redirect(party: RelyingParty, evil: str) -> None:
    party.is_in(party.log_in(next_path=evil), leads_to="/")
    page = check_page(browser_of(party.app).get("/login", query_string={"next": evil}))
    assert not [link for link in page.select("main a[href], main form[action]") if "evil" in str(link)]


def test_b22_session_fixation(party: RelyingParty) -> None:
    planted, thief = "A" * 43, browser_of(party.app)
    for browser in (party.browser, thief):
        browser.set_cookie("session", planted, domain="localhost")
    party.is_in(party.log_in())
    assert not logged_in(party, thief)
    party.browser.set_cookie("session", planted, domain="localhost")
    assert not logged_in(party), "the planted session cookie is valid"


def test_b23_cookies(party: RelyingParty) -> None:
    begun = party.browser.get("/login/vipps")
    finished = party.browser.get(party.approve(begun.headers["Location"]))
    set_now = cookies(begun) + cookies(finished)
    assert {cookie.partition("=")[0] for cookie in set_now} >= {
        cookie_of(party.app, name) for name in ("vipps-login", "session")
    }
    for cookie in set_now:
        assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert len(cookie) < 500
        assert not [secret for secret in party.secrets() if secret in cookie]


def test_b23_cookies_over_https(party: RelyingParty, make_app: Any) -> None:
    shop = make_app(SIMULATOR_URL=party.op.origin, PUBLIC_URL="https://shop.example", **ENVIRONMENT)
    set_now = cookies(browser_of(shop).get("/login/vipps"))
    assert "__Host-vipps-login" in {cookie.partition("=")[0] for cookie in set_now}
    for cookie in set_now:
        assert cookie.startswith("__Host-")
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_b24_thirty_logins_begun_and_left(party: RelyingParty) -> None:
    for _ in range(30):
        response = party.browser.get("/login/vipps")
        assert response.status_code == 302
        assert sum(len(cookie) for cookie in cookies(response)) < 500
    party.is_in(party.log_in())


def test_b27_nothing_is_kept_by_caches(party: RelyingParty) -> None:
    start = party.browser.get("/login/vipps")
    callback = party.browser.get(party.approve(start.headers["Location"]))
    pages = [party.browser.get(path) for path in ("/account", "/account/profile", "/account/sessions")]
    assert {page.status_code for page in pages} == {200}
    refused = browser_of(party.app).get("/login/vipps/callback?state=y")
    for answer in (start, callback, refused, *pages):
        assert answer.headers["Cache-Control"] == "no-store"


def test_b28_logs_at_debug(party: RelyingParty, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        party.is_in(party.log_in())
        party.come_back(code="of-no-login")
    assert party.output
    written = party.output.readouterr()
    log = caplog.text + written.err + written.out
    assert "logged_in" in log
    assert "invalid_grant" in log
    assert not [secret for secret in party.secrets() if secret in log]


def test_b31_no_token_reaches_the_browser(party: RelyingParty, make_app: Any) -> None:
    paths = ["/", "/account", "/account/profile"]
    if INSPECTOR:  # with the page that shows calls
        paths.append("/guide/inspector/1")
        party.app = make_app(SIMULATOR_URL=party.op.origin, **{**ENVIRONMENT, "DEMO": "1"})
        party.browser = browser_of(party.app)
    response = party.come_back()
    party.is_in(response)
    pages = [party.browser.get(path).text for path in paths]
    assert ("access_token" in pages[-1]) == INSPECTOR
    received = str(response.headers) + response.text + "".join(pages)
    for secret in (ACCESS_TOKEN, CLIENT_SECRET, *party.op.id_tokens):
        assert secret not in received


def test_b37_forged_host(party: RelyingParty) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Forwarded-Prefix": "/evil"}
    response = party.browser.get("/login/vipps", headers=forged)
    party.approve(response.headers["Location"])  # the provider compares the redirect URI
    assert party.browser.get("/login/vipps", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_b40_begun_by_another_site(party: RelyingParty, headers: dict[str, str]) -> None:
    before = dump_of(party)
    response = party.browser.get("/login/vipps?next=/cart", headers=headers)
    assert (response.status_code, response.headers["Location"]) == (303, "/login?next=/cart")
    assert cookies(response) == []
    assert dump_of(party) == before
    assert party.op.seen == []
