"""Rules for every address of the shop. The URL map lists the addresses, so that no new page is left out."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app.customers import rate_limits
from app.customers.models import Activity, Customer, CustomerSession
from app.database import db, utcnow
from app.i18n import here
from tests.attacks.steps import difference, dump, every_rule, rules
from tests.conftest import allowed_by, browser_of, post, token_in
from tests.customers.steps import copy_of, enter
from tests.shop.steps import all_orders, place_order, put_into_cart
from tests.staff.steps import hire
from tests.staff.steps import log_in as log_staff_in

PRODUCTION = {
    "VIPPS_ENVIRONMENT": "production", "VIPPS_CLIENT_ID": "an-id", "VIPPS_CLIENT_SECRET": "a-secret",
    "VIPPS_WEBHOOK_TOKEN": "w" * 43, "PUBLIC_URL": "https://shop.example.com", "VIPPS_BASE_URL": "https://localhost:1",
    "MAIL_URL": "smtp://localhost:1",
}  # fmt: skip
KARI = "kari.nordfjell@example.com"
# A closed port: no login of these tests reaches a provider.
DEMO = {"SIMULATOR_URL": "http://localhost:1"}
SHOPS = [pytest.param(DEMO, id="the demo on http"), pytest.param(PRODUCTION, id="production on https")]
POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
    "font-src": "'self'", "connect-src": "'self'", "manifest-src": "'self'", "form-action": "'self'",
    "frame-ancestors": "'none'", "base-uri": "'none'",
}  # fmt: skip
# POST requests without a form token: Vipps sends the webhook, email programs send the unsubscription (RFC 8058).
WITHOUT_TOKEN = {"vipps_webhook.consent_revoked", "unsubscribe.withdraw"}
# GET requests that may change data: they begin or end a login.
BEGINS_OR_ENDS_A_LOGIN = {"vipps.start", "vipps.callback"}
PERSONAL = re.compile(r"/(login|account|orders|checkout|staff|cart|outbox|confirm|register|password)\b")
METHODS = ("GET", "POST")
# These addresses give every visitor the same answer.
SHARED = {"static", *(f"site_files.{name}" for name in ("icon", "manifest", "robots", "sitemap"))}


def check_headers(response: Any, *, https: bool, at: Any) -> None:
    """Check the headers of one answer (ASVS 3.4) and every cookie that it sets (ASVS 3.3)."""
    headers = response.headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy == POLICY, at
    assert headers["X-Content-Type-Options"] == "nosniff", at
    assert headers["Referrer-Policy"] == "same-origin", at
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", at
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", at
    assert ("Strict-Transport-Security" in headers) is https, at
    assert not {"Server", "X-Powered-By", "Access-Control-Allow-Origin"} & set(headers.keys()), at
    assert re.match(r"no-store$|private, no-cache$|no-cache$|public, max-age=3600$", headers["Cache-Control"]), at
    if response.mimetype.startswith("text/") and response.mimetype != "text/event-stream":  # a stream is UTF-8
        assert headers["Content-Type"].endswith("charset=utf-8"), at
    if response.mimetype == "text/html":
        assert {"cookie", "accept-language"} <= set(map(str.lower, response.vary)), at
    for cookie in headers.getlist("Set-Cookie"):
        attributes = {part.strip().partition("=")[0].lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite", "path"} <= attributes, (at, cookie)
        assert "SameSite=Lax" in cookie, (at, cookie)
        assert "domain" not in attributes, (at, cookie)
        assert ("secure" in attributes) is https, (at, cookie)
        assert cookie.startswith("__Host-") is https, (at, cookie)


@pytest.mark.parametrize("environ", SHOPS)
def test_every_answer_of_every_address_has_the_headers_and_no_cookie_without_its_guards(
    make_app: Callable[..., Flask], environ: dict[str, str]
) -> None:
    shop = make_app(demo=True, **environ)
    settings = shop.extensions["settings"]
    # Behind a TLS proxy that the settings do not mention, the request itself is plain HTTP.
    arrives_as = settings.public_url.replace("https://", "http://")
    statuses = set()
    browser = browser_of(shop)
    for rule, path, method in ((rule, path, method) for method in METHODS for rule, path in every_rule(shop)):
        response = browser.open(path, method=method, base_url=arrives_as)
        check_headers(response, https=settings.https, at=(method, path))
        statuses.add(response.status_code)
        assert response.status_code < 500 or (rule.endpoint, response.status_code) == ("vipps.start", 502), path
        if rule.endpoint not in SHARED:
            assert re.search("private|no-store", response.headers["Cache-Control"]), path
        response.close()
    assert {200, 303, 400, 404, 405, 410} <= statuses


def test_error_pages_have_the_headers_too(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_app(demo=True)

    def broken() -> None:
        raise RuntimeError

    def away() -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setitem(shop.view_functions, "login.page", broken)
    monkeypatch.setitem(shop.view_functions, "register.show", away)
    browser = browser_of(shop)
    token = token_in(browser.get("/password/forgot").text)
    asked = {
        400: browser.get("/", headers={"Host": "evil.example"}), 404: browser.get("/nowhere"),
        308: browser.get("/", headers={"Host": "127.0.0.1:8000"}),
        413: browser.post("/cart/add", data={"product": "x" * 2_000_000}), 500: browser.get("/login"),
        503: browser.get("/register"), 405: browser.put("/cart"),
    }  # fmt: skip
    for _ in range(allowed_by(rate_limits.FORGOT_PER_CLIENT) + 1):
        asked[429] = browser.post("/password/forgot", data={"csrf_token": token, "email": "a@example.com"})
    for status, response in asked.items():
        assert response.status_code == status
        check_headers(response, https=False, at=status)


def log_in_customer_with_data(shop: Flask, browser: FlaskClient, email: str = KARI) -> int:
    """Log in a customer of the demo with an order, a cart and a recent re-authentication."""
    with shop.app_context():
        customer_id = db.session.scalars(select(Customer.id).where(Customer.email == email)).one()
    enter(shop, browser, customer_id)
    with shop.app_context():
        db.session.execute(update(CustomerSession).values(confirmed_at=utcnow()))
        db.session.commit()
    put_into_cart(browser, "enamel-mug")
    assert place_order(browser).status_code == 303
    put_into_cart(browser, "wool-blanket")
    return customer_id


def log_in_staff_too(shop: Flask, browser: FlaskClient) -> None:
    """Log in a staff member in the customer's browser too, so that no request fails for lack of a login."""
    hire(shop)
    assert log_staff_in(browser).status_code == 303


