"""The ID token in whole logins; each check alone: tests/vipps (OpenID Connect Core, section 3.1.3.7)."""

from typing import Any

import pytest
from joserfc import jws

from app.customers.models import Customer
from tests.conformance.op import PERSON
from tests.conformance.party import RelyingParty
from tests.provider import CLIENT_ID, USERINFO_PATH, After

DAY = 24 * 3600


def refused_before_userinfo(party: RelyingParty) -> None:
    """Check that the case is refused, and that the access token was sent nowhere."""
    party.is_refused(next_one_works=False)
    assert party.op.calls(USERINFO_PATH) == 0
    party.op.behave()
    assert party.log_in().status_code == 303


def with_claims(party: RelyingParty, **claims: Any) -> None:
    """Bend claims, and check that the login is refused."""
    party.op.claims = claims
    refused_before_userinfo(party)


def with_token(party: RelyingParty, token: object) -> None:
    """Give another ID token, and check that the login is refused."""
    party.op.token_answer = {"id_token": token}
    refused_before_userinfo(party)


def test_a02_another_issuer(party: RelyingParty) -> None:
    with_claims(party, iss="https://evil.example/")


@pytest.mark.parametrize("claims", [{"iat": After(28)}, {"nbf": After(28)}, {"exp": After(-25)}])
def test_a43_clocks_differ_a_little(party: RelyingParty, claims: dict[str, Any]) -> None:
    party.op.claims = claims
    party.is_in(party.log_in())


def test_a43b_clocks_differ_too_much(party: RelyingParty) -> None:
    with_claims(party, exp=After(-600))


@pytest.mark.parametrize("garbage", ["a.b", "a.b.c", "a.b.c.d.e", "é.é.é"])
def test_a48_no_token(party: RelyingParty, garbage: str) -> None:
    with_token(party, garbage)


@pytest.mark.parametrize("payload", [b'["sub"]', b'"text"', b"\xff"])
def test_a48_no_object(party: RelyingParty, payload: bytes) -> None:
    with_token(party, jws.serialize_compact(party.op.header, payload, party.op.key, algorithms=["RS256"]))


def test_a49_claims_that_the_shop_did_not_request(party: RelyingParty) -> None:
    party.op.claims = {"role": "admin", "is_admin": True, "id": 7, "email": "boss@conformance.example"}
    party.is_in(party.log_in())
    (customer,) = party.table(Customer)
    assert customer.email == PERSON["email"]
    assert party.browser.get("/staff/").status_code != 200
    assert "boss@" not in str(party.rows_at_rest())


def test_a50_two_audiences(party: RelyingParty) -> None:
    party.op.claims = {"aud": [CLIENT_ID, "another-client"], "azp": CLIENT_ID}
    party.is_in(party.log_in())


def test_a51_issued_long_ago(party: RelyingParty) -> None:
    with_claims(party, iat=After(-2 * DAY))


def test_a52_two_mebibytes(party: RelyingParty) -> None:
    with_claims(party, padding="x" * 2 * 1024 * 1024)


def test_a52b_a_hundred_kibibytes(party: RelyingParty) -> None:
    with_claims(party, padding="x" * 100 * 1024)
