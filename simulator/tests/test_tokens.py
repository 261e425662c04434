"""The token endpoint: codes work once, for one client, with the right redirect URI and verifier, for two minutes."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from .conftest import ACCESS, Provider, basic, decoded

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_good_code_brings_tokens(provider: Provider) -> None:
    response = provider.exchange(provider.log_in()["code"])
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json
    assert response.json["token_type"] == "bearer"
    assert response.json["expires_in"] == 3599
    assert len(response.json["access_token"].split(".")) == 2
    assert "refresh_token" not in response.json


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"), ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 400, "unauthorized_client"),
        ({"redirect_uri": None}, 400, "invalid_request"),
        ({"redirect_uri": "http://localhost:5000/callback/"}, 400, "invalid_grant"),
        ({"code_verifier": None}, 400, "invalid_grant"),
        ({"code_verifier": "another-verifier-that-is-quite-as-long-as-the-first"}, 400, "invalid_grant"),
        ({"code_verifier": "a-verifier-that-is-as-long-as-rfc-7636-wants-it-to-b\u00e9"}, 400, "invalid_grant"),
    ],
)  # fmt: skip
def test_wrong_request_is_refused_and_the_code_stays_good(
    provider: Provider, changes: dict[str, Any], status: int, error: str
) -> None:
    code = provider.log_in()["code"]
    refused = provider.exchange(code, **changes)
    assert (refused.status_code, (refused.json or {})["error"]) == (status, error)
    assert provider.exchange(code).status_code == 200


def test_missing_or_unknown_code_is_refused(provider: Provider) -> None:
    assert (provider.exchange("unknown").json or {})["error"] == "invalid_grant"
    assert (provider.exchange("", code=None).json or {})["error"] == "invalid_request"


def test_field_sent_twice_is_refused(provider: Provider) -> None:
    """RFC 6749 section 3.2."""
    code = provider.log_in()["code"]
    assert (provider.exchange(code, code=[code, code]).json or {})["error"] == "invalid_request"


def test_form_in_another_format_is_refused(provider: Provider) -> None:
    """RFC 6749 appendix B: urllib3's `fields` are sent as multipart."""
    code = provider.log_in()["code"]
    credentials = basic(provider.unit.client_id, provider.unit.client_secret)
    refused = provider.exchange(code, headers={**credentials, "Content-Type": "multipart/form-data"})
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_request")
    assert provider.exchange(code).status_code == 200


def test_second_use_is_refused_and_revokes_the_first_token(provider: Provider) -> None:
    """RFC 6749 section 4.1.2."""
    code = provider.log_in()["code"]
    first = provider.exchange(code).json or {}
    assert provider.userinfo(first["access_token"]).status_code == 200
    second = provider.exchange(code)
    assert (second.status_code, (second.json or {})["error"]) == (400, "invalid_grant")
    assert provider.userinfo(first["access_token"]).status_code == 401


def test_code_of_another_client_is_refused_and_its_token_left_alone(provider: Provider, advanced: Provider) -> None:
    code = provider.log_in()["code"]
    token = (provider.exchange(code).json or {})["access_token"]
    assert (advanced.exchange(code).json or {})["error"] == "invalid_grant"
    assert provider.userinfo(token).status_code == 200


def test_code_expires_after_two_minutes(provider: Provider) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        code, other = provider.log_in()["code"], provider.log_in()["code"]
        clock.shift(timedelta(seconds=119))
        assert provider.exchange(code).status_code == 200
        clock.shift(timedelta(seconds=2))
        assert (provider.exchange(other).json or {})["error"] == "invalid_grant"


def test_verifier_without_challenge_is_refused(provider: Provider) -> None:
    code = provider.log_in(request={"code_challenge": None, "code_challenge_method": None})["code"]
    assert (provider.exchange(code).json or {})["error"] == "invalid_grant"
    assert provider.exchange(code, code_verifier=None).status_code == 200


def test_of_two_requests_at_the_same_moment_one_succeeds(simulator: Flask, provider: Provider) -> None:
    code = provider.log_in()["code"]
    statuses: list[int] = []
    together = threading.Barrier(2)

    def exchange() -> None:
        together.wait()
        statuses.append(Provider(simulator.test_client()).exchange(code).status_code)

    threads = [threading.Thread(target=exchange) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 400]


def test_id_token_says_who_when_and_for_whom(provider: Provider) -> None:
    with time_machine.travel(NOON, tick=False):
        tokens = provider.tokens()
    claims = decoded(tokens["id_token"])
    assert claims["iss"] == f"http://localhost:8001{ACCESS}/"
    assert claims["aud"] == [provider.unit.client_id]
    assert claims["iat"] == NOON.timestamp()
    assert claims["exp"] == claims["iat"] + 3600
    assert claims["auth_time"] >= claims["rat"]
    assert claims["nonce"] == "a-nonce"
    assert claims["msn"] == "300001"
    assert (claims["email"], claims["email_verified"]) == ("kari.nordfjell@example.com", True)
    assert "acr" not in claims


def test_id_token_leaves_out_what_was_not_asked(provider: Provider) -> None:
    claims = decoded(provider.tokens(request={"scope": "openid", "nonce": None})["id_token"])
    assert claims["nonce"] == ""
    assert "email" not in claims


def test_subject_is_the_same_at_one_unit_and_another_at_the_next(provider: Provider, advanced: Provider) -> None:
    subjects = [decoded(each.tokens()["id_token"])["sub"] for each in (provider, provider, advanced)]
    assert subjects[0] == subjects[1] != subjects[2]


@pytest.mark.parametrize("values", ["urn:vipps:acr:app_auth", "urn:other urn:vipps:acr:app_auth"])
def test_acr_is_proof_of_app_confirmation_only_on_the_advanced_plan(
    provider: Provider, advanced: Provider, values: str
) -> None:
    """Login API guide: in-app confirmation."""
    asked = {"acr_values": values}
    assert decoded(advanced.tokens(request=asked)["id_token"])["acr"] == "urn:vipps:acr:app_auth"
    assert "acr" not in decoded(provider.tokens(request=asked)["id_token"])
    assert "acr" not in decoded(advanced.tokens()["id_token"])


def test_scope_names_what_was_granted(provider: Provider) -> None:
    assert provider.tokens(request={"scope": "openid name birthDate nin"})["scope"] == "openid name"


def test_revoked_token_is_refused(provider: Provider, advanced: Provider) -> None:
    """RFC 7009 section 2.1: only the client it was issued to may revoke a token."""
    token = provider.tokens()["access_token"]
    assert _revoke(advanced, token) == 200
    assert provider.userinfo(token).status_code == 200
    assert _revoke(provider, token) == _revoke(provider, "unknown") == 200
    assert provider.userinfo(token).status_code == 401


def test_token_endpoint_takes_no_get_and_no_cross_origin_call(provider: Provider) -> None:
    assert provider.client.get(f"{ACCESS}/oauth2/token").status_code == 405
    response = provider.exchange(provider.log_in()["code"])
    assert "Access-Control-Allow-Origin" not in response.headers


def _revoke(provider: Provider, token: str) -> int:
    from .conftest import basic

    unit = provider.unit
    credentials = basic(unit.client_id, unit.client_secret)
    return provider.client.post(f"{ACCESS}/oauth2/revoke", data={"token": token}, headers=credentials).status_code
