"""The control API: whole logins in one call, and the changes that tests need."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from ..control import bp
from ..testing import ADVANCED_MERCHANT, BASIC_MERCHANT, CALLBACK, ORIGIN, create_test_simulator
from .conftest import Provider, decoded
from .pages import check_page


def ask(provider: Provider, path: str, body: Any, method: str = "POST") -> TestResponse:
    """Call the control API; return the response of any status."""
    return provider.client.open(f"/control/{path}", method=method, json=body)


def test_page_describes_every_endpoint(provider: Provider) -> None:
    page = check_page(provider.client.get("/control/"))
    rules = [rule for rule in provider.client.application.url_map.iter_rules() if rule.endpoint.startswith("control.")]
    assert len(rules) > 10
    for rule in rules:
        method = next(iter((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        assert f"{method} {rule.rule}" in page.text or rule.rule == "/control/", rule.rule


def test_docstring_lists_every_endpoint(provider: Provider) -> None:
    from .. import control

    for rule in provider.client.application.url_map.iter_rules():
        if rule.endpoint.startswith(f"{bp.name}."):
            assert rule.rule in (control.__doc__ or "")


def test_approve_deny_and_error(provider: Provider) -> None:
    assert set(provider.log_in()) == {"code", "scope", "state"}
    assert provider.log_in(action="deny")["error"] == "access_denied"
    assert provider.log_in(action="error")["error"] == "server_error"
    assert provider.log_in(action="error", error="brand_new_code")["error"] == "brand_new_code"
    assert provider.log_in("emma")["error"] == "access_denied"


def test_required_consent_that_is_refused_ends_the_login(provider: Provider) -> None:
    answer = provider.log_in(request={"scope": "openid customFlow"}, consents={"cf_accept_terms": False})
    assert answer["error"] == "access_denied"


def test_faulty_request_leads_where_a_browser_would_be_sent(provider: Provider) -> None:
    assert provider.log_in(request={"state": "short"})["error"] == "invalid_state"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"client_id": "unknown"}, "client_unknown"), ({"redirect_uri": CALLBACK + "/"}, "redirect_uri_unregistered"),
        ({"state": "s" * 1000}, "502"),
    ],
)  # fmt: skip
def test_request_without_callback_is_a_bad_request(provider: Provider, changes: dict[str, str], words: str) -> None:
    response = ask(provider, "authorize", {"authorization_url": provider.url(**changes)})
    assert response.status_code == 400
    assert words in (response.json or {})["error"]


@pytest.mark.parametrize(
    "body",
    [
        {"authorization_url": "http://localhost:8001/"}, {"person": "unknown"}, {"person": ["kari"]},
        {"action": "shrug"}, {"language": "de"}, {"consents": ["email"]}, {"faults": {"unheard": "of"}},
        {"faults": {"error": 5}}, {"faults": {"token": {"status": "x"}}}, {"surprise": True},
    ],
)  # fmt: skip
def test_mistake_in_a_script_is_named(provider: Provider, body: dict[str, Any]) -> None:
    response = ask(provider, "authorize", {"authorization_url": provider.url(), **body})
    assert response.status_code == 400
    assert (response.json or {})["error"]


def test_changes_have_to_come_as_json(provider: Provider) -> None:
    """A web page of another origin cannot send JSON without a CORS preflight."""
    for path in ("reset", "keys/rotate", "authorize"):
        response = provider.client.post(f"/control/{path}", data="{}", content_type="text/plain")
        assert response.status_code == 415
        assert (response.json or {})["error"]
    assert ask(provider, "reset", []).status_code == 400


def test_person_can_be_changed(provider: Provider) -> None:
    before = provider.claims("ola")
    provider.control("persons/ola", {"family_name": "Nytt", "phone_numbers": ["4790000099"]}, "PATCH")
    after = provider.claims("ola")
    assert (after["name"], after["phone_number"], after["sub"]) == ("Ola Nytt", "4790000099", before["sub"])


def test_new_profile_has_a_new_subject(provider: Provider) -> None:
    """Login API guide: `sub` changes only if the profile is deleted and recreated."""
    before = provider.claims("ola")["sub"]
    provider.control("persons/ola", {"new_profile": True}, "PATCH")
    assert provider.claims("ola")["sub"] != before


@pytest.mark.parametrize(
    "changes",
    [
        {"shoe_size": "43"}, {"email": None}, {"phone_numbers": []}, {"phone_numbers": [47]},
        {"addresses": [{"country": "NO"}]}, {"email_state": "maybe"}, {"key": "kari"},
    ],
)  # fmt: skip
def test_impossible_change_of_a_person_is_refused(provider: Provider, changes: dict[str, Any]) -> None:
    assert ask(provider, "persons/ola", changes, "PATCH").status_code == 400
    assert provider.claims("ola")["name"] == "Ola Tangen"


def test_persons_show_their_subjects_and_what_they_share(provider: Provider) -> None:
    subject = provider.claims("ola", {"scope": "openid name"})["sub"]
    ola = next(person for person in provider.control("persons")["persons"] if person["key"] == "ola")
    assert ola["subjects"][BASIC_MERCHANT.client_id] == subject
    assert ola["shares"] == {BASIC_MERCHANT.client_id: ["name"]}


def test_revoked_sharing_is_asked_for_again_and_so_are_the_consents(provider: Provider, advanced: Provider) -> None:
    asked = {"scope": "openid name delegatedConsents"}
    subject = provider.claims("ola", asked)["sub"]
    advanced.claims("ola", asked)
    ended = provider.control("persons/ola/revoke", {"client_id": BASIC_MERCHANT.client_id})
    assert ended == {"revoked": [BASIC_MERCHANT.client_id], "delivered": {}, "deliveries": []}
    again = provider.claims("ola", asked)
    assert again["sub"] == subject
    assert "delegatedConsents" in again
    assert "delegatedConsents" not in advanced.claims("ola", asked)
    assert set(provider.control("persons/ola/revoke", {})["revoked"]) == {
        BASIC_MERCHANT.client_id, ADVANCED_MERCHANT.client_id,
    }  # fmt: skip


def test_merchant_can_be_added_and_changed(provider: Provider) -> None:
    new = {"client_secret": "s", "name": "Ny", "redirect_uris": ["http://localhost:1/cb"]}
    assert provider.control("merchants/new-one", new, "PUT")["auth_method"] == "client_secret_basic"
    assert provider.control("merchants/new-one", {"plan": "advanced"}, "PATCH")["plan"] == "advanced"
    names = [unit["name"] for unit in provider.control("merchants")["merchants"]]
    assert names == sorted(names)
    assert {"Ny", "Testbutikken", "Fjellkaffe", "Bokskapet"} <= set(names)


@pytest.mark.parametrize(
    "changes",
    [
        {"plan": "gold"}, {"auth_method": "none"}, {"brand": "other"}, {"redirect_uris": "http://localhost/"},
        {"redirect_uris": ["http://localhost/#x"]}, {"redirect_uris": ["nowhere"]}, {"redirect_uris": [7]},
        {"delegated_consents": {"version": 1}}, {"delegated_consents": {"version": "1"}},
        {"custom_flow": {"version": 1, "screens": [{"title": "x"}]}}, {"custom_flow": {"version": 1}}, {"name": 7},
        {"colour": "red"},
    ],
)  # fmt: skip
def test_impossible_merchant_is_refused(provider: Provider, changes: dict[str, Any]) -> None:
    assert ask(provider, f"merchants/{BASIC_MERCHANT.client_id}", changes, "PATCH").status_code == 400
    assert provider.log_in()["code"]


def test_incomplete_merchant_is_refused(provider: Provider) -> None:
    assert ask(provider, "merchants/new-one", {"name": "Ny"}, "PUT").status_code == 400


@pytest.mark.parametrize("path", ["persons/unknown", "merchants/unknown"])
def test_unknown_name_is_not_found(provider: Provider, path: str) -> None:
    response = ask(provider, path, {}, "PATCH")
    assert response.status_code == 404
    assert "unknown" in (response.json or {})["error"]


def test_requests_are_counted_and_listed(provider: Provider) -> None:
    provider.claims()
    provider.exchange("unknown")
    log = provider.control("requests")
    assert log["counts"] == {"token": 2, "userinfo": 1}
    newest = log["requests"][0]
    assert (newest["endpoint"], newest["status"], newest["error"]) == ("token", 400, "invalid_grant")
    assert newest["client_id"] == BASIC_MERCHANT.client_id
    provider.client.get("/access-management-1.0/access/.well-known/jwks.json")
    assert provider.control(f"requests?after={newest['id']}")["counts"] == {"jwks": 1}


def test_log_holds_no_secrets(provider: Provider) -> None:
    code = provider.log_in()["code"]
    token = (provider.exchange(code).json or {})["access_token"]
    provider.userinfo(token)
    log = str(provider.control("requests"))
    assert not [secret for secret in (code, token, BASIC_MERCHANT.client_secret) if secret in log]


def test_log_deletes_the_oldest_calls(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.request_log.MAX_ROWS", 10)
    monkeypatch.setattr("simulator.request_log._DELETE_EVERY", 5)
    for _ in range(22):
        provider.userinfo("x")
    assert 10 <= provider.control("requests")["counts"]["userinfo"] < 15


def test_reset_keeps_only_the_keys(provider: Provider) -> None:
    subject = provider.claims("ola", {"scope": "openid name delegatedConsents"})["sub"]
    provider.control("persons/ola", {"family_name": "Nytt"}, "PATCH")
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", {"auth_method": "client_secret_post"}, "PATCH")
    kid = decoded(provider_tokens_by_post(provider), 0)["kid"]
    provider.control("reset", {})
    assert provider.control("requests")["counts"] == {}
    claims = provider.claims("ola", {"scope": "openid name delegatedConsents"})
    assert (claims["name"], claims["sub"]) == ("Ola Tangen", subject)
    assert "delegatedConsents" in claims
    assert decoded(provider.tokens()["id_token"], 0)["kid"] == kid


def test_reset_of_one_merchant_keeps_what_others_have(provider: Provider, advanced: Provider, visit: Any) -> None:
    before = provider.claims("ola")
    advanced.log_in("ola")
    visit(scope="openid").choose("ola", remember="yes")
    provider.control("persons/ola", {"family_name": "Nytt", "new_profile": True}, "PATCH")
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", {"name": "Other"}, "PATCH")
    access_token = provider.tokens("ola")["access_token"]
    assert provider.control("reset", {"client_id": BASIC_MERCHANT.client_id}) == {"reset": True}
    ola = next(each for each in provider.control("persons")["persons"] if each["key"] == "ola")
    assert (ola["name"], list(ola["shares"])) == ("Ola Tangen", [ADVANCED_MERCHANT.client_id])
    assert provider.userinfo(access_token).status_code == 401
    assert provider.claims("ola")["sub"] == before["sub"]
    assert visit(scope="openid").page.h1 == "Log in to Testbutikken"
    assert ask(provider, "reset", {"client_id": "unknown"}).status_code == 404


def provider_tokens_by_post(provider: Provider) -> str:
    """Exchange a code with the secret in the body and return the ID token."""
    in_body = {"client_id": BASIC_MERCHANT.client_id, "client_secret": BASIC_MERCHANT.client_secret}
    response = provider.exchange(provider.log_in()["code"], {}, **in_body)
    return str((response.json or {})["id_token"])


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("http://localhost:5000/hook", 200),  # the origin of a redirect URI
        ("http://LOCALHOST:5000/hook", 200),
        ("http://localhost:5001/hook", 400),
        ("https://localhost:5000/hook", 400),
        ("http://localhost/hook", 400),
        ("http://169.254.169.254/latest", 400),
        ("http://localhost:5000@169.254.169.254/latest", 400),
        ("http://[::1/hook", 400),
        ("http://localhost:99999/hook", 400),
    ],
)
def test_a_webhook_has_an_origin_of_its_merchant(provider: Provider, url: str, status: int) -> None:
    """Otherwise the simulator could post to any server that it reaches, and reveal its status (OWASP: SSRF)."""
    path = f"merchants/{BASIC_MERCHANT.client_id}"
    assert ask(provider, path, {"webhook_url": url}, "PATCH").status_code == status
    merchant = {**BASIC_MERCHANT.to_json(), "webhook_url": url}
    assert ask(provider, path, merchant, "PUT").status_code == status
    merchant.pop("client_id")
    assert ask(provider, "merchants/new", merchant, "PUT").status_code == status


def test_a_webhook_that_was_configured_may_have_another_origin(tmp_path: Path) -> None:
    unit = replace(BASIC_MERCHANT, webhook_url="https://hooks.example/one")
    provider = Provider(create_test_simulator(tmp_path / "simulator.sqlite", merchants=(unit,)).test_client())
    for url, status in (("https://hooks.example/two", 200), ("https://hooks.example:8443/", 400)):
        assert ask(provider, f"merchants/{unit.client_id}", {"webhook_url": url}, "PATCH").status_code == status


@pytest.mark.parametrize(
    ("url", "address", "token", "sent", "status"),
    [
        (ORIGIN, "127.0.0.1", "", "", 200),
        (ORIGIN, "::1", "secret", "", 200),
        (ORIGIN, "10.0.0.7", "", "", 403),
        (ORIGIN, "10.0.0.7", "secret", "Bearer wrong", 403),
        (ORIGIN, "10.0.0.7", "secret", "Bearer secret", 200),
        ("https://sim.example", "127.0.0.1", "", "Bearer ", 403),  # behind a proxy on the same computer
        ("https://sim.example", "127.0.0.1", "secret", "Bearer secret", 200),
    ],
)
def test_other_computers_need_the_control_token(
    tmp_path: Path, url: str, address: str, token: str, sent: str, status: int
) -> None:
    simulator = create_test_simulator(tmp_path / "simulator.sqlite", public_url=url, control_token=token)
    for path in ("/control/", "/control/merchants"):
        response = simulator.test_client().get(
            path, base_url=url, headers={"Authorization": sent}, environ_overrides={"REMOTE_ADDR": address}
        )
        assert response.status_code == status
