"""Addresses that use up a login or an emailed link: HEAD, OPTIONS or a prefetch changes nothing there."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.customers import email_tokens
from app.customers.consents import unsubscribe
from app.customers.models import Customer, TokenPurpose
from app.database import db
from tests.attacks.steps import difference, dump
from tests.conftest import browser_of, open_page, post
from tests.customers.linking_steps import PERSON, PROVE, add_account, mailed_link, send_proof
from tests.pages import check_page
from tests.vipps.flow import logged_in
from tests.vipps_person import VippsPerson, led_on

LOOKS: list[tuple[str, dict[str, str]]] = [
    ("HEAD", {}),
    ("OPTIONS", {}),
    ("GET", {"Sec-Purpose": "prefetch"}),
    ("GET", {"Sec-Purpose": "prefetch;prerender"}),
    ("GET", {"Purpose": "Prefetch"}),
    ("GET", {"X-Moz": "prefetch"}),
]


def look_at(browser: FlaskClient, path: str) -> set[int]:
    """Send every request to an address that does not open it; return the statuses. The database must not change."""
    before = dump(browser.application)
    responses = [browser.open(path, method=method, headers=headers) for method, headers in LOOKS]
    assert difference(before, dump(browser.application)) == {}, path
    cookies = [cookie for response in responses for cookie in response.headers.getlist("Set-Cookie")]
    assert not [cookie for cookie in cookies if cookie.startswith(("session=", "vipps-login="))], path
    return {response.status_code for response in responses}


def test_a_prefetch_of_a_callback_leaves_the_login_to_the_browser(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start())
    calls = vipps.provider_calls()
    assert look_at(vipps.browser, callback) == {200, 405}
    assert vipps.provider_calls() == calls
    assert vipps.browser.get(callback).status_code == 303
    assert logged_in(vipps)


def test_a_prefetch_of_the_start_begins_no_login(vipps: VippsPerson) -> None:
    assert look_at(vipps.browser, "/login/vipps") == {200, 303}


@pytest.fixture
def begun(vipps: VippsPerson) -> Any:
    """Return the response to a form that starts a login for an account."""
    vipps.log_in(PERSON)
    return post(vipps.browser, "/account/vipps/refresh", form_on="/account")


def test_the_page_between_a_form_and_vipps_can_be_opened_again(vipps: VippsPerson, begun: Any) -> None:
    assert look_at(vipps.browser, begun.location) == {200}
    before = dump(vipps.app)
    url = led_on(vipps.browser, begun)
    assert led_on(vipps.browser, begun) == url
    assert difference(before, dump(vipps.app)) == {}
    assert vipps.browser.get(vipps.approve(url, PERSON)).location == "/account/profile"
    assert vipps.browser.get(begun.location).location == "/account/profile", "the login has ended"


def test_the_page_between_a_form_and_vipps_is_for_the_browser_of_the_form_only(vipps: VippsPerson, begun: Any) -> None:
    """Another site cannot make a browser continue an attacker's login, or one that it did not start."""
    other = browser_of(vipps.app)
    assert "Refresh" not in (refused := other.get(begun.location)).headers
    assert check_page(refused).h1 == "Please finish in the browser where you started"
    for query in ("", "?state=", f"?state={'x' * 43}", f"{begun.location.partition('continue')[2]}&state=twice"):
        refused = vipps.browser.get(f"/login/vipps/continue{query}")
        assert (refused.status_code, refused.headers["Cache-Control"]) == (400, "no-store")
        assert "Refresh" not in refused.headers


def test_a_prefetch_of_an_emailed_link_does_not_use_it_up(vipps: VippsPerson) -> None:
    account = add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    send_proof(vipps.browser, f"{PROVE}/mail")
    proof = mailed_link(vipps, "old@example.com")
    with vipps.app.app_context():
        customer = db.session.get_one(Customer, account)
        tokens = {
            each: email_tokens.issue(customer, "old@example.com", each)
            for each in (TokenPurpose.CONFIRM, TokenPurpose.RESET, TokenPurpose.CHANGE_EMAIL)
        }
        away = unsubscribe.token_for(customer, "email")
        db.session.commit()
    for path in (
        proof,
        f"/confirm/{tokens[TokenPurpose.CONFIRM]}",
        f"/password/reset/{tokens[TokenPurpose.RESET]}",
        f"/account/email/{tokens[TokenPurpose.CHANGE_EMAIL]}",
        f"/unsubscribe/{away}",
    ):
        assert look_at(vipps.browser, path) <= {200, 303}, path
        assert open_page(vipps.browser, path), path
