"""A successful login: the authorization request, the token request, and the stored data."""

import pytest

from app.customers.models import Customer, VippsLink
from tests.conformance.op import PERSON
from tests.conformance.party import RelyingParty
from tests.provider import SUBJECT, TOKEN_PATH
from tests.vipps.flow import rows


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


def test_a31b_client_secret_post_without_the_setting(party: RelyingParty) -> None:
    party.op.auth_method = "client_secret_post"
    response = party.log_in()
    line, _ = party.refusal_line()
    assert (line["level"], "VIPPS_CLIENT_AUTH_METHOD" in line["cause"]) == ("error", True)
    party.is_refused(party.come_back())
    assert response.status_code == 502


def test_b01_challenge_and_verifier_are_fresh_and_fit(party: RelyingParty) -> None:
    for _ in range(3):
        party.is_in(party.log_in())  # the provider compares the two
    assert len({request["code_challenge"] for request in party.op.requests}) == 3
    verifiers = {form["code_verifier"][0] for _, path, _, form in party.op.seen if path == TOKEN_PATH}
    assert len(verifiers) == 3


@pytest.mark.parametrize("scope", ["openid", "openid email", ""])
def test_b44_a_smaller_scope(party: RelyingParty, scope: str) -> None:
    party.op.token_answer, party.op.userinfo = {"scope": scope}, {}
    party.is_in(party.log_in())
    assert party.browser.get("/account/profile").status_code == 200
