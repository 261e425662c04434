"""ID tokens in whole logins. The tests of each single check are in tests/vipps (OpenID Connect Core, 3.1.3.7)."""

from app.customers.models import Customer
from tests.conformance.op import PERSON
from tests.conformance.party import RelyingParty
from tests.provider import USERINFO_PATH


def test_a02_another_issuer(party: RelyingParty) -> None:
    party.op.claims = {"iss": "https://evil.example/"}
    party.is_refused(next_one_works=False)
    assert party.op.calls(USERINFO_PATH) == 0, "the access token must not be sent"
    party.op.behave()
    assert party.log_in().status_code == 303


def test_a49_claims_that_the_shop_did_not_request(party: RelyingParty) -> None:
    party.op.claims = {"role": "admin", "is_admin": True, "id": 7, "email": "boss@conformance.example"}
    party.is_in(party.log_in())
    (customer,) = party.table(Customer)
    assert customer.email == PERSON["email"]
    assert party.browser.get("/staff/").status_code != 200
    assert "boss@" not in str(party.rows_at_rest())