def test_opening_a_page_changes_nothing_and_no_browser_stores_it(make_app: Callable[..., Flask]) -> None:
    """Also the demo's pages, for a customer and staff with every right (ASVS 3.5.3, 14.3.2)."""
    shop = make_app(demo=True, **DEMO)
    browser = browser_of(shop)
    log_in_customer_with_data(shop, browser)
    before = dump(shop)
    for rule, path in rules(shop):
        if rule.endpoint in BEGINS_OR_ENDS_A_LOGIN:
            continue
        response = browser.get(path)
        about_them = response.mimetype == "text/html" and "Log out" in response.text
        if about_them or PERSONAL.match(path):
            assert response.headers["Cache-Control"] == "no-store", path
        response.close()
    assert difference(before, dump(shop)).keys() <= {"error_report"}, "a refusal adds only an error report"
    assert browser.get("/account").status_code == 200


def test_no_data_changes_without_this_browsers_own_form_token(make_app: Callable[..., Flask]) -> None:
    shop = make_app(demo=True, **DEMO)
    browser = browser_of(shop)
    log_in_customer_with_data(shop, browser)
    log_in_staff_too(shop, browser)
    others = {"csrf_token": token_in(browser_of(shop).get("/login").text)}
    before = dump(shop)
    posts = [path for rule, path in rules(shop, "POST") if rule.endpoint not in WITHOUT_TOKEN]
    assert len(posts) > 30
    for path in posts:
        for token in ({}, others):
            response = browser.post(path, data={"product": "enamel-mug", "answer": "none", "channel": "email", **token})
            assert response.status_code == 400, path
            assert not [each for each in response.headers.getlist("Set-Cookie") if "session=" in each], path
    assert difference(before, dump(shop)) == {}


