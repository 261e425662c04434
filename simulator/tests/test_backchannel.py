"""Merchant-initiated login: the request, the phone, polling, pings and their faults."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ..backchannel import GRANT_TYPE
from ..pings import signature
from ..testing import ADVANCED_MERCHANT, BASIC_MERCHANT
from .conftest import Provider, Visitor, basic, decoded
from .phone_steps import phone, words
from .receiving import receiving

PATH = "/vipps-login-ciba/api"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def kari(provider: Provider) -> str:
    """Return the login hint of Kari."""
    numbers = {each["key"]: each["phone_numbers"][0] for each in provider.control("persons")["persons"]}
    return f"urn:msisdn:{numbers['kari']}"


@pytest.fixture
def start(provider: Provider, kari: str) -> Callable[..., TestResponse]:
    """Return a function that sends a merchant's request for a login by Kari."""

    def send(unit: Any = BASIC_MERCHANT, **changes: Any) -> TestResponse:
        form = {"scope": "openid name phoneNumber", "login_hint": kari, "binding_message": "4MZ-CQ3", **changes}
        sent = {name: value for name, value in form.items() if value is not None}
        headers = basic(unit.client_id, unit.client_secret)
        return provider.client.post(f"{PATH}/backchannel/authentication", data=sent, headers=headers)

    return send


def ask(provider: Provider, auth_req_id: str, headers: dict[str, str] | None = None) -> TestResponse:
    """Send the token request."""
    return provider.exchange("", headers, code=None, grant_type=GRANT_TYPE, auth_req_id=auth_req_id)


def answer(provider: Provider, **body: Any) -> None:
    """Answer on Kari's phone."""
    assert provider.control("persons/kari/answer", body) == {"answered": True}


def test_discovery_names_the_endpoint(provider: Provider) -> None:
    document = provider.client.get("/access-management-1.0/access/.well-known/openid-configuration").json or {}
    assert document["backchannel_authentication_endpoint"].endswith(f"{PATH}/backchannel/authentication")
    assert document["backchannel_token_delivery_modes_supported"] == ["poll"]


def test_person_confirms_on_the_phone_and_the_merchant_gets_tokens_once(
    browser: FlaskClient, provider: Provider, start: Callable[..., TestResponse]
) -> None:
    asked = start(nonce="a-nonce").json or {}
    assert set(asked) == {"auth_req_id", "expires_in", "interval"}
    assert (asked["expires_in"], asked["interval"]) == (600, 5)
    pending = ask(provider, asked["auth_req_id"])
    assert (pending.status_code, (pending.json or {})["error"]) == (400, "authorization_pending")

    visitor = Visitor(browser, phone(browser, "kari").response)
    assert words(visitor.page.one(".binding")) == "4MZ-CQ3"
    visitor.press("open")
    assert visitor.page.h1 == "Share with Testbutikken"
    assert not visitor.page.select(".steps")
    visitor.press("consent")
    assert "You are logged in at Testbutikken." in visitor.page.text

    granted = ask(provider, asked["auth_req_id"])
    body = granted.json or {}
    assert body["access_token"].startswith("ciba.")
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
    claims = decoded(body["id_token"])
    assert (claims["auth_req_id"], claims["nonce"]) == (asked["auth_req_id"], "a-nonce")
    assert (provider.userinfo(body["access_token"]).json or {})["sub"] == claims["sub"]
    again = ask(provider, asked["auth_req_id"])
    assert (again.status_code, (again.json or {})["error"]) == (400, "invalid_grant")


def test_new_email_address_is_verified_on_the_phone(
    browser: FlaskClient, provider: Provider, start: Callable[..., TestResponse]
) -> None:
    asked = start(scope="openid email").json or {}
    visitor = Visitor(browser, phone(browser, "kari").response)
    for button in ("open", "email", "consent"):
        visitor.press(button)
    assert ask(provider, asked["auth_req_id"]).status_code == 200


def test_subject_is_that_of_a_login_in_the_browser(provider: Provider, start: Callable[..., TestResponse]) -> None:
    asked = start().json or {}
    answer(provider)
    claims = decoded((ask(provider, asked["auth_req_id"]).json or {})["id_token"])
    assert claims["sub"] == provider.claims("kari")["sub"]


