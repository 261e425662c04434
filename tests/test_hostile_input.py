"""Hostile input: inputs that block a worker or make a huge page, files, and old sessions."""

from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.customers.models import Customer, CustomerSession
from app.customers.passwords import hashing, policy
from app.database import db
from app.i18n import here
from app.vipps.attempts import Attempts
from app.vipps.claims import parse
from app.vipps.values import normal_email
from simulator.testing import create_test_simulator
from tests.conftest import browser_of, post
from tests.pages import check_page
from tests.vipps_person import VippsPerson

SUB = {"sub": "3f6c1a52-8d0e-4b77-9a41-6c2f5be0d913"}
MANY_ACCENTS = "a" + "\u0301\u0316" * 50_000


def test_a_password_of_very_many_accents_is_never_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Normalising sorts a run of accents in quadratic time, and blocks the other threads meanwhile."""
    seen: list[int] = []
    original = hashing.unicodedata.normalize

    class Watched:
        @staticmethod
        def normalize(form: Any, text: str) -> str:
            seen.append(len(text))
            return original(form, text)

    monkeypatch.setattr(hashing, "unicodedata", Watched)
    assert policy.problem(MANY_ACCENTS) is policy.TOO_LONG
    assert hashing.matches(MANY_ACCENTS, None) is False
    assert max(seen, default=0) <= hashing.MAX_TYPED


def test_an_email_address_that_is_too_long_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.vipps.values.validate_email", lambda *_, **__: pytest.fail("parsed"))
    assert normal_email("x" * 100_000 + "@example.com") is None


def test_a_form_of_very_many_fields_is_not_offered_again(demo_client: FlaskClient) -> None:
    response = demo_client.post("/cart/add", data=b"a&" * 200_000, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 400
    assert len(response.data) < 50_000
    assert not check_page(response).select("main form")


def test_a_file_in_a_text_field_is_ignored(demo_client: FlaskClient) -> None:
    for path in ("/login/password", "/register", "/password/forgot"):
        data = {name: (BytesIO(b"x"), "x.txt") for name in ("email", "password", "next", "name")}
        response = post(demo_client, path, data, content_type="multipart/form-data")
        assert 400 <= response.status_code < 500, path


@pytest.mark.parametrize(
    ("claims", "longest"),
    [
        ({"name": "x" * 150 + "\n" + "y" * 150}, 200), ({"email": "a@" + ".".join(["b" * 63] * 8)}, 254),
        (
            {"delegatedConsents": {"consents": [{"id": "e", "accepted": True, "textDisplayedToUser": "x\n" * 3000}]}},
            2000,
        ),
    ],
)  # fmt: skip
def test_no_claim_is_longer_than_its_column(claims: dict[str, Any], longest: int) -> None:
    info = parse({**SUB, **claims})
    texts = [info.name or "", info.email or "", *(answer.text for answer in info.consents)]
    assert max(map(len, texts)) <= longest


@pytest.mark.parametrize("at", ["commit", "the outcome"])
def test_a_login_that_is_not_stored_is_rolled_back(
    vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("", {}, Exception("disk full"))

    callback = vipps.approve(vipps.start(), "gunnar")
    with monkeypatch.context() as broken:
        broken.setattr(*((db.session, "commit") if at == "commit" else (Attempts, "finish")), fail)
        response = vipps.browser.get(callback)
    assert response.status_code == 503
    assert "Gunnar" not in response.text
    with vipps.app.app_context():
        assert db.session.scalars(select(CustomerSession)).all() == []
        assert db.session.scalars(select(Customer).where(Customer.given_name == "Gunnar")).all() == []
    assert vipps.log_in("gunnar").status_code == 303


def test_repeated_callbacks_do_not_occupy_every_thread(vipps: VippsPerson) -> None:
    state_and_code = vipps.approve(vipps.start())
    integration = vipps.app.extensions["vipps"]
    state = parse_qs(urlsplit(state_and_code).query)["state"][0]
    cookie = vipps.browser.get_cookie("vipps-login", domain="localhost")
    with vipps.app.app_context():
        integration.attempts.claim(state, cookie.value)
    while integration.waiting.acquire(blocking=False):
        pass
    response = vipps.browser.get(state_and_code)
    assert response.status_code == 503
    assert response.headers["Retry-After"]


@pytest.mark.parametrize(
    "path", ["/login/vipps/callback?code=secret&state=secret", "/login/vipps/callback/?code=secret", "/confirm/secret"]
)
def test_no_link_on_a_page_repeats_a_secret_address(demo_app: Flask, path: str) -> None:
    with demo_app.test_request_context(path):
        assert here() == "/"
    assert "secret" not in browser_of(demo_app).get(path).text.replace("password", "")


def test_an_error_of_the_database_shows_no_values_in_the_log(demo_app: Flask) -> None:
    with demo_app.app_context():
        assert db.engine.dialect is not None
        assert db.engine.hide_parameters is True


def test_the_simulator_answers_under_its_own_host_only(tmp_path: Any) -> None:
    client = create_test_simulator(tmp_path / "simulator.sqlite").test_client()
    assert client.get("/control/merchants", headers={"Host": "rebind.evil.example"}).status_code == 400
    assert client.get("/control/merchants").status_code == 200
    assert client.get("/healthz", headers={"Host": "10.0.0.7"}).status_code == 200
