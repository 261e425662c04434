"""A good login: what is asked, what is sent, and what is kept of the answer."""

import base64
from typing import Any

import pytest

from app.customers.models import Customer, VippsLink
from tests.conformance.conftest import ENVIRONMENT
from tests.conformance.op import CLIENT_SECRET, PERSON
from tests.conformance.party import RelyingParty
from tests.conftest import browser_of
from tests.provider import CLIENT_ID, SUBJECT, TOKEN_PATH, USERINFO_PATH
from tests.vipps.flow import rows


def sent_to(party: RelyingParty, path: str) -> list[tuple[dict[str, str], dict[str, list[str]]]]:
    """Return headers and form of every request to a path."""
    return [(headers, form) for _, at, headers, form in party.op.seen if at.partition("?")[0] == path]


def test_a01_everything_is_right(party: RelyingParty) -> None:
    party.is_in(party.log_in(next_path="/cart"), leads_to="/cart")
    (link,) = party.table(VippsLink)
    assert (link.subject, link.issuer) == (SUBJECT, party.op.document()["issuer"])
    party.is_in(party.log_in())
    assert rows(party, VippsLink) == rows(party, Customer) == 1


def test_a29_claims_come_from_userinfo(party: RelyingParty) -> None:
    party.log_in()
    (customer,) = party.table(Customer)
    assert (customer.name, customer.email) == (PERSON["name"], PERSON["email"])
    (request,) = party.op.requests
    assert request["scope"] == "openid name phoneNumber email address delegatedConsents"


def test_a30_client_secret_basic(party: RelyingParty) -> None:
    party.log_in()
    ((headers, form),) = sent_to(party, TOKEN_PATH)
    assert headers["Authorization"] == "Basic " + base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    assert CLIENT_SECRET not in str(form)
    assert not [path for _, path, _, _ in party.op.seen if "?" in path]


def test_a31_client_secret_post(party: RelyingParty, make_app: Any) -> None:
    shop = make_app(SIMULATOR_URL=party.op.origin, VIPPS_CLIENT_AUTH_METHOD="client_secret_post", **ENVIRONMENT)
    party.app, party.browser, party.op.auth_method = shop, browser_of(shop), "client_secret_post"
    party.is_in(party.log_in())


def test_a31b_client_secret_post_without_the_setting(party: RelyingParty) -> None:
    party.op.auth_method = "client_secret_post"
    response = party.log_in()
    line, _ = party.refusal_line()
    assert (line["level"], "VIPPS_CLIENT_AUTH_METHOD" in line["cause"]) == ("error", True)
    party.is_refused(party.come_back())
    assert response.status_code == 502


def test_a32_bearer_token_in_the_header(party: RelyingParty) -> None:
    party.is_in(party.log_in())
    assert [path for _, path, _, _ in party.op.seen if path.startswith(USERINFO_PATH)] == [USERINFO_PATH]


def test_b01_challenge_and_verifier_are_fresh_and_fit(party: RelyingParty) -> None:
    for _ in range(3):
        party.is_in(party.log_in())  # the provider compares the two
    assert len({request["code_challenge"] for request in party.op.requests}) == 3
    assert len({form["code_verifier"][0] for _, form in sent_to(party, TOKEN_PATH)}) == 3


def test_b02_state_and_nonce_are_fresh_and_long(party: RelyingParty) -> None:
    for _ in range(3):
        party.start()
        party.log_in()
    values = [request[name] for request in party.op.requests for name in ("state", "nonce")]
    assert len(set(values)) == 6
    assert {len(value) for value in values} == {43}, "256 bits in base64url; Vipps takes 8 to 999 characters"


@pytest.mark.parametrize("scope", ["openid", "openid email", ""])
def test_b44_a_smaller_scope(party: RelyingParty, scope: str) -> None:
    party.op.token_answer, party.op.userinfo = {"scope": scope}, {}
    party.is_in(party.log_in())
    assert party.browser.get("/account/profile").status_code == 200
