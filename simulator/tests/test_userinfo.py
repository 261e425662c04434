"""Userinfo: only with a fresh bearer token, only what was granted, and consents only at the login that gave them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from .conftest import Provider, decoded

ALL = "openid name phoneNumber email address birthDate gender nin"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def assert_problem(response: Any) -> None:
    """Check the documented error body."""
    assert response.status_code == 401
    assert set(response.json) == {"type", "title", "status", "detail", "instance", "extraInfo"}
    assert response.json["status"] == "401"
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_bearer_token_opens_it_with_and_without_slash(provider: Provider) -> None:
    token = provider.tokens()["access_token"]
    for path in ("/vipps-userinfo-api/userinfo", "/vipps-userinfo-api/userinfo/"):
        response = provider.client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/json;charset=UTF-8"
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("authorization", ["", "{}", "Basic {}", "Bearer", "Bearer unknown.token", "Bearer {}x"])
def test_invalid_authorization_header_is_refused(provider: Provider, authorization: str) -> None:
    token = provider.tokens()["access_token"]
    headers = {"Authorization": authorization.format(token)}
    assert_problem(provider.client.get("/vipps-userinfo-api/userinfo", headers=headers))


def test_token_in_the_url_is_refused(provider: Provider) -> None:
    token = provider.tokens()["access_token"]
    assert_problem(provider.client.get(f"/vipps-userinfo-api/userinfo?access_token={token}"))


def test_subscription_key_is_refused(provider: Provider) -> None:
    """Login API guide: userinfo lies outside the subscription."""
    token = provider.tokens()["access_token"]
    assert_problem(provider.userinfo(token, **{"Ocp-Apim-Subscription-Key": "any"}))


def test_token_is_good_for_ten_minutes(provider: Provider) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        token = provider.tokens()["access_token"]
        clock.shift(timedelta(seconds=599))
        assert provider.userinfo(token).status_code == 200
        clock.shift(timedelta(seconds=2))
        assert_problem(provider.userinfo(token))


def test_openid_alone_tells_only_who(provider: Provider) -> None:
    assert set(provider.claims(request={"scope": "openid"})) == {"sub", "sid"}


@pytest.mark.parametrize(
    ("scope", "claims"),
    [
        ("name", {"name", "given_name", "family_name"}), ("phoneNumber", {"phone_number", "phone_number_verified"}),
        ("email", {"email", "email_verified"}), ("address", {"address", "other_addresses"}),
        ("birthDate", {"birthdate"}), ("gender", {"gender"}), ("nin", {"nin"}),
    ],
)  # fmt: skip
def test_each_scope_brings_its_claims(advanced: Provider, scope: str, claims: set[str]) -> None:
    assert set(advanced.claims(request={"scope": f"openid {scope}"})) == {"sub", "sid"} | claims


def test_scope_outside_the_plan_is_dropped_without_an_error(provider: Provider, advanced: Provider) -> None:
    """Login API guide: product plans."""
    outside = {"birthdate", "gender", "nin"}
    assert not outside & set(provider.claims(request={"scope": ALL}))
    assert outside <= set(advanced.claims(request={"scope": ALL}))


def test_subject_is_that_of_the_id_token(provider: Provider) -> None:
    tokens = provider.tokens()
    userinfo = provider.userinfo(tokens["access_token"]).json or {}
    identity = decoded(tokens["id_token"])
    assert (userinfo["sub"], userinfo["sid"]) == (identity["sub"], identity["sid"])


def test_person_without_address_has_one_of_empty_strings(provider: Provider) -> None:
    claims = provider.claims("ola")
    assert set(claims["address"].values()) == {""}
    assert claims["address"].keys() == provider.claims("kari")["address"].keys()
    assert claims["other_addresses"] == []


def test_first_address_is_the_default_and_a_unit_follows_on_its_own_line(provider: Provider) -> None:
    claims = provider.claims("kari")
    assert claims["address"]["street_address"] == "Fjordveien 12\nUnit B5"
    assert claims["address"]["formatted"] == "Fjordveien 12\nUnit B5\n5003\nBERGEN\nNO"
    assert [each["address_type"] for each in claims["other_addresses"]] == ["work"]
    assert len(provider.claims("torbjorn")["other_addresses"]) == 2


def test_letters_go_over_the_wire_as_they_are(provider: Provider) -> None:
    response = provider.userinfo(provider.tokens("anne")["access_token"])
    assert "Ánne Márjá Ođđajohka Eira" in response.text
    assert "PORSÁŊGU" in response.text


def test_missing_data_is_a_missing_claim(provider: Provider, advanced: Provider) -> None:
    assert not {"email", "email_verified"} & set(provider.claims("gunnar"))
    assert "nin" not in advanced.claims("ola", {"scope": "openid nin"})


def test_unverified_email_says_so(provider: Provider) -> None:
    assert provider.claims("jonas")["email_verified"] is False
    assert decoded(provider.tokens("jonas")["id_token"])["email_verified"] is False


def test_phone_number_is_digits_with_country_code(provider: Provider) -> None:
    numbers = {key: provider.claims(key)["phone_number"] for key in ("kari", "soren", "paivi", "asa", "malik")}
    assert all(number.isdecimal() for number in numbers.values())
    assert [number[:3] for number in numbers.values()] == ["479", "452", "358", "467", "299"]
    assert len(numbers["malik"]) == len("299") + 6


def test_delegated_consents_come_once(provider: Provider) -> None:
    """Login API changelog, March 2025: answers are remembered, and the object is absent from then on."""
    asked = {"scope": "openid delegatedConsents"}
    token = provider.tokens(request=asked, consents={"email": True, "sms": False})["access_token"]
    for _ in range(2):  # the same token returns the same claims each time
        consents = (provider.userinfo(token).json or {})["delegatedConsents"]["consents"]
        assert {each["id"]: each["accepted"] for each in consents} == {
            "email": True, "sms": False, "digital": False, "personal": False,
        }  # fmt: skip
    assert "delegatedConsents" not in provider.claims(request=asked)


def test_new_version_of_the_consents_is_asked_again(provider: Provider) -> None:
    asked = {"scope": "openid delegatedConsents"}
    provider.claims(request=asked)
    assert "delegatedConsents" not in provider.claims(request=asked)
    config = provider.control("merchants")["merchants"]
    mine = next(unit for unit in config if unit["client_id"] == provider.unit.client_id)["delegated_consents"]
    changed = {"delegated_consents": {**mine, "version": 2}}
    provider.control(f"merchants/{provider.unit.client_id}", changed, "PATCH")
    assert "delegatedConsents" in provider.claims(request=asked)


def test_custom_flow_comes_once_as_flow_result(provider: Provider) -> None:
    """Login API guide: custom flow migration."""
    asked = {"scope": "openid customFlow"}
    result = provider.claims(request=asked, consents={"sms": True}, language="sv")["flowResult"]
    assert result["language"] == "SV"
    elements = [element for screen in result["screens"] for element in screen["elements"]]
    ticked = {each["id"]: each["checked"] for each in elements}
    assert ticked == {"cf_accept_terms": True, "email": False, "sms": True, "personal": False}
    assert elements[0]["title"] == "Jag godkänner villkoren"
    assert "flowResult" not in provider.claims(request=asked)


def test_unit_without_a_consents_screen_gets_no_consents(provider: Provider) -> None:
    provider.control(f"merchants/{provider.unit.client_id}", {"delegated_consents": None, "custom_flow": None}, "PATCH")
    assert set(provider.claims(request={"scope": "openid delegatedConsents customFlow"})) == {"sub", "sid"}


def test_time_of_consent_is_utc_in_whole_seconds(provider: Provider) -> None:
    with time_machine.travel(NOON, tick=False):
        claims = provider.claims(request={"scope": "openid delegatedConsents"})
    assert claims["delegatedConsents"]["timeOfConsent"] == "2026-11-22T12:00:00Z"
