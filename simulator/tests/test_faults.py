"""Misbehaviour on request: in one login, and in no other."""

from typing import Any

import pytest

from simulator import faults
from simulator.tests.conftest import Provider, decoded


@pytest.mark.parametrize("error", [*faults.REDIRECT_ERRORS, "never_seen_before"])
def test_login_can_end_with_any_error(provider: Provider, error: str) -> None:
    answer = provider.log_in(faults={"error": error})
    assert answer["error"] == error
    assert answer["error_description"]
    assert "code" not in answer


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ({"status": 503, "body": {"error": "temporarily_unavailable"}}, 503, '{"error": "temporarily_unavailable"}'),
        ({"status": 200, "body": "<h1>Hello</h1>"}, 200, "<h1>Hello</h1>"),
        ({"status": 200, "body": []}, 200, "[]"),
        ({}, 500, '{"error": "server_error"}'),
    ],
)
def test_answers_can_be_replaced(provider: Provider, fault: dict[str, Any], status: int, body: str) -> None:
    token = provider.exchange(provider.log_in(faults={"token": fault})["code"])
    assert (token.status_code, token.text) == (status, body)
    access_token = provider.tokens(faults={"userinfo": fault})["access_token"]
    userinfo = provider.userinfo(access_token)
    assert (userinfo.status_code, userinfo.text) == (status, body)


def test_claims_can_be_replaced_and_taken_away(provider: Provider) -> None:
    bent = {"id_token": {"aud": ["other"], "nonce": None}, "claims": {"sub": "somebody-else", "name": None}}
    tokens = provider.tokens(faults=bent)
    identity = decoded(tokens["id_token"])
    assert identity["aud"] == ["other"]
    assert "nonce" not in identity
    userinfo = provider.userinfo(tokens["access_token"]).json or {}
    assert userinfo["sub"] == "somebody-else"
    assert "name" not in userinfo
    assert userinfo["given_name"] == "Kari Sandvik"


def test_fault_belongs_to_one_login(provider: Provider) -> None:
    provider.log_in(faults={"error": "server_error", "token": {"status": 500}, "claims": {"sub": "x"}})
    assert provider.claims()["sub"] != "x"


def test_faulty_token_answer_still_uses_the_code_up(provider: Provider) -> None:
    code = provider.log_in(faults={"token": {"status": 500}})["code"]
    assert provider.exchange(code).status_code == 500
    assert provider.exchange(code).status_code == 400
