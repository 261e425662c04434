"""One hostile person with markup in every claim and form field: every page shows it as text."""

import csv
import io
import json
import re
import zipfile
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.customers.models import Customer, CustomerSession
from app.database import db, utcnow
from app.mail import Mail
from tests.attacks.steps import rules
from tests.conftest import post
from tests.pages import Page
from tests.shop.steps import order_form, put_into_cart
from tests.staff.steps import hire, send
from tests.staff.steps import log_in as log_staff_in
from tests.vipps_person import VippsPerson

MARKUP = "<xss-mark data-xss=1>&lt;\"'><xss-mark onclick=alert(1)>"
TEMPLATE = "{{1337*1337}}${1337*1337}{%x%}%s%(x)s"
LINE = "\r\nX-Injected: yes\r\n\r\n<xss-mark>\u2028"
INVISIBLE = "\u202eevil\u202c\u200b\x00\x1b[31m"
HOSTILE = f"=cmd|'/c calc'!A1{MARKUP}{TEMPLATE}{LINE}{INVISIBLE}"
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202e]")
COMPUTED = str(1337 * 1337)
LINKS = [
    "javascript:alert(1)//https://", "data:text/html,<xss-mark>", "JaVaScript:alert(1)",
    "https://ok.example/<xss-mark>",
]  # fmt: skip
# A shorter value for a short claim or field.
SHORT = "<xss-mark>\"'{{1337*1337}}"
EMAIL = "o'hara+{{1337*1337}}@example.com"


def hostile_claims() -> dict[str, Any]:
    """Return every claim of Vipps, with markup in each value."""
    address = dict.fromkeys(("street_address", "region", "formatted", "address_type"), HOSTILE)
    address |= {"postal_code": SHORT, "country": SHORT}
    urls = {"terms": LINKS[0], "privacyStatement": LINKS[1]}
    links = {f"{name}Link{kind}": url for name, url in urls.items() for kind in ("Url", "Text")}
    consents = [
        {"id": name, "accepted": True, "required": False, "textDisplayedToUser": HOSTILE}
        for name in ("email", "sms", SHORT)
    ]
    box = {"type": "checkbox", "checked": True, "title": HOSTILE, "description": HOSTILE}
    elements = [{**box, "id": f"box{n}", "links": [{"title": HOSTILE, "url": url}]} for n, url in enumerate(LINKS)]
    return {
        "name": HOSTILE, "given_name": HOSTILE, "family_name": HOSTILE, "email": EMAIL, "email_verified": True,
        "birthdate": SHORT, "gender": SHORT, "address": address,
        "other_addresses": [address, {**address, "region": "X"}],
        "delegatedConsents": {
            "language": SHORT, "heading": HOSTILE, "text": HOSTILE, "termsDescription": HOSTILE, "links": links,
            "timeOfConsent": "2026-10-14T09:31:05Z", "consents": consents,
        },
        "flowResult": {
            "language": "EN", "timeOfConsent": HOSTILE, "screens": [{"title": HOSTILE, "elements": elements}],
        },
        SHORT: HOSTILE,
    }  # fmt: skip


def check_is_text(html: str, at: str) -> BeautifulSoup:
    """Check that no hostile text became an element, an attribute, a link or a computed result."""
    soup = BeautifulSoup(html, "lxml")
    assert not soup.select("xss-mark"), at
    for tag in soup.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on") or "xss" in name], (at, tag)
        for name in ("href", "src", "action", "formaction"):
            if value := str(tag.get(name) or ""):
                assert urlsplit(value).scheme.lower() in ("", "http", "https", "mailto"), (at, tag)
    assert COMPUTED not in html, at
    return soup


def check_headers(response: Any, at: str) -> None:
    """Check that no line of the hostile text became a header."""
    for name, value in response.headers.items():
        assert "injected" not in name.lower(), at
        assert not re.search("[\r\n\x00]", value), at
        assert "xss-mark" not in value or name in ("Location", "Set-Cookie"), (at, name)


def fill_in_everything(shop: Flask, browser: FlaskClient) -> None:
    """Write the hostile text into every form of the shop with a text field."""
    page = Page(browser.get("/account/profile").text)
    shown = str(page.one('form[action="/account/profile"] [name="shown"]')["value"])
    home = {"street": HOSTILE[:150], "postal_code": "5003", "region": HOSTILE[:90], "country": "NO"}
    saved = browser.post(
        "/account/profile",
        data={"csrf_token": page.csrf_token(), "shown": shown, "name": HOSTILE[:190], "phone": "912 34 567", **home},
    )
    assert saved.status_code == 303
    put_into_cart(browser, "enamel-mug")
    checkout = order_form(Page(browser.get("/checkout").text), name=HOSTILE[:190], email=EMAIL, **home)
    assert browser.post("/checkout", data=checkout).status_code == 303
    checkout = {**checkout, "name": "", "phone": HOSTILE, "email": HOSTILE, "delivery": HOSTILE, "country": HOSTILE}
    put_into_cart(browser, "wool-blanket")
    check_is_text(browser.post("/checkout", data=checkout).text, "a checkout that is refused")


# Pictures, and an event stream, which has only numbers and lasts long.
NOT_OPENED = (
    "/static", "/favicon.ico", "/apple-touch-icon.png", "/guide/source", "/guide/made", "/login/vipps", "/language",
    "/guide/inspector/live/events",
)  # fmt: skip


