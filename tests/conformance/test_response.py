"""The response in the callback: anyone can write a callback URL, so it must match the browser, login and provider."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from app.customers.models import CustomerSession, VippsLink
from app.database import db
from app.vipps.errors import REDIRECT_CODES
from tests.conformance.conftest import ENVIRONMENT
from tests.conformance.op import OpenIDProvider
from tests.conformance.party import RelyingParty
from tests.conftest import browser_of, build, post
from tests.provider import TOKEN_PATH, running
from tests.vipps.flow import logged_in, rows

CALLBACK = "/login/vipps/callback"


def refused_without_a_token_request(party: RelyingParty, response: Any) -> None:
    """Check that the case is refused, and that no request sent the code."""
    party.is_refused(response, next_one_works=False)
    assert party.op.calls(TOKEN_PATH) == 0
    assert party.log_in().status_code == 303


def code_in(callback: str) -> str:
    return parse_qs(urlsplit(callback).query)["code"][0]


@pytest.mark.parametrize("state", [None, "", ["one", "two"]])
def test_b03_state_missing_or_twice(party: RelyingParty, state: Any) -> None:
    refused_without_a_token_request(party, party.come_back(state=state))


def test_b03_the_right_state_twice(party: RelyingParty) -> None:
    callback = party.approve(party.start())
    state = party.op.requests[-1]["state"]
    refused_without_a_token_request(party, party.browser.get(f"{callback}&state={state}"))


@pytest.mark.parametrize("state", ["another", "x" * 5000, "\x00"])
def test_b03b_another_state(party: RelyingParty, state: str) -> None:
    refused_without_a_token_request(party, party.come_back(state=state))


def callback_of_an_attacker(party: RelyingParty) -> str:
    """Begin and approve a login in the attacker's browser; return its callback, to open in the victim's browser."""
    return party.approve(party.start(browser=browser_of(party.app)), "the-attacker")


def test_b04_login_csrf_in_a_fresh_browser(party: RelyingParty) -> None:
    refused_without_a_token_request(party, party.browser.get(callback_of_an_attacker(party)))


def test_b04b_login_csrf_in_the_middle_of_a_login(party: RelyingParty) -> None:
    callback, own = callback_of_an_attacker(party), party.approve(party.start())
    party.is_refused(party.browser.get(callback), next_one_works=False)
    assert party.op.calls(TOKEN_PATH) == 0
    assert party.browser.get(own).status_code == 303, "the login in progress must still work"
    assert [link.subject for link in party.table(VippsLink)] == [party.op.subject] != ["the-attacker"]


def injected(party: RelyingParty, careful: bool) -> Any:
    """Send a login's callback with the code from another person's login."""
    party.op.careful = careful
    return party.come_back(code=code_in(callback_of_an_attacker(party)))


def test_b05_code_injection(party: RelyingParty) -> None:
    party.is_refused(injected(party, careful=True))


def test_b05b_code_injection_at_a_careless_provider(party: RelyingParty) -> None:
    party.is_refused(injected(party, careful=False), next_one_works=False)
    assert party.op.id_tokens, "the provider must have issued an ID token"
    party.op.forget()
    assert party.log_in().status_code == 303


@pytest.mark.parametrize("first_is_used", [False, True])
def test_b06_two_logins_of_one_browser_mixed(party: RelyingParty, first_is_used: bool) -> None:
    other = party.approve(party.start())
    if first_is_used:
        party.browser.get(other)
        post(party.browser, "/logout", form_on="/account")
    party.is_refused(party.come_back(code=code_in(other)))


def test_b06b_two_logins_mixed_at_a_careless_provider(party: RelyingParty) -> None:
    party.op.careful = False
    party.is_refused(party.come_back(code=code_in(party.approve(party.start()))))


def test_b07_used_callback(party: RelyingParty) -> None:
    callback = party.approve(party.start("/cart"))
    party.is_in(party.browser.get(callback), leads_to="/cart")
    sessions, calls = rows(party, CustomerSession), len(party.op.seen)
    party.is_in(party.browser.get(callback), leads_to="/cart")
    assert rows(party, CustomerSession) == sessions
    post(party.browser, "/logout", form_on="/account")
    party.is_refused(party.browser.get(callback), code="state_used", next_one_works=False)
    assert len(party.op.seen) == calls
    assert party.log_in().status_code == 303


@pytest.mark.parametrize(
    ("promised", "issuer"),
    [
        (False, "https://evil.example/"), (True, "https://evil.example/"), (True, None), (True, ""), (True, "twice"),
        (True, "slashless"),
    ],
)  # fmt: skip
def test_b09_issuer_of_the_response(party: RelyingParty, promised: bool, issuer: Any) -> None:
    party.op.discovery = {"authorization_response_iss_parameter_supported": promised}
    ours = party.op.document()["issuer"]
    sent = {"twice": [ours, ours], "slashless": ours.rstrip("/")}.get(issuer, issuer)
    party.is_refused(party.come_back(iss=sent), next_one_works=False)
    assert party.op.calls(TOKEN_PATH) == 0
    assert party.come_back(iss=ours).status_code == 303


@pytest.mark.parametrize("promised", [True, False])
def test_b10_right_issuer(party: RelyingParty, promised: bool) -> None:
    party.op.discovery = {"authorization_response_iss_parameter_supported": promised}
    party.is_in(party.come_back(iss=party.op.document()["issuer"]))


def test_b11_two_environments(party: RelyingParty, empty_database: Path, tmp_path: Path) -> None:
    with running(OpenIDProvider) as other:
        shutil.copy(empty_database, tmp_path / "other.sqlite")
        shop = build({"SIMULATOR_URL": other.origin, **ENVIRONMENT}, tmp_path / "other.sqlite")
        theirs = RelyingParty(shop, browser_of(shop), other.origin, other, party.case, party.output)
        here, there = party.approve(party.start()), theirs.approve(theirs.start())
        party.is_refused(party.browser.get(there), next_one_works=False)
        theirs.is_refused(theirs.browser.get(here), next_one_works=False)
        assert party.op.calls(TOKEN_PATH) == other.calls(TOKEN_PATH) == 0
        assert (party.browser.get(here).status_code, theirs.browser.get(there).status_code) == (303, 303)
        with shop.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("code", sorted(REDIRECT_CODES))
def test_b12_error(party: RelyingParty, code: str) -> None:
    callback = party.approve(party.start("/checkout"), code=None, error=code, error_description="because")
    response = party.browser.get(callback)
    party.is_refused(response, code=code)
    assert "next=/checkout" in response.text, "the return path is lost"
    assert "because" not in response.text
    assert code not in response.text


def test_b13_never_back(party: RelyingParty) -> None:
    left = party.approve(party.start())
    party.is_in(party.log_in())
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=15, seconds=5), tick=True):
        assert party.browser.get(left).status_code == 400
    assert party.op.calls(TOKEN_PATH) == 1


def test_b14_markup_in_an_error(party: RelyingParty) -> None:
    markup = "<script>alert(1)</script>\r\n" * 100
    response = party.come_back(code=None, error="<b>bold</b>\n{}", error_description=markup, error_uri="javascript:1")
    party.is_refused(response, next_one_works=False)
    assert not [text for text in ("<b>bold", "alert(1)", "javascript:") if text in response.text]
    assert len(response.text) < 20_000
    assert party.log_in().status_code == 303


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("error=access_denied", "state_missing"), ("error=access_denied&state=", "state_missing"),
        ("error=access_denied&state=another", "state_unknown"),
    ],
)  # fmt: skip
def test_b15_error_without_a_login(party: RelyingParty, query: str, code: str) -> None:
    running_login = party.approve(party.start())
    party.is_refused(party.browser.get(f"{CALLBACK}?{query}"), code=code, next_one_works=False)
    assert party.browser.get(running_login).status_code == 303
    assert party.browser.get(f"{CALLBACK}?{query}").status_code == 400
    assert logged_in(party)


@pytest.mark.parametrize("code", [None, ""])
def test_b17_no_code(party: RelyingParty, code: str | None) -> None:
    refused_without_a_token_request(party, party.come_back(code=code))


@pytest.mark.parametrize("code", ["x" * 3000, "a\r\nb", "a\x00b"])
def test_b17b_malformed_code(party: RelyingParty, code: str) -> None:
    refused_without_a_token_request(party, party.come_back(code=code))


def test_b17c_unknown_code(party: RelyingParty) -> None:
    party.is_refused(party.come_back(code="of-no-login"))
    assert party.op.calls(TOKEN_PATH) == 2, "one token request for this login, one for the good login afterwards"


def test_b18_unknown_parameters(party: RelyingParty) -> None:
    answer = {"next": "https://evil.example/", "session_state": "x", "id_token": "a.b.c", "purpose": "confirm"}
    party.is_in(party.come_back(**answer))


def test_b42_twenty_minutes_later(party: RelyingParty) -> None:
    callback = party.approve(party.start())
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=20), tick=True):
        refused_without_a_token_request(party, party.browser.get(callback))


@pytest.mark.parametrize("error", ["an_undocumented_code", "ACCESS_DENIED", "", "x" * 2500])
def test_b45_unknown_error(party: RelyingParty, error: str) -> None:
    response = party.come_back(code=None, error=error)
    party.is_refused(response)
    assert not error or error not in response.text
