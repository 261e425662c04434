"""What an injection tool sends, in every field that a page has (for addresses: `test_hostile_requests`)."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient

from app.security import limiter
from tests.attacks.steps import rules
from tests.attacks.test_every_address import DEMO, log_in_customer_with_data, log_in_staff_too
from tests.conftest import browser_of

STRINGS = [
    "' OR '1'='1' --", "1'; DROP TABLE customer; --", "9" * 400, "-" + "9" * 30, "\x00", "1 UNION SELECT NULL,NULL--",
    "%' AND 1=CAST((SELECT 1) AS INT)--", "1e309", "NaN", "٣", "../../../../etc/passwd",
    "..%2f..%2fetc/passwd\x00.html", "${jndi:ldap://x/}", "%n%s%x", "\ud7ff\ufffd\u202e", "a" * 9000, '{"$ne": null}',
    "\\",
]  # fmt: skip
ALL_AT_ONCE = 6
HARMLESS = "zzyzx"
# They end what the walk stands on: the session, the account, the data.
LEFT_OUT = ("/logout", "/account/delete", "/demo/start-over", "/staff/logout", "/account/sessions/end-others")


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


@pytest.fixture
def logged_in_browser(make_app: Callable[..., Flask]) -> Iterator[FlaskClient]:
    """Return a browser in which a customer and a staff member are logged in; rate limits are off."""
    shop = make_app(demo=True, **DEMO)
    browser = browser_of(shop)
    log_in_customer_with_data(shop, browser)
    log_in_staff_too(shop, browser)
    limiter.enabled = False
    try:
        yield browser
    finally:
        limiter.enabled = True


def token_of(browser: FlaskClient) -> str:
    return str(BeautifulSoup(browser.get("/account").text, "lxml").select_one('[name="csrf_token"]')["value"])  # type: ignore[index]


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
            # All fields at once, and then one after the other with the rest as it should be.
            one = {**dict.fromkeys(names, HARMLESS), names[number % len(names)]: string}
            fields = dict.fromkeys(names, string) if number < ALL_AT_ONCE else one
            answer = send(browser, address, fields, token)
            assert answer.status_code < 500, (address, fields)
            assert answer.status_code in {harmless.status_code, 200, 303, 400, 404, 422}, (address, fields)
    assert browser.get("/account").status_code == 200
    assert browser.get("/staff").status_code == 200
