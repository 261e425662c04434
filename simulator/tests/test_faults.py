"""Faults: error redirects, replaced answers, replaced claims."""

from typing import Any

import pytest

from .conftest import Provider, decoded


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
