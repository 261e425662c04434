"""Faults: error redirects, replaced answers, replaced claims."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from .. import faults
from .conftest import ACCESS, Provider, decoded


@pytest.mark.parametrize("error", ["server_error", "never_seen_before"])
def test_login_can_end_with_any_error(provider: Provider, error: str) -> None:
    answer = provider.log_in(faults={"error": error})
    assert answer["error"] == error
    assert answer["error_description"]
    assert "code" not in answer


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"status": 503, "body": {"error": "temporarily_unavailable"}}, 503, '{"error": "temporarily_unavailable"}'),
        ({"status": 200, "body": "<h1>Hello</h1>"}, 200, "<h1>Hello</h1>"), ({"status": 200, "body": []}, 200, "[]"),
        ({}, 500, '{"error": "server_error"}'),
    ],
)  # fmt: skip
def test_answers_can_be_replaced(provider: Provider, fault: dict[str, Any], status: int, body: str) -> None:
    token = provider.exchange(provider.log_in(faults={"token": fault})["code"])
    assert (token.status_code, token.text) == (status, body)
    access_token = provider.tokens(faults={"userinfo": fault})["access_token"]
    userinfo = provider.userinfo(access_token)
    assert (userinfo.status_code, userinfo.text) == (status, body)


def test_claims_can_be_replaced_and_removed(provider: Provider) -> None:
    replaced = {"id_token": {"aud": ["other"], "nonce": None}, "claims": {"sub": "another-subject", "name": None}}
    tokens = provider.tokens(faults=replaced)
    identity = decoded(tokens["id_token"])
    assert identity["aud"] == ["other"]
    assert "nonce" not in identity
    userinfo = provider.userinfo(tokens["access_token"]).json or {}
    assert userinfo["sub"] == "another-subject"
    assert "name" not in userinfo
    assert userinfo["given_name"] == "Kari Sandvik"


def test_faulty_token_answer_still_marks_the_code_as_used(provider: Provider) -> None:
    code = provider.log_in(faults={"token": {"status": 500}})["code"]
    assert provider.exchange(code).status_code == 500
    assert provider.exchange(code).status_code == 400


def verifies(provider: Provider, token: str) -> bool:
    """Tell whether a careful client accepts the signature of an ID token."""
    keys = provider.client.get(f"{ACCESS}/.well-known/jwks.json").json
    try:
        jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"])
    except (JoseError, ValueError):
        return False
    return True


@pytest.mark.parametrize("flaw", [name for name in faults.SIGNATURES if name not in ("new_key", "no_kid")])
def test_each_flaw_of_a_signature_makes_the_token_invalid(provider: Provider, flaw: str) -> None:
    assert not verifies(provider, provider.tokens(faults={"signature": flaw})["id_token"])


@pytest.mark.parametrize("flaw", ["", "new_key", "no_kid"])
def test_other_signatures_are_valid(provider: Provider, flaw: str) -> None:
    assert verifies(provider, provider.tokens(faults={"signature": flaw} if flaw else {})["id_token"])


@pytest.mark.parametrize(
    ("flaw", "header"),
    [
        ("same_kid", {"alg": "RS256"}), ("none_mixed_case", {"alg": "nOnE"}), ("hmac_secret", {"alg": "HS256"}),
        ("crit", {"crit": ["urn:example:unknown"]}), ("jku", {"jku": "http://localhost:9/keys.json"}),
    ],
)  # fmt: skip
def test_a_flaw_is_in_the_header(provider: Provider, flaw: str, header: dict[str, Any]) -> None:
    published = provider.client.get(f"{ACCESS}/.well-known/jwks.json").json["keys"][0]["kid"]
    found = decoded(provider.tokens(faults={"signature": flaw})["id_token"], 0)
    assert header.items() <= found.items()
    assert (found.get("kid") == published) is (flaw in ("same_kid", "hmac_secret", "crit"))


def test_members_of_the_token_response_can_be_replaced(provider: Provider) -> None:
    body = provider.tokens(faults={"token_response": {"id_token": None, "token_type": "mac"}})
    assert "id_token" not in body
    assert body["token_type"] == "mac"
    assert body["access_token"]


def test_the_right_answer_can_be_filled_up(provider: Provider) -> None:
    answer = provider.exchange(provider.log_in(faults={"token": {"real": True, "filler": 9000}})["code"])
    assert (answer.status_code, answer.json["token_type"]) == (200, "bearer")
    assert len(answer.text) > 9000
    access_token = provider.tokens(faults={"userinfo": {"real": True, "filler": 9000}})["access_token"]
    assert provider.userinfo(access_token).text.startswith(" " * 9000 + '{"sub"')


@pytest.mark.parametrize(("careless", "status"), [(True, 200), (False, 400)])
def test_a_careless_token_endpoint_ignores_the_verifier(provider: Provider, careless: bool, status: int) -> None:
    answer = provider.exchange(provider.log_in(faults={"careless": careless})["code"], code_verifier="x" * 43)
    assert answer.status_code == status


def test_the_discovery_document_and_the_key_set_fail_until_it_ends(provider: Provider) -> None:
    document, keys = f"{ACCESS}/.well-known/openid-configuration", f"{ACCESS}/.well-known/jwks.json"
    moved = {"discovery": {"members": {"token_endpoint": "https://moved.example/token"}}, "jwks": {"status": 503}}
    assert provider.client.put("/control/faults", json=moved).status_code == 200
    assert provider.client.get(document).json["token_endpoint"] == "https://moved.example/token"
    assert provider.client.get(document).json["issuer"].endswith(f"{ACCESS}/")
    assert provider.client.get(keys).status_code == 503
    provider.client.put("/control/faults", json={"discovery": {"status": 502, "body": "<h1>Bad Gateway</h1>"}})
    assert (provider.client.get(document).status_code, provider.client.get(keys).status_code) == (502, 200)
    provider.client.post("/control/reset", json={})
    assert provider.client.get(document).status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"token": {}}, {"jwks": []}, {"jwks": {"members": {}, "status": 500}}, {"jwks": {"x": 1}}]
)
def test_faults_of_other_endpoints_are_refused(provider: Provider, wrong: dict[str, Any]) -> None:
    assert provider.client.put("/control/faults", json=wrong).status_code == 400