def test_consents_are_asked_for_on_the_phone(provider: Provider, start: Callable[..., TestResponse]) -> None:
    asked = start(scope="openid name delegatedConsents").json or {}
    answer(provider, consents={"sms": True})
    token = (ask(provider, asked["auth_req_id"]).json or {})["access_token"]
    given = (provider.userinfo(token).json or {})["delegatedConsents"]["consents"]
    assert {each["id"]: each["accepted"] for each in given}["sms"] is True


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"login_hint": None}, 400, "invalid_request"),
        ({"login_hint": "kari"}, 400, "invalid_request"),
        ({"login_hint": "urn:mobilenumber:90000101"}, 400, "invalid_request"),
        ({"login_hint": "urn:msisdn:4799999999"}, 400, "unknown_user_id"),
        ({"scope": "name"}, 400, "invalid_scope"),
        ({"scope": None}, 400, "invalid_scope"),
        ({"binding_message": "tooshort"}, 400, "invalid_binding_message"),
        ({"binding_message": "A-1"}, 400, "invalid_binding_message"),
        ({"binding_message": "LONGER-THAN-8"}, 400, "invalid_binding_message"),
        ({"requested_expiry": "59"}, 400, "invalid_request"),
        ({"requested_expiry": "901"}, 400, "invalid_request"),
        ({"requested_expiry": "soon"}, 400, "invalid_request"),
        ({"requested_expiry": "60"}, 200, None),
        ({"requested_expiry": "900", "binding_message": None}, 200, None),
        ({"requested_flow": "login_to_webpage", "redirect_uri": "https://a.test/"}, 400, "invalid_request"),
        ({"scope": ["openid", "openid"]}, 400, "invalid_request"),
        ({"simulate": "outdated_app_version"}, 400, "access_denied"),
    ],
)
def test_request_is_checked(
    start: Callable[..., TestResponse], changes: dict[str, Any], status: int, error: str | None
) -> None:
    response = start(**changes)
    assert (response.status_code, (response.json or {}).get("error")) == (status, error)


@pytest.mark.parametrize(
    ("person", "changes", "code"),
    [("kari", {"birthdate": "2015-01-01"}, "invalid_user"), ("kari", {"simulate": "outdated_app_version"}, "old_app")],
)
def test_person_who_cannot_log_in_is_named(
    provider: Provider, start: Callable[..., TestResponse], person: str, changes: dict[str, Any], code: str
) -> None:
    provider.control(f"persons/{person}", changes, method="PATCH")
    assert (start().json or {})["error_code"] == code


def test_client_must_authenticate_at_both_endpoints(provider: Provider, kari: str) -> None:
    for path in ("backchannel/authentication", "v1/user-exists"):
        response = provider.client.post(f"{PATH}/{path}", data={"login_hint": kari, "scope": "openid"})
        assert (response.status_code, (response.json or {})["error"]) == (401, "invalid_client")


def test_merchant_can_ask_whether_a_user_exists(provider: Provider, kari: str) -> None:
    headers = basic(BASIC_MERCHANT.client_id, BASIC_MERCHANT.client_secret)
    for hint, exists in ((kari, True), ("urn:msisdn:4799999999", False)):
        response = provider.client.post(f"{PATH}/v1/user-exists", data={"login_hint": hint}, headers=headers)
        assert response.json == {"exists": exists}


def test_too_many_requests_to_one_person_have_to_wait(start: Callable[..., TestResponse]) -> None:
    assert [start().status_code for _ in range(4)] == [200, 200, 200, 429]
    assert start().headers["Retry-After"] == "30"


def test_client_that_polls_too_fast_is_slowed_down(provider: Provider, start: Callable[..., TestResponse]) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        auth_req_id = (start().json or {})["auth_req_id"]
        seen = []
        for seconds in (0, 4, 9, 10):  # the interval is 10 seconds after the second poll, 15 after the third
            clock.shift(timedelta(seconds=seconds))
            seen.append((ask(provider, auth_req_id).json or {})["error"])
        assert seen == ["authorization_pending", "slow_down", "slow_down", "slow_down"]
        clock.shift(timedelta(seconds=20))
        assert (ask(provider, auth_req_id).json or {})["error"] == "authorization_pending"
        answer(provider)
        assert ask(provider, auth_req_id).status_code == 200  # the result itself is not delayed


