"""Features for merchants' tests: added persons, faults by person, waiting, the clock, the seed, snapshots, the door."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask

from .. import openapi
from ..testing import BASIC_MERCHANT, create_test_simulator
from .conftest import Provider, Visitor, decoded


def control(provider: Provider, path: str, body: Any = None, method: str = "POST") -> Any:
    response = provider.client.open(f"/control/{path}", method=method, json=body)
    assert response.status_code == 200, response.text
    return response.json


def test_an_added_person_is_like_the_model_and_is_their_own(provider: Provider) -> None:
    first, second = (control(provider, "persons", {"like": "kari", "gender": "other"}) for _ in range(2))
    kari = next(each for each in provider.control("persons")["persons"] if each["key"] == "kari")
    for name in ("key", "email", "phone_numbers", "subjects"):
        assert len({str(each[name]) for each in (first, second, kari)}) == 3, name
    assert first["name"] == kari["name"]
    assert first["gender"] == "other"
    assert provider.claims(first["key"])["sub"] == first["subjects"][BASIC_MERCHANT.client_id]
    assert control(provider, f"persons/{first['key']}", {}, "DELETE") == {"deleted": first["key"]}
    assert first["key"] not in str(provider.control("persons"))


def test_only_so_many_persons_are_added_and_few_are_shown(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.persons.MAX_ADDED", 3)
    monkeypatch.setattr("simulator.persons.MAX_ADDED_SHOWN", 2)
    keys = [control(provider, "persons", {})["key"] for _ in range(3)]
    assert provider.client.post("/control/persons", json={}).status_code == 400
    page = provider.client.get("/").text
    assert [key in page for key in keys] == [False, True, True]


@pytest.mark.parametrize(
    ("path", "method", "body"),
    [
        ("persons", "POST", {"like": "kari", "simulate": "no_such_fault"}), ("persons/kari", "DELETE", {}),
        ("persons", "POST", {"faults": {"token": 1}}), ("persons/kari", "PATCH", {"faults": []}),
        ("clock", "PUT", {"stopped_at": "yesterday"}), ("clock", "PUT", {"ahead": True}), ("clock", "PUT", {"x": 1}),
        ("clock", "PUT", {"stopped_at": "2026-11-28T12:00:00"}), ("clock", "PUT", {"ahead": 1e300}),
        ("snapshot", "PUT", {}), ("snapshot", "PUT", {"schema": "x", "tables": {}}),
    ],
)  # fmt: skip
def test_wrong_requests_are_named(provider: Provider, path: str, method: str, body: Any) -> None:
    response = provider.client.open(f"/control/{path}", method=method, json=body)
    assert response.status_code == 400
    assert (response.json or {})["error"]


def test_faults_of_a_person_are_in_all_their_logins_and_in_no_other(provider: Provider) -> None:
    key = control(provider, "persons", {"like": "kari", "simulate": "token_500"})["key"]
    assert provider.exchange(provider.log_in(key)["code"]).status_code == 500
    assert provider.exchange(provider.log_in("kari")["code"]).status_code == 200
    control(provider, f"persons/{key}", {"simulate": "access_denied"}, "PATCH")
    assert provider.log_in(key)["error"] == "access_denied"
    control(provider, f"persons/{key}", {"faults": {"without_scopes": ["name"]}}, "PATCH")
    assert "name" not in provider.claims(key, {"scope": "openid name"})
    control(provider, f"persons/{key}", {"faults": {}}, "PATCH")
    assert "name" in provider.claims(key, {"scope": "openid name"})


def test_waiting_ends_with_the_call_that_it_waits_for(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, simulator: Flask
) -> None:
    def call_token(_seconds: float) -> None:
        if not called.is_set():
            called.set()
            Provider(simulator.test_client()).exchange("no code")

    called = threading.Event()
    monkeypatch.setattr("simulator.request_log.time.sleep", call_token)
    provider.userinfo("x")
    found = provider.client.get("/control/requests?wait=20&endpoint=token").json or {}
    assert called.is_set()
    assert found["counts"] == {"token": 1, "userinfo": 1}
    assert (provider.client.get("/control/requests?after=99&wait=0.001").json or {})["requests"] == []


def test_the_clock_can_be_stopped_set_ahead_and_made_real(provider: Provider) -> None:
    stopped = {"stopped_at": "2027-01-12T10:00:00Z"}
    assert control(provider, "clock", stopped, "PUT") == {
        "now": "2027-01-12T10:00:00+00:00", "stopped": True, "ahead": 0,
    }  # fmt: skip
    issued = decoded(provider.tokens()["id_token"])["iat"]
    assert issued == datetime(2027, 1, 12, 10, tzinfo=UTC).timestamp()
    code = provider.log_in()["code"]
    control(provider, "clock", {**stopped, "ahead": 121}, "PUT")
    assert (provider.exchange(code).json or {})["error"] == "invalid_grant"
    assert control(provider, "clock", {}, "PUT")["stopped"] is False
    assert decoded(provider.tokens()["id_token"])["iat"] < issued


def test_a_seed_draws_the_same_values_each_run(tmp_path: Any) -> None:
    codes = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        app = create_test_simulator(tmp_path / name, seed=seed)
        provider = Provider(app.test_client())
        codes.append([provider.log_in()["code"], provider.log_in()["code"]])
        provider.control("reset", {})
        assert provider.log_in()["code"] == codes[-1][0]
        app.extensions["simulator"].close()
    assert codes[0] == codes[1]
    assert len({*codes[0], *codes[2]}) == 4


def test_a_snapshot_brings_all_data_back(provider: Provider) -> None:
    provider.claims("ola")
    code = provider.log_in("kari")["code"]
    kid = decoded(provider.tokens()["id_token"], 0)["kid"]
    taken = provider.client.get("/control/snapshot").json
    control(provider, "keys/rotate", {})
    control(provider, "persons/ola", {"family_name": "Nytt"}, "PATCH")
    provider.control("reset", {})
    assert control(provider, "snapshot", taken, "PUT") == {"restored": True}
    assert provider.client.get("/control/snapshot").json == taken
    assert provider.exchange(code).status_code == 200
    assert decoded(provider.tokens()["id_token"], 0)["kid"] == kid


def test_a_snapshot_that_does_not_fit_changes_nothing(provider: Provider) -> None:
    taken: Any = provider.client.get("/control/snapshot").json
    taken["tables"]["sim_sales_unit"][0][-1] = 7
    response = provider.client.put("/control/snapshot", json=taken)
    assert response.status_code == 400
    assert provider.exchange(provider.log_in()["code"]).status_code == 200


def test_answers_have_the_form_that_the_description_names(provider: Provider) -> None:
    """Validate each answer with some content, so that no schema is checked only by an empty list."""
    described = provider.client.get("/control/openapi.json").json or {}
    added = control(provider, "persons", {"simulate": "token_500"})
    hook = {"webhook_url": "http://localhost:5000/hook", "client_id": BASIC_MERCHANT.client_id}
    calls: list[tuple[str, str, str, Any]] = [
        ("POST", "/control/persons", "/control/persons", {"like": "ola"}),
        ("PATCH", "/control/persons/{key}", f"/control/persons/{added['key']}", {"faults": {}}),
        ("PATCH", "/control/merchants/{client_id}", f"/control/merchants/{BASIC_MERCHANT.client_id}", hook),
        ("POST", "/control/authorize", "/control/authorize", {"authorization_url": provider.url()}),
        ("GET", "/control/persons", "/control/persons", None),
        ("POST", "/control/persons/{key}/revoke", "/control/persons/kari/revoke", {"event": "held"}),
        ("GET", "/control/deliveries", "/control/deliveries", None),
        ("GET", "/control/merchants", "/control/merchants", None),
        ("GET", "/control/requests", "/control/requests", None),
        ("POST", "/control/keys/rotate", "/control/keys/rotate", {}),
        ("GET", "/control/clock", "/control/clock", None),
        ("PUT", "/control/clock", "/control/clock", {}),
        ("GET", "/control/snapshot", "/control/snapshot", None),
        ("DELETE", "/control/persons/{key}", f"/control/persons/{added['key']}", {}),
        ("POST", "/control/reset", "/control/reset", {}),
    ]
    provider.userinfo("x")
    for method, path, url, body in calls:
        response = provider.client.open(url, method=method, json=body)
        schema = described["paths"][path][method.lower()]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema_rs.validator_for(schema).validate(response.json)
        assert response.headers[openapi.FOLLOWS] == "2026-11"
        assert all(
            response.json[name] for name in ("persons", "deliveries", "merchants", "requests") if name in response.json
        )


@pytest.mark.parametrize("error", [False, True])
def test_stop_at_the_door_shows_the_way_back_as_a_form(visit: Callable[..., Visitor], error: bool) -> None:
    visitor = visit(scope="openid").press("door", stop="yes")
    if error:
        visitor.press("cancel")
    else:
        visitor.choose()
    assert visitor.response.status_code == 200
    page = visitor.page
    fields = {field["name"]: field["value"] for field in page.soup.select("form.door input")}
    form = page.one("form.door")
    assert (form["method"], form["action"]) == ("get", "http://localhost:5000/callback")
    assert set(fields) == ({"error", "error_description", "state"} if error else {"code", "scope", "state"})
    assert "http://localhost:5000" in visitor.response.headers["Content-Security-Policy"]
    assert page.one("#address").get_text().startswith("http://localhost:5000/callback?")
    visitor.press("door", stop="no")
    assert visitor.location.startswith("http://localhost:5000/callback?")


def test_a_browser_that_chose_the_door_stops_at_its_next_login_too(visit: Callable[..., Visitor]) -> None:
    visit(scope="openid").press("door", stop="yes")
    assert visit(scope="openid").choose().response.status_code == 200


def test_the_door_can_be_asked_for_in_the_request(visit: Callable[..., Visitor]) -> None:
    assert visit(scope="openid", door="stop").choose().response.status_code == 200
    assert visit(scope="openid").choose().response.status_code == 302