def test_another_site_changes_no_data_even_if_the_browser_sends_the_cookies(make_app: Callable[..., Flask]) -> None:
    """On HTTPS the Referer must be the shop's own as well, whatever token is sent."""
    shop = make_app(**PRODUCTION)
    browser = browser_of(shop)
    token = token_in(browser.get("/login").text)
    for referer, status in (("https://evil.example/", 400), ("https://shop.example.com/login", 422)):
        sent = browser.post("/login/password", data={"csrf_token": token}, headers={"Referer": referer})
        assert sent.status_code == status


CLOSED = re.compile(r"/(account|orders|checkout|staff)\b")


@pytest.mark.parametrize("cookie", ["made up", "ended"])
def test_customers_pages_are_closed_to_others(make_app: Callable[..., Flask], cookie: str) -> None:
    shop = make_app(demo=True, **DEMO)
    browser, owner = browser_of(shop), browser_of(shop)
    log_in_customer_with_data(shop, owner)
    if cookie == "made up":
        browser.set_cookie("session", "x" * 43)
    if cookie == "ended":
        browser = copy_of(shop, owner)
        post(owner, "/logout")
    browser.set_cookie("staff", "x" * 43)
    token = token_in(browser.get("/login").text)
    before = dump(shop)
    tried = 0
    for method in ("GET", "POST"):
        for rule, path in rules(shop, method):
            if CLOSED.match(path) and rule.endpoint not in ("staff.login.page", "staff.login.enter"):
                response = browser.open(path, method=method, data={"csrf_token": token})
                assert response.status_code == 303, path
                assert re.match(r"(/staff)?/login(\?|$)", response.headers["Location"]), path
                assert "Kari" not in response.text
                tried += 1
    assert tried > 40
    assert difference(before, dump(shop)) == {}


def test_ids_of_another_customers_rows_are_not_found(make_app: Callable[..., Flask]) -> None:
    """Every address that contains the id of a customer's row (ASVS 8.2.2)."""
    shop = make_app(demo=True, **DEMO)
    owner, browser = browser_of(shop), browser_of(shop)
    owner_id = log_in_customer_with_data(shop, owner)
    log_in_customer_with_data(shop, browser, "eivind.dahl@example.com")
    order = next(order.number for order in all_orders(shop) if order.customer_id == owner_id)
    with shop.app_context():
        line = db.session.scalars(select(Activity.id).where(Activity.customer_id == owner_id)).first()
        session_id = db.session.scalars(select(CustomerSession.id).where(CustomerSession.customer_id == owner_id)).one()
    theirs = {
        "orders.show": {"number": order}, "orders.pay": {"number": order}, "account.why": {"activity_id": line},
        "account.end_session": {"session_id": session_id},
    }  # fmt: skip
    personal = {
        rule.endpoint
        for rule in shop.url_map.iter_rules()
        if rule.arguments - {"token"} and re.match(r"/(account|orders)\b", str(rule))
    }
    assert personal == set(theirs), "a new address has a customer's id in it: add it to the test"
    for rule in shop.url_map.iter_rules():
        if rule.endpoint in theirs:
            path = rule.build(theirs[rule.endpoint])[1]
            method = "POST" if "POST" in rule.methods else "GET"
            data = {"csrf_token": token_in(browser.get("/account").text)}
            assert browser.open(path, method=method, data=data).status_code == 404, path
    assert owner.get("/account").status_code == 200
    assert owner.get(f"/orders/{order}").status_code == 200
    assert owner.get(f"/account/activity/{line}").status_code == 200


def test_no_page_repeats_the_secret_of_an_emailed_link(make_app: Callable[..., Flask]) -> None:
    """Except the unsubscribe link, so that its page can be read in every language: it gives no access."""
    shop = make_app(demo=True, **DEMO)
    for rule, path in rules(shop):
        if "token" in rule.arguments and rule.endpoint != "unsubscribe.page":
            with shop.test_request_context(path):
                assert here() == "/", path
