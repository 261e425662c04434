"""Whole logins over HTTP, from the button to the session, against the provider that does as it is told.

They need nothing but the shop and a socket, so a fork has them too.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Customer
from app.database import db
from tests.conftest import browser_of
from tests.pages import check_page
from tests.provider import CLIENT_ID, SUBJECT, TOKEN_PATH, USERINFO_PATH, Provider

TUVA = {"sub": SUBJECT, "name": "Tuva Lien", "email": "tuva.lien@example.com", "email_verified": True}


@pytest.fixture
def shop(make_app: Callable[..., Flask], provider: Provider) -> Flask:
    """Return a shop as against the real Vipps, but for its host: a sales unit of its own, no demo."""
    provider.userinfo = dict(TUVA)
    return make_app(
        VIPPS_ENVIRONMENT="test",
        VIPPS_BASE_URL=provider.origin,
        VIPPS_CLIENT_ID=CLIENT_ID,
        VIPPS_CLIENT_SECRET="s+cr/t==",
    )


def begin(browser: FlaskClient, provider: Provider, next_path: str = "/account") -> dict[str, str]:
    """Press the button; returns what the browser was sent to Vipps with, and lets the provider know the nonce."""
    response = browser.get("/login/vipps", query_string={"next": next_path})
    assert response.status_code == 302
    asked = {name: values[0] for name, values in parse_qs(urlsplit(response.headers["Location"]).query).items()}
    provider.nonce = asked["nonce"]
    return asked


def come_back(browser: FlaskClient, **response: str) -> Any:
    return browser.get("/login/vipps/callback", query_string=response)


def people(shop: Flask) -> list[tuple[str | None, str | None]]:
    with shop.app_context():
        return [(each.name, each.email) for each in db.session.scalars(select(Customer))]


def test_a_first_login_makes_an_account_and_a_second_one_finds_it(shop: Flask, provider: Provider) -> None:
    for browser in (browser_of(shop), browser_of(shop)):
        asked = begin(browser, provider)
        response = come_back(browser, state=asked["state"], code="the-code")
        assert (response.status_code, response.headers["Location"]) == (303, "/account")
        assert "Tuva" in check_page(browser.get("/account")).text
    assert people(shop) == [("Tuva Lien", "tuva.lien@example.com")]
    assert (provider.calls(TOKEN_PATH), provider.calls(USERINFO_PATH)) == (2, 2)


def test_the_code_is_exchanged_with_the_verifier_of_the_challenge(shop: Flask, provider: Provider) -> None:
    """RFC 7636, section 4.6."""
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    browser = browser_of(shop)
    asked = begin(browser, provider)
    come_back(browser, state=asked["state"], code="the-code")
    (sent,) = [body for _, path, _, body in provider.seen if path == TOKEN_PATH]
    assert asked["code_challenge_method"] == "S256"
    assert create_s256_code_challenge(sent["code_verifier"][0]) == asked["code_challenge"]
    assert (sent["code"], sent["redirect_uri"]) == (["the-code"], [asked["redirect_uri"]])


@pytest.mark.parametrize(
    "bend",
    [
        {"nonce": "of another login"}, {"userinfo": {**TUVA, "sub": "another subject"}},
        {"claims": {"aud": ["another-client"]}}, {"claims": {"iss": "https://evil.example/"}},
        {"without": {"id_token"}}, {"down": True},
    ],
    ids=lambda bend: next(iter(bend)),
)  # fmt: skip
def test_a_wrong_response_logs_no_user_in(shop: Flask, provider: Provider, bend: dict[str, Any]) -> None:
    browser = browser_of(shop)
    asked = begin(browser, provider)
    for name, value in bend.items():
        setattr(provider, name, value)
    response = come_back(browser, state=asked["state"], code="the-code")
    assert response.status_code >= 400
    assert check_page(response).one("main .number").get_text().strip(), "no reference number"
    assert browser.get("/account").status_code != 200
    assert people(shop) == []


def test_another_browser_cannot_finish_the_login(shop: Flask, provider: Provider) -> None:
    asked = begin(browser_of(shop), provider)
    other = browser_of(shop)
    assert come_back(other, state=asked["state"], code="the-code").status_code >= 400
    assert other.get("/account").status_code != 200
    assert provider.calls(TOKEN_PATH) == 0