def seen_by(browser: FlaskClient, paths: list[str], most: int = 130) -> dict[str, Any]:
    """Open these pages and every page of the shop that they link to; return the responses."""
    seen: dict[str, Any] = {}
    todo = list(paths)
    while todo and len(seen) < most:
        path = todo.pop(0)
        if path in seen or path.startswith(NOT_OPENED):
            continue
        seen[path] = response = browser.get(path)
        assert response.status_code < 500, path
        if (response.mimetype == "text/html" and not path.startswith("/guide/")) or path.startswith("/guide/inspector"):
            hrefs = [str(a["href"]) for a in BeautifulSoup(response.text, "lxml").select("a[href^='/']")]
            todo += [href.partition("#")[0] for href in hrefs if not href.startswith("/?")]
    return seen


@pytest.fixture
def hostile(vipps: VippsPerson) -> VippsPerson:
    """Return a browser in which the hostile person and a staff member are logged in."""
    vipps.browser.environ_base["HTTP_USER_AGENT"] = HOSTILE.replace("\r\n", " ").replace("\x00", " ")
    callback = vipps.approve(vipps.start(), "gunnar", faults={"claims": hostile_claims()})
    assert vipps.browser.get(callback).status_code == 303
    with vipps.app.app_context():
        db.session.execute(update(CustomerSession).values(confirmed_at=utcnow()))
        db.session.commit()
    hire(vipps.app, name=HOSTILE[:90].replace("\r\n", " "))
    assert log_staff_in(vipps.browser).status_code == 303
    return vipps


def test_hostile_claims_are_text_on_every_page_and_in_every_file(
    hostile: VippsPerson, capsys: pytest.CaptureFixture[str]
) -> None:
    shop, browser = hostile.app, hostile.browser
    fill_in_everything(shop, browser)
    with shop.app_context():
        customer_id = db.session.scalars(select(Customer.id).where(Customer.email == EMAIL)).one()
        mails = db.session.scalars(select(Mail)).all()
        assert not [mail for mail in mails if re.search("[\r\n\x00]", mail.subject + mail.recipient)]
    staff = [f"/staff/customers/{customer_id}", f"/staff/customers/{customer_id}/activity", "/staff/looks"]
    seen = seen_by(browser, ["/account", "/orders", "/outbox", *staff, *(p for _, p in rules(shop))])
    showing = {path for path, response in seen.items() if "xss-mark" in response.text}
    assert {"/account", "/account/profile", "/account/consents", "/orders", *staff[:1]} <= showing
    assert any(path.startswith("/guide/inspector/") for path in showing) == (find_spec("app.guide") is not None)
    for path, response in seen.items():
        check_headers(response, path)
        if response.mimetype == "text/html":
            check_is_text(response.text, path)
            # The inspector shows the claims as Vipps sent them.
            assert path.startswith("/guide/inspector/") or not CONTROLS.search(response.text), path
        elif response.mimetype == "application/json":
            json.loads(response.text)
    links = [str(a["href"]) for a in Page(seen["/account/consents"].text).select("main a")]
    assert not [link for link in links if "script" in link.lower() or link.startswith("data:")]

    packed = zipfile.ZipFile(io.BytesIO(post(browser, "/account/export", form_on="/account/export").data))
    check_is_text(packed.read("index.html").decode(), "the copy")
    file = send(browser, "/staff/audience", {"channel": "email", "after": "0"})
    check_headers(file, "the export")
    rows = list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"), newline=""), strict=True))
    (row,) = [row for row in rows if EMAIL in "".join(row)]
    assert not [cell for cell in row if cell.lstrip()[:1] in set("=+-@") and cell]
    assert all(len(each) == len(rows[0]) for each in rows)

    for line in capsys.readouterr().err.splitlines():
        json.loads(line)
        assert "xss-mark" not in line


def test_hostile_text_in_a_field_is_text_in_the_response(hostile: VippsPerson) -> None:
    """Also if the form is refused, and in URLs that a page repeats."""
    browser = hostile.browser
    for path, fields in (
        ("/account/profile", ("name", "phone", "street", "postal_code", "region", "country", "shown")),
        ("/account/email", ("email",)),
        ("/account/password", ("current", "password")),
        ("/account/consents", ("consent", "consent_id", "channel")),
        ("/password/forgot", ("email",)),
    ):
        response = post(browser, path, dict.fromkeys(fields, HOSTILE), form_on=path)
        assert response.status_code < 500
        check_headers(response, path)
        check_is_text(response.text, path)
    check_is_text(send(browser, "/staff/search", {"q": HOSTILE}).text, "the staff's search")
    check_is_text(browser.get("/staff", query_string={"q": HOSTILE}).text, "the staff's search")
    browser = browser.application.test_client()
    for path, fields in (("/login/password", ("email", "password", "next")), ("/register", ("name", "email", "next"))):
        response = post(browser, path, dict.fromkeys(fields, HOSTILE), form_on="/login")
        assert response.status_code == 422
        check_is_text(response.text, path)
    for path in ("/", "/login", "/register", "/orders", "/nowhere", "/cart"):
        for name in ("q", "next", "category", "page", "login", "error", "error_description", "members"):
            response = browser.get(path, query_string={name: HOSTILE})
            check_headers(response, path)
            check_is_text(response.text, path)
