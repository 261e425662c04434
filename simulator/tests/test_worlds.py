"""Worlds by path: each is a separate simulator, limited in number and deleted when it is not used."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from .. import worlds
from ..testing import BASIC_MERCHANT, ORIGIN, create_test_simulator

ACCESS = "access-management-1.0/access"


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Flask]:
    app = create_test_simulator(tmp_path / "simulator.sqlite", worlds_folder=tmp_path / "worlds")
    yield app
    app.extensions["simulator"].close()


def get(simulator: Flask, path: str) -> Any:
    response = simulator.test_client().get(path)
    assert response.status_code == 200, path
    return response.json


def log_in(simulator: Flask, path: str) -> str:
    """Log in by the control API of a world and return the code."""
    url = (
        f"{ORIGIN}{path}/{ACCESS}/oauth2/auth?response_type=code&scope=openid+name&state=12345678"
        f"&client_id={BASIC_MERCHANT.client_id}&redirect_uri={BASIC_MERCHANT.redirect_uris[0]}"
    )
    answer = simulator.test_client().post(f"{path}/control/authorize", json={"authorization_url": url})
    return str((answer.json or {})["location"]).partition("code=")[2].partition("&")[0]


def exchange(simulator: Flask, path: str, code: str) -> int:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BASIC_MERCHANT.redirect_uris[0]}
    auth = (BASIC_MERCHANT.client_id, "secret%2B%2F%3D")
    return simulator.test_client().post(f"{path}/{ACCESS}/oauth2/token", data=form, auth=auth).status_code


def test_a_world_has_its_own_issuer_keys_persons_and_logins(simulator: Flask) -> None:
    documents = [get(simulator, f"{path}/{ACCESS}/.well-known/openid-configuration") for path in ("", "/w/a", "/w/b")]
    assert [each["issuer"] for each in documents] == [f"{ORIGIN}{path}/{ACCESS}/" for path in ("", "/w/a", "/w/b")]
    assert documents[1]["jwks_uri"] == f"{ORIGIN}/w/a/{ACCESS}/.well-known/jwks.json"
    keys = {get(simulator, f"{path}/{ACCESS}/.well-known/jwks.json")["keys"][0]["kid"] for path in ("", "/w/a", "/w/b")}
    assert len(keys) == 3
    simulator.test_client().patch("/w/a/control/persons/kari", json={"family_name": "Annet"})
    names = [get(simulator, f"{path}/control/persons")["persons"][0]["name"] for path in ("", "/w/a", "/w/b")]
    assert names[0] == names[2] != names[1]
    assert [exchange(simulator, path, log_in(simulator, "/w/a")) for path in ("", "/w/b", "/w/a")] == [400, 400, 200]


def test_its_screens_stay_in_the_world(simulator: Flask) -> None:
    browser = simulator.test_client()
    url = (
        f"/w/a/{ACCESS}/oauth2/auth?response_type=code&scope=openid&state=12345678"
        f"&client_id={BASIC_MERCHANT.client_id}&redirect_uri={BASIC_MERCHANT.redirect_uris[0]}"
    )
    response = browser.get(url)
    assert response.location.startswith("/w/a/login/")
    cookie = response.headers["Set-Cookie"]
    assert "vipps_simulator_session_8001_w_a=" in cookie
    assert "Path=/w/a/" in cookie
    page = browser.get(response.location)
    assert page.status_code == 200
    assert 'href="/static/' not in page.text
    assert 'action="/login/' not in page.text


@pytest.mark.parametrize(
    "path", ["/w/", "/w/A/", "/w/-a/", "/w/a-/", f"/w/{'a' * 41}/", "/w/..%2f..%2fetc/", "/w/a.b/", "/w/a%00/", "/w/å/"]
)
def test_other_names_are_not_found_and_make_no_file(simulator: Flask, tmp_path: Path, path: str) -> None:
    assert simulator.test_client().get(path).status_code == 404
    assert not (tmp_path / "worlds").exists()


def test_a_world_inside_a_world_does_not_exist(simulator: Flask) -> None:
    assert simulator.test_client().get("/w/a/w/b/healthz").status_code == 404


def test_many_first_requests_make_one_world(simulator: Flask) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: get(simulator, f"/w/new/{ACCESS}/.well-known/jwks.json"), range(8)))
    assert len({keys["keys"][0]["kid"] for keys in found}) == 1


def test_it_keeps_its_data_when_it_is_closed(simulator: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worlds, "MAX_OPEN", 1)
    simulator.test_client().patch("/w/a/control/persons/kari", json={"family_name": "Annet"})
    get(simulator, "/w/b/healthz")
    assert get(simulator, "/w/a/control/persons")["persons"][0]["family_name"] == "Annet"


def set_age(folder: Path, name: str, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder / f"{name}.sqlite", (then, then))


def test_unused_worlds_are_deleted_and_the_number_is_bounded(
    simulator: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "worlds"
    for name in ("a", "b"):
        get(simulator, f"/w/{name}/healthz")
    set_age(folder, "a", worlds.LIFETIME_SECONDS + 1)
    get(simulator, "/w/c/healthz")
    assert {file.name for file in folder.glob("*.sqlite")} == {"b.sqlite", "c.sqlite"}
    monkeypatch.setattr(worlds, "MAX_WORLDS", 2)
    assert simulator.test_client().get("/w/d/healthz").status_code == 503  # all worlds are in use
    set_age(folder, "b", worlds.IN_USE_SECONDS + 1)
    get(simulator, "/w/d/healthz")
    assert {file.name for file in folder.glob("*.sqlite")} == {"c.sqlite", "d.sqlite"}


def test_worlds_that_the_caller_keeps_are_not_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "worlds"
    app = create_test_simulator(
        tmp_path / "simulator.sqlite", worlds_folder=folder, keeps_world=lambda name: name in "bd"
    )
    for name in ("a", "b", "c"):
        get(app, f"/w/{name}/healthz")
        set_age(folder, name, worlds.LIFETIME_SECONDS + 1)
    get(app, "/w/d/healthz")
    assert {file.name for file in folder.glob("*.sqlite")} == {"b.sqlite", "d.sqlite"}
    monkeypatch.setattr(worlds, "MAX_WORLDS", 2)
    assert app.test_client().get("/w/e/healthz").status_code == 503  # both worlds are kept
    app.extensions["simulator"].close()


def test_a_deleted_world_starts_again(simulator: Flask, tmp_path: Path) -> None:
    simulator.test_client().patch("/w/a/control/persons/kari", json={"family_name": "Annet"})
    for file in (tmp_path / "worlds").iterdir():
        file.unlink()
    assert get(simulator, "/w/a/control/persons")["persons"][0]["family_name"] != "Annet"


def test_without_a_folder_there_are_no_worlds(tmp_path: Path) -> None:
    app = create_test_simulator(tmp_path / "simulator.sqlite")
    assert app.test_client().get("/w/a/healthz").status_code == 404
    app.extensions["simulator"].close()


def test_the_control_api_of_a_world_is_as_protected(tmp_path: Path) -> None:
    app = create_test_simulator(
        tmp_path / "simulator.sqlite", worlds_folder=tmp_path / "worlds", control_token="secret"
    )
    elsewhere = {"REMOTE_ADDR": "10.0.0.7"}
    for path in ("/control/persons", "/w/a/control/persons", "/w/a/control/snapshot"):
        assert app.test_client().get(path, environ_overrides=elsewhere).status_code == 403
    answer = app.test_client().get(
        "/w/a/control/persons", environ_overrides=elsewhere, headers={"Authorization": "Bearer secret"}
    )
    assert answer.status_code == 200
    assert app.test_client().get("/w/a/", base_url="http://evil.example").status_code == 400
    app.extensions["simulator"].close()
