"""Keys and signatures: which key may sign, and how a shop keeps up with keys that change."""

import pytest

from tests.conformance.party import RelyingParty
from tests.provider import KEYS_PATH, USERINFO_PATH
from tests.vipps.flow import refusal

ANOTHER = {"alg": "RS256", "kid": "public:1"}


def change_keys(party: RelyingParty) -> None:
    """Sign with the other key from now on, and publish only that."""
    party.op.key, party.op.published, party.op.header = party.op.other_key, [party.op.other_key], ANOTHER


def test_a14_no_kid_and_one_key(party: RelyingParty) -> None:
    party.op.header = {"alg": "RS256"}
    party.is_in(party.log_in())


def test_a15_no_kid_and_several_keys(party: RelyingParty) -> None:
    party.op.published = [party.op.key, party.op.other_key]
    party.op.header = {"alg": "RS256"}
    party.is_refused()


def test_a16_good_signature(party: RelyingParty) -> None:
    party.is_in(party.log_in())
    assert party.op.calls(KEYS_PATH) == 1


def test_a19_wrong_signature(party: RelyingParty, monkeypatch: pytest.MonkeyPatch) -> None:
    good = party.op.id_token

    def spoiled() -> str:
        head, body, signature = good().split(".")
        return f"{head}.{body}.{signature[:20]}{'A' if signature[20] != 'A' else 'B'}{signature[21:]}"

    with monkeypatch.context() as bent:
        bent.setattr(party.op, "id_token", spoiled)
        party.is_refused(next_one_works=False)
    assert party.log_in().status_code == 303


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


def test_a36_keys_change_between_two_logins(party: RelyingParty) -> None:
    party.is_in(party.log_in())
    change_keys(party)
    for _ in range(2):
        party.is_in(party.log_in())
    assert party.op.calls(KEYS_PATH) == 2


def test_a37_keys_change_right_before_signing(party: RelyingParty) -> None:
    party.is_in(party.log_in())
    callback = party.approve(party.start())
    change_keys(party)
    party.is_in(party.browser.get(callback))


def test_a38_old_and_new_key_together(party: RelyingParty) -> None:
    party.op.published = [party.op.key, party.op.other_key]
    party.is_in(party.log_in())
    party.op.key, party.op.header = party.op.other_key, ANOTHER
    party.is_in(party.log_in())
    assert party.op.calls(KEYS_PATH) == 1


def test_a39_a_new_key_under_the_old_name(party: RelyingParty) -> None:
    party.is_in(party.log_in())
    renamed = {**party.op.other_key.as_dict(private=False), "kid": "public:0"}
    party.op.bent[KEYS_PATH] = lambda to: to.send_json({"keys": [renamed]})
    party.op.key = party.op.other_key
    party.is_in(party.log_in())
    assert party.op.calls(KEYS_PATH) == 2


def test_a40_keys_that_never_existed(party: RelyingParty) -> None:
    for number in range(19):
        party.op.header = {"alg": "RS256", "kid": f"made-up-{number}"}
        refusal(party, party.log_in())
    party.op.header = {"alg": "RS256", "kid": "made-up"}
    party.is_refused()
    assert party.op.calls(KEYS_PATH) == 6


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


@pytest.mark.parametrize("keys", [{}, {"keys": [{"kty": "EC"}]}])
def test_a41b_no_usable_key(party: RelyingParty, keys: object) -> None:
    party.op.bent[KEYS_PATH] = lambda to: to.send_json(keys)
    party.is_refused()
