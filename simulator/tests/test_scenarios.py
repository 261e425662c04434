"""Scenarios by name: each affects only the login that requests it; and the faults that they consist of."""

import http.client
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from .. import faults
from ..authorization import Refusal
from ..scenarios import SCENARIOS
from .conftest import ACCESS, Provider, Visitor, basic, decoded
from .servers import served

Visit = Callable[..., Visitor]


def asked(name: str) -> dict[str, Any]:
    """Return an authorization request with a scenario."""
    return {"simulate": name, "scope": "openid name phoneNumber"}


def key_set(provider: Provider) -> KeySet:
    """Return the published keys."""
    return KeySet.import_key_set(provider.client.get(f"{ACCESS}/.well-known/jwks.json").json)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_is_valid_and_affects_one_login(provider: Provider, name: str) -> None:
    scenario = SCENARIOS[name]
    faults.check(scenario.faults)
    assert bool(scenario.faults) != bool(scenario.refusal)
    if scenario.refusal:
        assert scenario.refusal in list(Refusal)
        response = provider.authorize(**asked(name))
        assert response.status_code == 400
        assert "Location" not in response.headers
    else:
        provider.log_in(request=asked(name))
    assert provider.claims(request={"scope": "openid name"})["name"]


@pytest.mark.parametrize("name", ["", "unheard-of", "<b>"])
def test_unknown_name_has_no_effect(provider: Provider, name: str) -> None:
    """OpenID Connect Core section 3.1.2.1: unknown parameters are ignored."""
    assert provider.claims(request=asked(name))["name"]


def test_screens_lead_to_the_scenario_too(visit: Visit) -> None:
    visitor = visit(**asked("temporarily_unavailable")).choose("ola").press("consent")
    assert visitor.callback["error"] == "temporarily_unavailable"


def test_scripted_login_says_why_there_is_no_callback(provider: Provider) -> None:
    body = {"authorization_url": provider.url(**asked("client_unknown"))}
    response = provider.client.post("/control/authorize", json=body)
    assert (response.status_code, "client_unknown" in response.text) == (400, True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("state_wrong", {"code", "scope", "state"}), ("state_missing", {"code", "scope"}),
        ("code_missing", {"scope", "state"}), ("issuer_wrong", {"code", "scope", "state", "iss"}),
    ],
)  # fmt: skip
def test_redirect_back_can_be_wrong(provider: Provider, name: str, expected: set[str]) -> None:
    answer = provider.log_in(request=asked(name))
    assert set(answer) == expected
    assert (answer.get("state") == "a-state-of-the-merchant") == (name in ("code_missing", "issuer_wrong"))


def test_redirect_back_can_have_two_codes(visit: Visit) -> None:
    visitor = visit(**asked("code_twice")).choose("ola").press("consent")
    assert visitor.location.count("code=") == 2


def test_redirect_back_keeps_the_query_that_is_registered(provider: Provider) -> None:
    answer = provider.log_in(request={**asked("issuer_wrong"), "redirect_uri": "http://localhost:5000/other?kept=yes"})
    assert (answer["kept"], answer["iss"]) == ("yes", "https://evil.example")


@pytest.mark.parametrize("name", ["signature_wrong", "algorithm_hmac", "key_unknown", "algorithm_none"])
def test_wrong_signature_fails_verification(provider: Provider, name: str) -> None:
    token = provider.tokens(request=asked(name))["id_token"]
    assert decoded(token)["sub"]
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(token, key_set(provider), algorithms=["RS256"])


def test_token_of_a_new_key_verifies_after_fetching_the_keys_again(provider: Provider) -> None:
    before = key_set(provider)
    token = provider.tokens(request=asked("key_rotated"))["id_token"]
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(token, before, algorithms=["RS256"])
    assert jwt.decode(token, key_set(provider), algorithms=["RS256"]).claims["sub"]


def test_token_without_an_algorithm_says_none_and_has_no_signature(provider: Provider) -> None:
    token = provider.tokens(request=asked("algorithm_none"))["id_token"]
    assert (decoded(token, 0), token[-1]) == ({"alg": "none"}, ".")


def test_scopes_are_dropped_silently(provider: Provider) -> None:
    """Login API guide, scopes: scopes outside the product plan are left out."""
    tokens = provider.tokens(request=asked("scope_dropped"))
    assert tokens["scope"] == "openid"
    assert set(provider.userinfo(tokens["access_token"]).json or {}) == {"sub", "sid"}


def test_answer_can_be_late_endless_elsewhere_or_of_another_kind(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("simulator.protocol.time.sleep", waited.append)
    late = provider.exchange(provider.log_in(request=asked("token_slow"))["code"])
    assert (waited, late.status_code) == ([8], 500)
    page = provider.exchange(provider.log_in(request=asked("token_html"))["code"])
    assert (page.status_code, page.mimetype) == (200, "text/html")
    away = provider.exchange(provider.log_in(request=asked("token_redirect"))["code"])
    assert (away.status_code, away.headers["Location"]) == (307, "https://evil.example/token")
    endless = provider.exchange(provider.log_in(request=asked("token_endless"))["code"])
    assert len(endless.data) > 4 * 1024 * 1024


@pytest.mark.parametrize("name", ["token_cut", "token_down"])
def test_connection_is_cut_in_or_before_the_answer(simulator: Flask, provider: Provider, name: str) -> None:
    code = provider.log_in(request=asked(name))["code"]
    with served(simulator) as origin:
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(origin).port or 0, timeout=5)
        form = f"grant_type=authorization_code&code={code}&redirect_uri=http%3A%2F%2Flocalhost%3A5000%2Fcallback"
        form += "&code_verifier=a-verifier-that-is-as-long-as-rfc-7636-wants-it-to-be"
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        credentials = basic(provider.unit.client_id, provider.unit.client_secret)
        connection.request("POST", f"{ACCESS}/oauth2/token", form, {**kind, **credentials})
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            connection.getresponse().read()
        connection.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": {"delay": 31}}, {"token": {"delay": -1}}, {"token": {"delay": True}}, {"token": {"filler": 10**9}},
        {"token": {"status": "500"}}, {"userinfo": {"unheard-of": 1}}, {"signature": "by hand"},
        {"callback": "by pigeon"}, {"without_scopes": "name"}, {"fire": True},
    ],
)  # fmt: skip
def test_impossible_fault_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="faults"):
        faults.check(wrong)
