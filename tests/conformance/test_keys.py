"""Keys and signatures: which key may sign; how a shop keeps up with keys that change: tests/vipps."""

import pytest

from tests.conformance.party import RelyingParty
from tests.provider import KEYS_PATH, USERINFO_PATH


def test_a15_no_kid_and_several_keys(party: RelyingParty) -> None:
    party.op.published = [party.op.key, party.op.other_key]
    party.op.header = {"alg": "RS256"}
    party.is_refused()


def test_a16_good_signature(party: RelyingParty) -> None:
    party.is_in(party.log_in())
    assert party.op.calls(KEYS_PATH) == 1


def test_a20_another_key_under_the_published_name(party: RelyingParty) -> None:
    party.op.key = party.op.other_key
    party.is_refused()
    assert party.op.calls(USERINFO_PATH) == 1, "only that of the good login afterwards"


@pytest.mark.parametrize("own", ["jku", "x5u"])
def test_a23_an_address_of_keys_in_the_token(party: RelyingParty, own: str) -> None:
    header = {"alg": "RS256", "kid": "public:0", own: f"{party.op.origin}/evil-keys"}
    party.op.key, party.op.header = party.op.other_key, header
    party.is_refused()
    assert party.op.calls("/evil-keys") == 0


def test_a23b_a_key_in_the_token(party: RelyingParty) -> None:
    party.op.key = party.op.other_key
    party.op.header = {"alg": "RS256", "kid": "public:0", "jwk": party.op.key.as_dict(private=False)}
    party.is_refused()


def test_a41_keys_of_other_kinds(party: RelyingParty) -> None:
    good = party.op.key.as_dict(private=False)
    others = [
        {"kty": "AKP", "alg": "ML-DSA-00", "pub": "AAAA", "kid": "quantum"}, {"kty": "unheard-of", "kid": "new"},
        {**good, "alg": "RS999", "kid": "unknown-alg"}, {**good, "use": "enc", "kid": "public:0"},
        {"kty": "EC", "crv": "P-000", "x": "AA", "y": "AA", "kid": "curve"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "public:0"}, {"kty": "RSA", "n": "!", "e": "AQAB", "kid": "broken"},
        "no object",
    ]  # fmt: skip
    party.op.bent[KEYS_PATH] = lambda to: to.send_json({"keys": [*others, good, *others * 3]})
    party.is_in(party.log_in())
