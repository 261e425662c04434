"""Every page: security headers, hosts, forms, errors, languages, logs, static files."""

import json
import re
from http.client import HTTPConnection
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from sqlalchemy import text

from app import assets
from app.database import db
from app.i18n import LANGUAGES, format_price
from app.security import client_network, cookie_name
from tests.conftest import browser_of, open_page, post, served
from tests.pages import check_page, token_in

HTTPS = {
    "VIPPS_ENVIRONMENT": "test", "VIPPS_CLIENT_ID": "an-id", "VIPPS_CLIENT_SECRET": "a-secret",
    "PUBLIC_URL": "https://shop.example.com",
}  # fmt: skip
PAGES = ["/", "/products/wool-blanket", "/cart", "/login", "/register", "/password/forgot", "/logged-out", "/nowhere"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_valid_in_every_language(demo_client: FlaskClient, language: str) -> None:
    demo_client.get(f"/language/{language}")
    for path in PAGES:
        page = open_page(demo_client, path, status=404 if path == "/nowhere" else 200)
        assert page.one("html")["lang"] == language


def test_a_fork_adds_sources_to_the_policy_and_the_notice_names_them(make_app: Any) -> None:
    sources = "font-src=https://fonts.example.com,frame-src=https://pay.example.com form-action=https://pay.example.com"
    response = browser_of(make_app(CSP_SOURCES=sources)).get("/privacy")
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    fonts, pay = "https://fonts.example.com", "https://pay.example.com"
    assert (policy["font-src"], policy["frame-src"]) == (f"'self' {fonts}", pay)
    assert (policy["form-action"], policy["script-src"]) == (f"'self' {pay}", "'self'")
    assert "address: https://fonts.example.com, https://pay.example.com." in response.text
    assert "no third parties" not in response.text


def test_on_https_cookies_are_secure_and_host_bound_and_hsts_is_set(make_app: Any) -> None:
    browser, ours = browser_of(make_app(demo=True, **HTTPS)), {"Referer": "https://shop.example.com/"}
    response = browser.get("/login")
    assert response.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    added = post(browser, "/cart/add", {"product": "enamel-mug"}, headers=ours)
    cookies = [*response.headers.getlist("Set-Cookie"), *added.headers.getlist("Set-Cookie")]
    assert "__Host-cart" in [cookie.partition("=")[0] for cookie in cookies]
    for cookie in cookies:
        assert cookie.startswith("__Host-")
        assert all(part in cookie for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"))
        assert "Domain" not in cookie
    with browser.application.app_context():
        assert cookie_name("session") == "__Host-session"


def test_the_policy_allows_the_web_component_only_if_it_is_chosen(make_app: Any) -> None:
    script = "https://cdn.vippsmobilepay.com/js/button/button.js"
    plain = browser_of(make_app()).get("/login")
    assert "cdn.vippsmobilepay.com" not in plain.text + plain.headers["Content-Security-Policy"]
    chosen = browser_of(make_app(VIPPS_BUTTON="web-component")).get("/login")
    assert f'<script src="{script}" async></script>' in chosen.text
    assert "https://cdn.vippsmobilepay.com" in chosen.headers["Content-Security-Policy"]
    assert "<vipps-mobilepay-button" in chosen.text
    assert 'href="/login/vipps' in chosen.text, "without the script the button is still a link"


def test_two_copies_on_localhost_share_no_cookie_with_each_other_or_with_another_app(make_app: Any) -> None:
    """RFC 6265, section 8.5: a browser sends a cookie to every port of a host."""
    given: list[set[str]] = []
    for port in (8000, 8080):
        client = browser_of(make_app(PUBLIC_URL=f"http://localhost:{port}"))
        client.get("/language/nb?next=/login")
        client.get("/login/vipps")
        post(client, "/cart/add", {"product": "none"})
        given.append({cookie.key for cookie in client._cookies.values()})
    assert not given[0] & given[1]
    assert all(f"{port}-" in name for names, port in zip(given, (8000, 8080), strict=True) for name in names)
    assert len(given[0]) >= 2


@pytest.mark.parametrize("host", ["evil.example", "localhost:8000.evil.example", "localhost:8000@evil.example", ""])
def test_an_unknown_host_is_refused(make_app: Any, host: str, capfd: pytest.CaptureFixture[str]) -> None:
    client = make_app(**HTTPS).test_client()
    response = client.get("/login", headers={"Host": host})
    assert response.status_code == 400
    assert "evil" not in response.text
    (line,) = [line for line in map(json.loads, capfd.readouterr().err.splitlines()) if line["event"] == "host_refused"]
    assert line["expected"] == "shop.example.com"


def test_the_shop_answers_to_every_spelling_of_its_host(make_app: Any) -> None:
    client = make_app(**HTTPS).test_client()
    for host in ("shop.example.com", "SHOP.Example.com", "shop.example.com:443", "shop.example.com."):
        assert client.get("/login", base_url="http://any.example", headers={"Host": host}).status_code == 200


def test_a_redirect_to_the_public_origin_ends_there(make_app: Any) -> None:
    for public_url in ("http://localhost:80", "http://localhost:08000"):
        client = make_app(PUBLIC_URL=public_url).test_client()
        response = client.get("/login", headers={"Host": "127.0.0.1"})
        assert response.status_code == 308
        arrived = client.get("/login", base_url=response.headers["Location"].removesuffix("/login"))
        assert arrived.status_code == 200


def test_a_page_that_all_visitors_share_is_not_sent_twice_and_others_are_not_cached(demo_client: FlaskClient) -> None:
    for path in ("/login", "/cart", "/products/enamel-mug", "/outbox", "/register"):
        assert demo_client.get(path).headers["Cache-Control"] == "no-store"
    first = demo_client.get("/")
    again = {"If-None-Match": first.headers["ETag"]}
    unchanged = demo_client.get("/", headers=again)
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert {"Cookie", "Accept-Language"} <= {*unchanged.vary}
    assert "ETag" not in demo_client.get("/login").headers
    assert "ETag" not in demo_client.get("/nowhere").headers
    demo_client.get("/language/nb")
    assert 'lang="nb"' in demo_client.get("/", headers=again).text
    post(demo_client, "/cart/add", {"product": "enamel-mug", "quantity": "1"})
    assert demo_client.get("/", headers=again).status_code == 200


@pytest.mark.parametrize(
    ("sent", "target"),
    [
        ("/login?next=/cart", "/login?next=/cart"),
        ("/%0d%0aX:1", "/%0d%0aX:1"),
        ("/a%3fb", "/a%3fb"),
        ("/a%2fb?", "/a%2fb"),
        ("//evil.example/%2e%2e", "/evil.example/%2e%2e"),
        ("/\\evil.example", "/%5Cevil.example"),
        ("/s\u00c3\u00b8k?q=%ff", "/s%C3%B8k?q=%ff"),  # a server passes bytes on as Latin-1 (PEP 3333)
        ("http://evil.example/x", "/login?next=/"),
        ("", "/login?next=/"),
    ],
)
def test_in_the_demo_other_names_of_localhost_are_redirected_to_the_one_with_the_cookies(
    app: Flask, sent: str, target: str
) -> None:
    raw = {"RAW_URI": sent}
    response = app.test_client().get("/login?next=/", headers={"Host": "127.0.0.1:8000"}, environ_overrides=raw)
    assert (response.status_code, response.headers["Location"]) == (308, f"http://localhost:8000{target}")


@pytest.mark.parametrize(("configured", "prefix"), [("/", ""), ("/shop", "/shop")])
def test_a_path_prefix_comes_from_the_configuration_only(app: Flask, configured: str, prefix: str) -> None:
    """gunicorn takes SCRIPT_NAME from a header, unless told otherwise (gunicorn: `forwarder_headers`)."""
    app.config["APPLICATION_ROOT"] = configured
    forged = {"SCRIPT_NAME": "//evil.example"}
    response = browser_of(app).get("/account", environ_overrides=forged)
    assert response.headers["Location"] == f"{prefix}/login?next=/account"
    if find_spec("app.guide"):  # a fork has no guide
        chapter = browser_of(app).get("/guide/a-login-call-by-call", environ_overrides=forged).text
        assert "evil.example" not in chapter
        assert f'href="{prefix}/guide/source/' in chapter


@pytest.mark.parametrize(("trusted", "seen"), [("0", "127.0.0.1"), ("1", "3.3.3.3"), ("2", "2.2.2.2")])
def test_forwarded_headers_are_trusted_for_the_configured_number_of_proxies(
    make_app: Any, trusted: str, seen: str
) -> None:
    shop = make_app(TRUSTED_PROXIES=trusted)
    shop.add_url_rule("/who", view_func=lambda: f"{request.remote_addr} {request.host}")
    forged = {
        "X-Forwarded-For": "1.1.1.1, 2.2.2.2, 3.3.3.3", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil",
    }  # fmt: skip
    assert browser_of(shop).get("/who", headers=forged).text == f"{seen} localhost:8000"


def tunnel(origin: str, **fixed: str) -> Any:
    """Return a proxy for `origin` that sends its own host name, as GitHub Codespaces does."""

    def proxy(environ: Any, start_response: Any) -> list[bytes]:
        host, length = environ["HTTP_HOST"], int(environ.get("CONTENT_LENGTH") or 0)
        forwarded = {"X-Forwarded-Host": host, "X-Forwarded-Proto": "https", "X-Forwarded-For": "10.1.2.3", **fixed}
        for name, value in environ.items():
            if name.startswith("HTTP_") and name != "HTTP_HOST":
                forwarded.setdefault(name[5:].replace("_", "-").title(), value)
        forwarded["Content-Type"] = environ.get("CONTENT_TYPE", "")
        connection = HTTPConnection(urlsplit(origin).netloc, timeout=20)
        body = environ["wsgi.input"].read(length)
        connection.request(environ["REQUEST_METHOD"], environ["PATH_INFO"], body, forwarded)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        start_response(
            f"{answer.status} {answer.reason}", [pair for pair in answer.getheaders() if pair[0] != "Connection"]
        )
        return [content]

    return proxy


@pytest.mark.parametrize(
    ("proxies", "fixed", "status"),
    [
        ("1", {}, 200),
        ("1", {"X-Forwarded-Host": "evil.example, shop.example.com"}, 200),
        ("1", {"X-Forwarded-Host": "evil.example"}, 308),
        ("1", {"X-Forwarded-Host": "shop.example.com, evil.example"}, 308),
        ("0", {}, 308),
    ],
)
def test_behind_a_tunnel_that_asks_for_localhost_the_shop_does_not_redirect_for_ever(
    make_app: Any, proxies: str, fixed: dict[str, str], status: int
) -> None:
    shop = make_app(PUBLIC_URL="https://shop.example.com", TRUSTED_PROXIES=proxies)
    with served(shop) as origin, served(tunnel(origin, **fixed)) as public:
        connection = HTTPConnection(urlsplit(public).netloc, timeout=20)
        connection.request("GET", "/login", headers={"Host": "shop.example.com"})
        page = connection.getresponse()
        text = page.read().decode()
        assert (page.status, page.getheader("Location")) == (
            status, None if status == 200 else "https://shop.example.com/login",
        )  # fmt: skip
        if status == 200:  # the CSRF check compares a form's Referer with the host
            cookies = "; ".join(each.partition(";")[0] for each in page.headers.get_all("Set-Cookie"))
            form = urlencode({"email": "a@example.com", "password": "wrong", "csrf_token": token_in(text)})
            sent = {"Host": "shop.example.com", "Referer": "https://shop.example.com/login", "Cookie": cookies}
            connection.request(
                "POST", "/login/password", form, {**sent, "Content-Type": "application/x-www-form-urlencoded"}
            )
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (422, True)
        connection.close()


def test_the_simulator_on_this_machine_delivers_past_the_tunnel(make_app: Any) -> None:
    shop = make_app(PUBLIC_URL="https://shop.example.com", TRUSTED_PROXIES="1")
    hook = shop.extensions["settings"].webhook_url("t").removeprefix("https://shop.example.com")
    client = shop.test_client()
    assert client.post(hook, base_url="http://localhost:8000").status_code == 404  # the token is wrong
    assert client.post(hook, base_url="http://evil.example").status_code == 400
    assert client.get("/login", base_url="http://localhost:8000").status_code == 308


@pytest.mark.parametrize(
    ("seen", "place"),
    [
        ("10.1.2.3", "10.1.2.3"), ("10.1.2.3:4711", "10.1.2.3"), ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("[2001:db8:1:2::6]:4711", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"), ("unknown", "no address"), ("10.1.2", "no address"),
    ],
)  # fmt: skip
def test_a_client_network_is_an_ipv4_address_or_an_ipv6_64(app: Flask, seen: str, place: str) -> None:
    with app.test_request_context(environ_overrides={"REMOTE_ADDR": seen}):
        assert client_network() == place
    assert browser_of(app).get("/login/vipps", environ_overrides={"REMOTE_ADDR": seen}).status_code != 500


def test_a_form_without_a_token_is_refused_and_a_stale_one_can_be_sent_again(demo_client: FlaskClient) -> None:
    typed = {"product": "enamel-mug", "quantity": "2"}
    assert check_page(demo_client.post("/cart/add", data=typed)).h1 == "This page was open for too long"
    refused = demo_client.post("/cart/add", data={**typed, "csrf_token": "stale"})
    form = check_page(refused).one("main form")
    fields = {str(tag["name"]): str(tag["value"]) for tag in form.select("input")}
    assert (refused.status_code, form["action"], fields["quantity"]) == (400, "/cart/add", "2")
    assert demo_client.post("/cart/add", data=fields).status_code in (302, 303)


def test_another_site_s_form_or_a_password_is_never_offered_again(demo_client: FlaskClient) -> None:
    for site in ("cross-site", "same-site", "none"):
        headers = {"Sec-Fetch-Site": site}
        page = check_page(demo_client.post("/cart/add", data={"product": "enamel-mug"}, headers=headers))
        assert not page.select("main form")
    data = {"email": "kari@example.com", "password": "correct horse", "csrf_token": "stale"}
    assert "correct horse" not in demo_client.post("/login/password", data=data).text


def test_a_link_changes_no_data(demo_client: FlaskClient) -> None:
    for path in ("/logout", "/cart/add"):
        response = demo_client.get(path)
        assert (response.status_code, "POST" in response.headers["Allow"]) == (405, True)
        assert check_page(response).h1 == "This action isn’t allowed"


def test_a_ten_megabyte_form_is_answered_with_a_page(demo_app: Flask) -> None:
    body = b"a=" + b"x" * (10 * 1024 * 1024)
    with served(demo_app) as origin:
        connection = HTTPConnection(origin.removeprefix("http://"), timeout=20)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Host": "localhost:8000"}
        connection.request("POST", "/cart/add", body, headers)
        response = connection.getresponse()
        html = response.read().decode()
        connection.close()
    assert response.status == 413
    assert "That is too large" in html


def test_a_server_error_shows_only_the_reference_number_that_is_in_the_log(
    demo_app: Flask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setitem(demo_app.view_functions, "shop.home", broken)
    response = browser_of(demo_app).get("/")
    assert response.status_code == 500
    page = check_page(response)
    assert "secret detail" not in response.text
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (entry,) = [line for line in lines if line["event"] == "unexpected_error"]
    assert entry["reference"] in page.text
    assert "a secret detail" in entry["exception"]


def test_a_failing_database_is_answered_with_a_page(demo_app: Flask) -> None:
    browser = browser_of(demo_app)
    browser.set_cookie("session", "x" * 43, domain="localhost")
    browser.set_cookie("cart", "x" * 43, domain="localhost")
    with demo_app.app_context():
        for table in ("product", "category", "cart", "customer_session", "login_attempt"):
            db.session.execute(text(f"ALTER TABLE {table} RENAME TO lost_{table}"))
        db.session.commit()
    for path in ("/", "/cart", "/products/enamel-mug", "/login/vipps", "/login/vipps/callback?state=x"):
        response = browser.get(path)
        assert response.status_code == 503, path
        assert check_page(response).h1 in ("The shop is busy right now", "We could not finish the login")


def test_the_log_has_no_query_and_no_line_break(demo_client: FlaskClient, capsys: pytest.CaptureFixture[str]) -> None:
    demo_client.get("/login/vipps/callback?code=the-secret-code&state=the-secret-state")
    demo_client.get("/nowhere/with%0aa-line-break")
    err = capsys.readouterr().err
    assert "the-secret" not in err
    assert "line-break" not in err
    assert all(json.loads(line)["reference"] for line in err.splitlines())


def test_the_language_is_the_browsers_until_the_switch_is_used(demo_client: FlaskClient) -> None:
    for accepted, chosen in [("nb-NO,nb;q=0.9", "nb"), ("nn", "nb"), ("no", "nb"), ("de,en;q=0.5", "en"), ("ja", "en")]:
        response = demo_client.get("/", headers={"Accept-Language": accepted})
        assert f'<html lang="{chosen}"' in response.text
    for target, location in (("//evil.example", "/"), ("/cart", "/cart")):
        assert demo_client.get(f"/language/nb?next={target}").headers["Location"] == location
    assert '<html lang="nb"' in demo_client.get("/", headers={"Accept-Language": "en"}).text
    assert demo_client.get("/language/xx").status_code == 404


@pytest.mark.parametrize(
    ("language", "ore", "written"),
    [
        ("nb", 129900, "1\u00a0299,00\u00a0kr"), ("en", 0, "0,00\u00a0kr"), ("nb", 5, "0,05\u00a0kr"),
        ("en", 123456789, "1\u00a0234\u00a0567,89\u00a0kr"), ("da", 129900, "1.299,00\u00a0NOK"),
        ("sv", 129900, "1\u00a0299,00\u00a0Nkr"), ("fi", 129900, "1\u00a0299,00\u00a0NOK"),
    ],
)  # fmt: skip
def test_prices_are_written_in_the_format_of_the_language(language: str, ore: int, written: str) -> None:
    assert format_price(ore, language) == written


def test_a_static_file_is_immutable_only_under_its_version(client: FlaskClient) -> None:
    path = assets.asset("brand/mark.svg")
    assert re.fullmatch(r"/static/brand/mark\.svg\?v=[0-9a-f]{10}", path)
    for address, kept in ((path, True), (path.partition("?")[0], False)):
        response = client.get(address)
        response.close()
        assert ("immutable" in response.headers.get("Cache-Control", "")) is kept


def test_every_static_file_that_a_page_names_exists(demo_client: FlaskClient) -> None:
    for path in PAGES[:-1]:
        page = open_page(demo_client, path)
        for tag in page.select("link[href^='/static'], img[src^='/static'], script[src]"):
            response = demo_client.get(str(tag.get("href") or tag.get("src")))
            response.close()
            assert response.status_code == 200, tag


def test_two_shops_have_separate_settings_and_start_without_a_call(
    make_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.vipps.transport.Transport.call", lambda *_args, **_options: pytest.fail("a call"))
    first, second = make_app(VIPPS_MARKET="NO"), make_app(VIPPS_MARKET="DK", VIPPS_BRAND="mobilepay")
    assert "Log in with Vipps" in browser_of(first).get("/login").text
    assert "Log in with MobilePay" in browser_of(second).get("/login").text