def test_request_expires_on_the_phone_and_at_the_token_endpoint(
    browser: FlaskClient, provider: Provider, start: Callable[..., TestResponse]
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        auth_req_id = (start(requested_expiry="60").json or {})["auth_req_id"]
        visitor = Visitor(browser, phone(browser, "kari").response)
        visitor.press("open")
        clock.shift(timedelta(seconds=61))
        assert (ask(provider, auth_req_id).json or {})["error"] == "expired_token"
        assert not phone(browser, "kari").page.select(".binding")
        visitor.press("consent")
        assert visitor.response.status_code == 400


@pytest.mark.parametrize(
    ("body", "error"),
    [({"action": "deny"}, "access_denied"), ({"action": "error", "error": "server_error"}, "server_error")],
)
def test_error_of_the_person_reaches_the_merchant(
    provider: Provider, start: Callable[..., TestResponse], body: dict[str, str], error: str
) -> None:
    auth_req_id = (start().json or {})["auth_req_id"]
    answer(provider, **body)
    assert (ask(provider, auth_req_id).json or {})["error"] == error


def test_person_declines_on_the_phone(
    browser: FlaskClient, provider: Provider, start: Callable[..., TestResponse]
) -> None:
    auth_req_id = (start().json or {})["auth_req_id"]
    visitor = Visitor(browser, phone(browser, "kari").response).press("decline")
    assert "You declined. Testbutikken gets nothing." in visitor.page.text
    assert (ask(provider, auth_req_id).json or {})["error"] == "access_denied"


def test_person_cancels_on_the_screens(
    browser: FlaskClient, provider: Provider, start: Callable[..., TestResponse]
) -> None:
    auth_req_id = (start().json or {})["auth_req_id"]
    Visitor(browser, phone(browser, "kari").response).press("open").press("cancel")
    assert (ask(provider, auth_req_id).json or {})["error"] == "access_denied"


def test_another_client_gets_nothing(provider: Provider, start: Callable[..., TestResponse]) -> None:
    auth_req_id = (start().json or {})["auth_req_id"]
    answer(provider)
    headers = basic(ADVANCED_MERCHANT.client_id, ADVANCED_MERCHANT.client_secret)
    for response in (ask(provider, auth_req_id, headers), ask(provider, "unknown")):
        assert (response.status_code, (response.json or {})["error"]) == (400, "invalid_grant")
    assert (ask(provider, "").json or {})["error"] == "invalid_request"
    assert ask(provider, auth_req_id).status_code == 200


def test_phone_shows_only_its_own_requests(browser: FlaskClient, start: Callable[..., TestResponse]) -> None:
    start()
    action = str(phone(browser, "kari").page.one('form[action$="/open"]')["action"])
    assert not phone(browser, "ola").page.select(".binding")
    page = phone(browser, "kari").page
    token = str(page.select("input[name=csrf_token]")[0]["value"])
    response = browser.post(action.replace("/kari/", "/ola/"), data={"csrf_token": token})
    assert "/login/" not in response.headers["Location"]


@pytest.mark.parametrize(
    ("simulate", "sees"),
    [
        ("nonce_wrong", lambda body: decoded(body["id_token"])["nonce"] != "a-nonce"),
        ("token_500", lambda body: "id_token" not in body),
    ],
)
def test_faults_are_those_of_every_login(
    provider: Provider, start: Callable[..., TestResponse], simulate: str, sees: Callable[[Any], bool]
) -> None:
    auth_req_id = (start(nonce="a-nonce", simulate=simulate).json or {})["auth_req_id"]
    answer(provider)
    assert sees(ask(provider, auth_req_id).json)


def test_answer_without_a_request_is_a_bad_request(provider: Provider) -> None:
    assert provider.client.post("/control/persons/kari/answer", json={}).status_code == 400


def test_signature_is_that_of_the_documented_sample() -> None:
    secret = "A0+AeKBRG2KRGvnNwJpQlb6IJFk48CKXCIcrLoHncVJKDILsQSxS6NWCccwWm6r6FhGKhiHTBsG2wo/xU6FY/A=="
    headers = signature(
        secret,
        "https://webhook.site/e2cee29b-012e-4f1d-8ef4-e95fd74a7a63",
        b'{"some-unique-content":"ee6e441b-cc4a-46f8-895d-a5af79bcc233/hello-world"}',
        datetime(2023, 3, 30, 8, 38, 32, tzinfo=UTC),
    )
    assert headers["x-ms-content-sha256"] == "lNlsp1XA03N34HrQsVzPgJKtC+r7l/RBF4V3JQUWMj4="
    assert headers["Authorization"].endswith("&Signature=agAiSyogQbDHpeucoNwYz+yAr5nJ+v+zasdkSbqzv+U=")


@pytest.mark.parametrize("buttons", [("open", "consent"), ("decline",), ("open", "cancel")])
def test_merchant_is_pinged_once(
    browser: FlaskClient, provider: Provider, start: Callable[..., TestResponse], buttons: tuple[str, ...]
) -> None:
    with receiving() as receiver:
        uris = [*BASIC_MERCHANT.redirect_uris, receiver.url]
        changes = {"ping_url": receiver.url, "redirect_uris": uris}
        provider.control(f"merchants/{BASIC_MERCHANT.client_id}", changes, method="PATCH")
        auth_req_id = (start().json or {})["auth_req_id"]
        visitor = Visitor(browser, phone(browser, "kari").response)
        for button in buttons:
            form = visitor.page.select(f'form[action$="/{button}"]')[0]
            visitor.press(button)
        token = str(form.select("input[name=csrf_token]")[0]["value"])
        assert browser.post(str(form["action"]), data={"csrf_token": token}).status_code == 303  # a double click
        assert receiver.received == [("/hook", "application/json", f'{{"auth_req_id": "{auth_req_id}"}}')]
    calls = provider.control("requests?endpoint=ping")["requests"]
    assert [each["status"] for each in calls if each["endpoint"] == "ping"] == [200]


def test_ping_without_an_answer_fails_no_page(
    provider: Provider, start: Callable[..., TestResponse], unused_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_port}/"
    changes = {"ping_url": url, "redirect_uris": [*BASIC_MERCHANT.redirect_uris, url]}
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", changes, method="PATCH")
    start()
    answer(provider)
    [call] = [each for each in provider.control("requests")["requests"] if each["endpoint"] == "ping"]
    assert (call["status"], call["error"]) == (0, "no answer")


def test_pings_go_only_to_the_origins_of_the_merchant(provider: Provider) -> None:
    body = {"ping_url": "https://elsewhere.example/ping"}
    assert provider.client.patch(f"/control/merchants/{BASIC_MERCHANT.client_id}", json=body).status_code == 400
