"""The decoder: the checks that a pasted text would fail, and texts that must not break the decoder."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from app.security import limiter
from app.vipps.discovery import Discovery
from demo import decoder
from tests.conftest import browser_of, open_page, post
from tests.pages import Page

KEY = RSAKey.generate_key(2048, {"kid": "one"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
NONCE = "n" * 43


@pytest.fixture
def browser(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Return a browser of a shop whose provider has published `KEY`."""
    monkeypatch.setattr(Discovery, "key", lambda self, kid, deadline: KEY if kid == "one" else None)
    return browser_of(make_app(demo=True))


def decode(browser: FlaskClient, pasted: str, nonce: str = NONCE) -> Page:
    response = post(browser, "/guide/decoder", {"pasted": pasted, "nonce": nonce}, form_on="/guide/decoder")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    return Page(response.text)


def failed(page: Page) -> list[str]:
    ids = [each.select("p")[0]["id"] for each in page.select(".check--failed")]
    return [str(each).removeprefix("check-") for each in ids]


def token(browser: FlaskClient, key: Any = KEY, header: dict[str, Any] | None = None, **changed: Any) -> str:
    config = browser.application.extensions["vipps"].client.config
    now = int(time.time())
    claims = {"iss": config.issuer, "aud": config.client_id, "sub": "s", "nonce": NONCE, "iat": now, "exp": now + 300}
    kept = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    return jwt.encode({"alg": "RS256", "kid": "one", **(header or {})}, kept, key)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []), ({"key": OTHER}, ["signature"]), ({"header": {"kid": "unknown"}}, ["signature"]),
        ({"iss": "https://elsewhere.example"}, ["iss"]), ({"iss": None}, ["iss"]), ({"aud": ["another"]}, ["aud"]),
        ({"azp": "another"}, ["aud"]), ({"exp": 1}, ["times"]), ({"exp": None}, ["times"]),
        ({"iat": "yesterday"}, ["times"]), ({"nonce": "another"}, ["nonce"]), ({"sub": ""}, ["subject"]),
        ({"sub": "x" * 256, "aud": "another", "exp": 1, "nonce": None}, ["aud", "nonce", "subject", "times"]),
    ],
)  # fmt: skip
def test_decoder_names_each_check_that_a_token_fails(
    browser: FlaskClient, changed: dict[str, Any], expected: list[str]
) -> None:
    page = decode(browser, token(browser, **changed))
    assert sorted(failed(page)) == expected
    assert ("would fail none" in page.one(".verdict").get_text()) == (not expected)


def test_another_algorithm_is_named_and_the_signature_is_not_checked(browser: FlaskClient) -> None:
    raw = token(browser)
    unsigned = ".".join([urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("="), *raw.split(".")[1:]])
    page = decode(browser, unsigned)
    assert failed(page) == ["algorithm"]
    assert page.select(".check--not_reached #check-signature")


def test_without_keys_and_nonce_the_page_says_that_these_were_not_checked(demo_app: Flask) -> None:
    browser = browser_of(demo_app)  # no provider runs
    page = decode(browser, token(browser), nonce="")
    assert failed(page) == []
    text = page.one("main").get_text()
    assert decoder.NO_KEYS in text
    assert decoder.NO_NONCE in text
    assert len(page.select(".check--not_reached")) == 2


def request_url(browser: FlaskClient, **changed: str) -> str:
    client = browser.application.extensions["vipps"].client
    example = decoder.Attempt(0, NONCE, "v" * 43, decoder.LoginPurpose.LOG_IN, "/", state="s" * 43)
    parameters = {**client.authorization_parameters(example), **changed}
    return f"{client.config.base_url}/access/oauth2/auth?" + urlencode({k: v for k, v in parameters.items() if v})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []), ({"response_type": "token"}, ["response_type"]), ({"client_id": "another"}, ["client_id"]),
        ({"redirect_uri": "http://localhost:8000/login/vipps/callback/"}, ["redirect_uri"]),
        ({"scope": "name"}, ["scope"]), ({"state": "1234"}, ["state"]), ({"nonce": ""}, ["nonce"]),
        ({"code_challenge": "short", "code_challenge_method": ""}, ["code_challenge", "code_challenge_method"]),
    ],
)  # fmt: skip
def test_decoder_names_each_fault_of_an_authorization_url(
    browser: FlaskClient, changed: dict[str, str], expected: list[str]
) -> None:
    page = decode(browser, request_url(browser, **changed))
    assert failed(page) == expected
    assert "Vipps compares it letter by letter" in page.one("main").get_text()


def test_decoder_names_an_address_of_another_host_and_a_parameter_that_is_there_twice(browser: FlaskClient) -> None:
    url = request_url(browser).replace("localhost:8001", "elsewhere.example")
    assert failed(decode(browser, f"{url}&scope=openid")) == ["address", "once"]


def packed(*parts: bytes) -> str:
    return ".".join([*(urlsafe_b64encode(each).decode().rstrip("=") for each in parts), "c2ln"])


RUBBISH = [
    "", "x", "a.b", "a.b.c", "....", "\x00\x00", "ÆØÅ.ÆØÅ.ÆØÅ", "http://", "http://[", "https://x/?" + "a=b&" * 99,
    "javascript://x?state=%ff%00", "://", "x" * 15_999, "x" * 20_000, packed(b"{}", b"{}"), packed(b"[]", b"{}"),
    packed(b'{"alg":["RS256"],"kid":{}}', b'{"sub":["a"],"aud":{},"exp":"x","iat":true,"nonce":7,"iss":null}'),
    packed(b'{"alg":"RS256","crit":["x"]}', b'{"exp":1e999,"iat":NaN,"nbf":-1e999}'),
    packed(b'{"alg":"RS256"}', b'{"exp":' + b"9" * 4000 + b"}"), packed(b'{"alg":"RS256"}', b'{"sub":"\\ud800"}'),
    packed(b'{"alg":"RS256"}', b'{"a":' + b"[" * 300 + b"]" * 300 + b"}"), packed(b'{"alg":"RS256"}', b"\xff"),
    packed(b'{"alg":"RS256"}', json.dumps({"<script>": "</textarea><script>alert(1)</script>"}).encode()),
]  # fmt: skip


def test_arbitrary_text_is_answered_with_a_page(browser: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "enabled", False)
    for pasted in RUBBISH:
        page = decode(browser, pasted)
        assert page.one("h1").get_text() == "Decode a token or an address", pasted
        assert not page.select("main script"), pasted


@pytest.mark.parametrize(
    ("value", "shown"), [({"a": "\ud800"}, '{"a": "?"}'), ([[]] * decoder.MAX_NESTED, ""), (["æ"], '["æ"]')]
)
def test_a_value_is_shown_only_as_text_that_a_page_can_have(value: Any, shown: str) -> None:
    if shown:
        assert decoder._printable(value) == shown
    else:
        with pytest.raises(ValueError, match="too many lists"):
            decoder._printable(value)


def test_decoder_needs_a_csrf_token_and_does_not_log_the_pasted_text(
    browser: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    raw = token(browser, email="kari@example.com")
    assert browser.post("/guide/decoder", data={"pasted": raw}).status_code == 400
    decode(browser, raw)
    written = "".join(capfd.readouterr())
    for secret in (raw, raw.split(".")[1], NONCE, "kari@example.com"):
        assert secret not in written
    assert open_page(browser, "/guide/decoder").one("textarea").get_text().strip() == ""
