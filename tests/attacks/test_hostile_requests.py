"""Every address of the shop, the back office and the simulator, with hostile bodies, headers and paths: never a 5xx.

The shop runs on both databases. A body is sent with a valid CSRF token, so that it reaches the view. What only a server
sees (chunks, lengths, request lines) is in `test_oversized`.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from app.database import db
from app.security import limiter
from simulator.testing import BASIC_MERCHANT, create_test_simulator
from simulator.tests.conftest import Provider
from tests.attacks.steps import every_rule, rules
from tests.attacks.test_every_address import log_in_customer_with_data, log_in_staff_too
from tests.conftest import browser_of, open_page, post
from tests.vipps_person import VippsPerson

pytestmark = pytest.mark.slow
STRINGS = [
    "' OR '1'='1' --", "1'; DROP TABLE customer; --", "9" * 400, "-" + "9" * 30, "\x00", "1 UNION SELECT NULL,NULL--",
    "%' AND 1=CAST((SELECT 1) AS INT)--", "1e309", "NaN", "٣", "../../../../etc/passwd",
    "..%2f..%2fetc/passwd\x00.html", "${jndi:ldap://x/}", "%n%s%x", "\ud7ff\ufffd\u202e", "a" * 9000, '{"$ne": null}',
    "\\",
]  # fmt: skip
ALL_AT_ONCE = 6
HARMLESS = "zzyzx"
# These addresses end the session, the account or the data that the test needs.
LEFT_OUT = ("/logout", "/account/delete", "/demo/start-over", "/staff/logout", "/account/sessions/end-others")
FORM, JSON, TEXT = "application/x-www-form-urlencoded", "application/json", "text/plain"
PARTS = "multipart/form-data; boundary=x"


def part(head: bytes, value: bytes = b"v") -> bytes:
    return b"--x\r\n" + head + b"\r\n\r\n" + value + b"\r\n--x--\r\n"


BODIES: list[tuple[str, bytes]] = [
    (PARTS, part(b"Content-Disposition: form-data")),
    (PARTS, part(b'Content-Disposition: form-data; filename="a.txt"')),
    (PARTS, part(b'Content-Disposition: form-data; name=""; filename="../../\x00"')),
    (PARTS, part(b"Content-Disposition: form-data; name*=utf-99''%ff%00")),
    (PARTS, part(b"Content-Disposition: form-data; name=email\r\nContent-Type: text/plain; charset=utf-99", b"\xff")),
    (PARTS, part(b"X: y")),
    (PARTS, b"--x\r\nContent-Disposition: form-data; name=a"),
    (PARTS, b"\r\n--x--"),
    ("multipart/form-data", part(b"Content-Disposition: form-data; name=a")),
    ("multipart/form-data; boundary=" + "x" * 300, b"--x"),
    ('multipart/form-data; boundary="\u00ff\u00fe("', b"--\xff"),
    ("multipart/mixed; boundary=x", part(b"Content-Disposition: form-data; name=a")),
    (FORM + "; charset=utf-16", "email=ø".encode("utf-16")),
    (FORM, b"email=%00%ff%fe&name=%ed%a0%80&next=//evil.example&q=%u0000&=&&;;&%=%&[]=1"),
    (FORM, b"email=" + b"%F0%9F%98%80" * 2000),
    (FORM, b"a&" * 2000),
    (FORM, b"email=a&email=b&client_id=%00&event=%00&person=%00&code=%00&version=" + b"9" * 30),
    (JSON, b"[" * 50_000),
    (JSON, b'{"a":' * 20_000),
    (JSON, b"\xff\xfe\x00"),
    (JSON, b'{"email": "\\ud800", "person": "\\u0000", "client_id": {}, "event": [], "name": 1e999, "plan": null}'),
    (
        JSON,
        b'{"new_profile": ' + b"9" * 5000 + b', "authorization_url": "http://[::1", "faults": {"id_token": "\\ud800"}}',
    ),
    (JSON, b'{"authorization_url": "//\\u0000?client_id=%00", "person": ["kari"], "consents": 7, "language": {}}'),
    (JSON, b'{"redirect_uris": ["http://["], "webhook_url": "http://[::1", "name": "\\ud800", "client_secret": "s"}'),
    (JSON, b"null"),
    (TEXT, b"e30.e30"),
    (TEXT, b"\xff.\x00."),
    ("\u00ff\u00fe", b"x"),
    ("", b"\x00"),
]
# Each set goes to every address; the names of one set are read independently of each other.
HEADERS: list[dict[str, str]] = [
    {
        "Cookie": 'session="\\377\\000"; form=\u00ff; cart=; =; ;;=x; language="nb; staff=\x01; error-playground=\\',
        "Accept-Language": "nb;q=1e999, en;q=nan, *;q=-1, \u00ff, " + ",".join(["x-" + "y" * 50] * 200),
        "Accept": "*/;q=;,\u00ff/\u00fe", "Range": "bytes=99999999999999999999-0,-,a-b", "If-Match": '"',
        "If-None-Match": 'W/"\u00ff', "If-Modified-Since": "Thu, 99 Foo 99999 99:99:99 GMT",
        "Authorization": "Basic \u00ff===", "Forwarded": 'for="[::1";host=\u00ff',
        "X-Forwarded-For": "\u00ff, [::1, 1.2.3.4:x, " + "1," * 500, "User-Agent": "\u00ff" * 3000,
        "X-Request-Id": "\x00\u00ff" * 200,
    },
    {
        "Cookie": "; ".join(f"{name}={'.' * 1000}" for name in ("session", "form", "cart", "staff", "vipps-login")),
        "Accept-Language": "en_US.UTF-8@\x00,-,_,;;;q=q", "Accept-Encoding": "\u00ff;q=9", "Range": "bytes=0-0,0-0,-1",
        "If-Range": "\u00ff", "If-Modified-Since": "Mon, 01 Jan 0001 00:00:00 +9999", "If-Unmodified-Since": "x",
        "Authorization": "Bearer " + "." * 2000, "X-Forwarded-Proto": "\u00ff", "X-Forwarded-Host": "evil.example\x00",
        "X-Forwarded-Prefix": "//evil.example", "Referer": "http://[::1\u00ff", "X-HTTP-Method-Override": "TRACE",
        "Sec-Fetch-Site": "\u00ff", "Expect": "x", "Content-Length": "x",
    },
    {"Authorization": "Digest username=\x00, =,", "X-CSRFToken": "\u00ff\x00", "Sec-Purpose": "prefetch"},
]  # fmt: skip
HOSTS = ["[::1", "localhost:99999999", "\u00ff@localhost:8000", ""]
# Hostile values for variable parts of an address and for queries.
SEGMENTS = ["%00", "%ff%fe", "%ed%a0%80", "%0d%0aX:1", "9" * 400, "a" * 4000, *map(quote, STRINGS)]
NAMES = ["q", "page", "next", "category", "before", "after", "login", "channel", "code", "state", "error", "customer"]
QUERIES = [
    "&".join(f"{name}={value}" for name in NAMES) + "&%"
    for value in ("%00", "%ff%fe", "%0d%0a//evil.example", "9" * 40, "-1", *map(quote, STRINGS[:2]))
]
METHODS = ["HEAD", "OPTIONS", "PUT", "DELETE", "BREW"]


@pytest.fixture
def logged_in_browser(either_vipps: VippsPerson) -> Iterator[FlaskClient]:
    """Return a browser in which a customer and a staff member are logged in until the end; rate limits are off."""
    browser = browser_of(either_vipps.app)
    log_in_customer_with_data(either_vipps.app, browser)
    log_in_staff_too(either_vipps.app, browser)
    limiter.enabled = False
    try:
        yield browser
    finally:
        limiter.enabled = True
    assert browser.get("/account").status_code == 200
    post(browser, "/logout")
    assert browser.get("/staff").status_code == 200, "a customer's logout must not log staff out"


def token_of(browser: FlaskClient) -> str:
    return open_page(browser, "/account").csrf_token()


def address(rule: Rule, values: dict[str, str]) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda name: values[name[1]], str(rule))


def requests_for(number: int, rule: Rule, path: str) -> Iterator[tuple[str, str, dict[str, str], bytes]]:
    """Yield hostile requests for an address: method, path, headers and body.

    Requests that fail in code before the views go to only one address in four.
    """
    methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    for method in methods:
        yield from ((method, path, headers, b"") for headers in HEADERS)
        yield from ((method, f"{path}?{query}", {}, b"") for query in QUERIES[number % 2 :: 2])
        yield method, path, {"Host": HOSTS[number % 4]}, b""
    for method in set(methods) - {"GET"}:
        bodies = BODIES[number % 4 :: 4] + [each for each in BODIES if each[0] == FORM]
        yield from ((method, path, {"Content-Type": kind}, body) for kind, body in bodies)
    for name in rule.arguments:
        for segment in SEGMENTS[number % 4 :: 4] + SEGMENTS[:3]:
            plain = re.sub(r"<\w+:", "<", str(rule))
            yield methods[0], re.sub(r"<\w+>", "1", plain.replace(f"<{name}>", segment)), {}, b""
    yield METHODS[number % 5], path, {}, b""


def failures(
    browser: FlaskClient, addresses: Iterable[tuple[Rule, str]], always: dict[str, str], *, values_only: bool = False
) -> list[Any]:
    """Send every hostile request to every address; return those that were answered with 5xx.

    `values_only` leaves out what no database can see.
    """
    found, sent = [], 0
    for number, (rule, path) in enumerate(addresses):
        for method, target, headers, body in requests_for(number, rule, path):
            if values_only and headers and headers != {"Content-Type": FORM}:
                continue
            response = browser.open(target, method=method, headers={**always, **headers}, data=body)
            response.close()
            sent += 1
            if response.status_code >= 500:
                found.append((response.status_code, method, target[:100], headers, body[:60]))
    assert sent > 500
    return found


def test_no_request_to_the_shop_causes_a_server_error(logged_in_browser: FlaskClient) -> None:
    browser, shop = logged_in_browser, logged_in_browser.application
    addresses = [(rule, path) for rule, path in every_rule(shop) if path not in LEFT_OUT]
    with shop.app_context():
        values_only = db.engine.dialect.name != "sqlite"
    assert failures(browser, addresses, {"X-CSRFToken": token_of(browser)}, values_only=values_only) == []


def forms_of(browser: FlaskClient, paths: list[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return every form that these pages have: its address, its method and the names of its fields."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for path in paths:
        response = browser.get(path)
        if response.mimetype == "text/html":
            for form in BeautifulSoup(response.text, "lxml").select("form"):
                names = {str(field["name"]) for field in form.select("[name]")} - {"csrf_token"}
                address = str(form["action"]), str(form.get("method", "get")).upper()
                found[address] = tuple(sorted({*names, *found.get(address, ())}))
        response.close()
    return found


def send(browser: FlaskClient, address: tuple[str, str], fields: dict[str, str], token: str) -> Any:
    path, method = address
    if method == "GET":
        return browser.get(path, query_string=fields)
    return browser.post(path, data={**fields, "csrf_token": token})


@pytest.mark.parametrize("either_vipps", ["sqlite"], indirect=True)
def test_strange_values_in_form_fields_cause_no_server_error(logged_in_browser: FlaskClient) -> None:
    browser = logged_in_browser
    forms = forms_of(browser, ["/products/wool-blanket", *(path for _, path in rules(browser.application))])
    forms |= forms_of(browser_of(browser.application), ["/login", "/register", "/password/forgot", "/staff/login"])
    tried = {address: names for address, names in forms.items() if address[0] not in LEFT_OUT and names}
    assert len(tried) >= 15
    token = token_of(browser)
    for address, names in tried.items():
        harmless = send(browser, address, dict.fromkeys(names, HARMLESS), token)
        for number, string in enumerate(STRINGS):
            # The first strings go into all fields at once, each other string into one field beside harmless values.
            one = {**dict.fromkeys(names, HARMLESS), names[number % len(names)]: string}
            fields = dict.fromkeys(names, string) if number < ALL_AT_ONCE else one
            answer = send(browser, address, fields, token)
            assert answer.status_code < 500, (address, fields)
            assert answer.status_code in {harmless.status_code, 200, 303, 400, 404, 422}, (address, fields)


def test_no_request_to_the_simulator_causes_a_server_error(tmp_path: Path) -> None:
    simulator = create_test_simulator(tmp_path / "simulator.sqlite")
    simulator.config.update(TESTING=False, PROPAGATE_EXCEPTIONS=False, WTF_CSRF_ENABLED=False)
    browser = simulator.test_client()
    url = Provider(browser).url()
    values = {
        "client_id": BASIC_MERCHANT.client_id, "delivery_id": "1", "filename": "simulator.css", "key": "ola",
        "kind": "customFlow", "login_id": browser.get(url).location.rpartition("/")[2],
    }  # fmt: skip
    addresses = [(rule, address(rule, values)) for rule in simulator.url_map.iter_rules()]
    assert failures(browser, addresses, {}) == []
