"""The ID token, each check bent once in a whole login (OpenID Connect Core, section 3.1.3.7)."""

from typing import Any

import pytest
from joserfc import jwt

from app.customers.models import Customer
from tests.conformance.op import CLIENT_SECRET, PERSON
from tests.conformance.party import RelyingParty
from tests.provider import CLIENT_ID, USERINFO_PATH, After
from tests.vipps.test_id_token import base64url, forged

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


def without(party: RelyingParty, claim: str) -> None:
    """Take a claim away, and check that the login is refused."""
    party.op.without = {claim}
    refused_before_userinfo(party)


def with_token(party: RelyingParty, token: object) -> None:
    """Give another ID token, and check that the login is refused."""
    party.op.token_answer = {"id_token": token}
    refused_before_userinfo(party)


def unsigned(claims: object) -> str:
    """Return a token whose header says none."""
    return f"{base64url({'alg': 'none'})}.{base64url(claims)}."  # type: ignore[arg-type]


def test_a02_another_issuer(party: RelyingParty) -> None:
    with_claims(party, iss="https://evil.example/")


def test_a03_issuer_without_its_slash(party: RelyingParty) -> None:
    with_claims(party, iss=party.op.document()["issuer"].rstrip("/"))


def test_a04_no_issuer(party: RelyingParty) -> None:
    without(party, "iss")


def test_a05_no_subject(party: RelyingParty) -> None:
    without(party, "sub")


@pytest.mark.parametrize("subject", ["", " ", None, 12345, ["a"]])
def test_a06_subject_that_is_none(party: RelyingParty, subject: object) -> None:
    party.op.userinfo["sub"] = subject
    with_claims(party, sub=subject)


def test_a07_endless_subject(party: RelyingParty) -> None:
    party.op.userinfo["sub"] = "x" * 5000
    with_claims(party, sub="x" * 5000)


@pytest.mark.parametrize("audience", ["another-client", ["another-client"], [], ""])
def test_a08_another_audience(party: RelyingParty, audience: object) -> None:
    with_claims(party, aud=audience)


@pytest.mark.parametrize("audience", ["another-client", ["another-client"]])
def test_a09_another_audience_with_azp(party: RelyingParty, audience: object) -> None:
    with_claims(party, aud=audience, azp=CLIENT_ID)


def test_a10_another_authorized_party(party: RelyingParty) -> None:
    with_claims(party, azp="another-client")


def test_a11_no_audience(party: RelyingParty) -> None:
    without(party, "aud")


def test_a12_audience_as_text(party: RelyingParty) -> None:
    party.op.claims = {"aud": CLIENT_ID}
    party.is_in(party.log_in())


def test_a13_no_iat(party: RelyingParty) -> None:
    without(party, "iat")


@pytest.mark.parametrize("alg", ["none", "NONE"])
def test_a17_alg_none(party: RelyingParty, alg: str) -> None:
    body = party.op.id_token().split(".")[1]
    with_token(party, f"{base64url({'alg': alg})}.{body}.")


def test_a18_alg_none_offered_by_discovery(party: RelyingParty) -> None:
    party.op.discovery = {"id_token_signing_alg_values_supported": ["none", "RS256"]}
    with_token(party, unsigned({"sub": party.op.subject}))


@pytest.mark.parametrize("secret", ["public key", "client secret"])
def test_a21_hmac(party: RelyingParty, secret: str) -> None:
    key = party.op.key.as_bytes(private=False) if secret == "public key" else CLIENT_SECRET.encode()
    with_token(party, forged({"alg": "HS256", "kid": "public:0"}, key))


@pytest.mark.parametrize("alg", ["RS384", "PS256"])
def test_a22_another_algorithm(party: RelyingParty, alg: str) -> None:
    parts = {name: value for name, value in party.op.key.as_dict(private=True).items() if name != "alg"}
    key = type(party.op.key).import_key(parts)
    with_token(party, jwt.encode({"alg": alg, "kid": "public:0"}, {"sub": "x"}, key, algorithms=[alg]))


def test_a24_unknown_critical_header(party: RelyingParty) -> None:
    token = party.op.id_token()
    header = base64url({**party.op.header, "crit": ["x"], "x": 1})
    with_token(party, header + token[token.index(".") :])


@pytest.mark.parametrize("nonce", ["another", "", None])
def test_a27_wrong_nonce(party: RelyingParty, nonce: str | None) -> None:
    with_claims(party, nonce=nonce)


def test_a27_missing_nonce(party: RelyingParty) -> None:
    without(party, "nonce")


def test_a28_token_of_an_earlier_login(party: RelyingParty) -> None:
    party.op.nonce = "of-an-earlier-login"
    with_token(party, party.op.id_token())


def test_a42_expired(party: RelyingParty) -> None:
    with_claims(party, iat=After(-7200), exp=After(-3600))


@pytest.mark.parametrize("exp", ["tomorrow", True, None])
def test_a42b_no_expiry_that_is_a_number(party: RelyingParty, exp: object) -> None:
    with_claims(party, exp=exp)


def test_a42b_no_expiry(party: RelyingParty) -> None:
    without(party, "exp")


@pytest.mark.parametrize("claims", [{"iat": After(28)}, {"nbf": After(28)}, {"exp": After(-25)}])
def test_a43_clocks_differ_a_little(party: RelyingParty, claims: dict[str, Any]) -> None:
    party.op.claims = claims
    party.is_in(party.log_in())


def test_a43b_clocks_differ_too_much(party: RelyingParty) -> None:
    with_claims(party, exp=After(-600))


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a44_an_hour_ahead(party: RelyingParty, claim: str) -> None:
    with_claims(party, **{claim: After(3600)})


def test_a45_at_hash_of_another_token(party: RelyingParty) -> None:
    with_claims(party, at_hash="A" * 22)


def test_a46_no_at_hash(party: RelyingParty) -> None:
    party.op.without = {"at_hash"}
    party.is_in(party.log_in())


@pytest.mark.parametrize("garbage", ["a.b", "a.b.c", "a.b.c.d.e", "é.é.é"])
def test_a48_no_token(party: RelyingParty, garbage: str) -> None:
    with_token(party, garbage)


@pytest.mark.parametrize("payload", [b'["sub"]', b'"text"', b"\xff"])
def test_a48_no_object(party: RelyingParty, payload: bytes) -> None:
    from joserfc import jws

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


def test_a51b_authenticated_long_ago(party: RelyingParty) -> None:
    party.op.claims = {"auth_time": After(-365 * DAY)}
    party.is_in(party.log_in())


def test_a52_two_mebibytes(party: RelyingParty) -> None:
    with_claims(party, padding="x" * 2 * 1024 * 1024)


def test_a52b_a_hundred_kibibytes(party: RelyingParty) -> None:
    with_claims(party, padding="x" * 100 * 1024)
