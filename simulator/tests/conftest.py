"""A simulator for each test, with its two users: a merchant that calls it, and a person with a browser.

The database of a test is a copy of a prepared one, because making a signing key takes longer than most tests.
"""

import base64
import hashlib
import json
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ..config import MerchantConfig
from ..testing import ADVANCED_MERCHANT, BASIC_MERCHANT, CALLBACK, ORIGIN, create_test_simulator
from .pages import Page, check_page
from .servers import launched_chromium

ACCESS = "/access-management-1.0/access"
VERIFIER = "a-verifier-that-is-as-long-as-rfc-7636-wants-it-to-be"
SCOPE = "openid name phoneNumber email address"


def s256(verifier: str) -> str:
    """Return the challenge of a verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def basic(client_id: str, secret: str) -> dict[str, str]:
    """Return a Basic authorization header of plain base64, as Vipps documents it."""
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def decoded(token: str, part: int = 1) -> dict[str, Any]:
    """Return the decoded part of a JWT, without checking its signature."""
    text = token.split(".")[part]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))


def query_of(location: str) -> dict[str, str]:
    """Return the parameters of a redirect."""
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


@dataclass
class Provider:
    """A merchant's view of a simulator."""

    client: FlaskClient
    unit: MerchantConfig = BASIC_MERCHANT

    def url(self, **changes: Any) -> str:
        """Return an authorization URL; a parameter that is None is left out, a list is sent more than once."""
        parameters: dict[str, Any] = {
            "client_id": self.unit.client_id, "response_type": "code", "scope": SCOPE,
            "state": "a-state-of-the-merchant", "nonce": "a-nonce", "code_challenge": s256(VERIFIER),
            "code_challenge_method": "S256", "redirect_uri": CALLBACK,
        }  # fmt: skip
        sent = {name: value for name, value in {**parameters, **changes}.items() if value is not None}
        return f"{ORIGIN}{ACCESS}/oauth2/auth?{urlencode(sent, doseq=True)}"

    def authorize(self, **changes: Any) -> TestResponse:
        """Open an authorization URL in the browser."""
        return self.client.get(self.url(**changes))

    def control(self, path: str, body: Any = None, method: str = "POST") -> Any:
        """Call the control API and return its JSON."""
        response = self.client.open(f"/control/{path}", method=method if body is not None else "GET", json=body)
        assert response.status_code == 200, response.text
        return response.json

    def set_webhook(self, url: str | None, merchant: MerchantConfig | None = None) -> None:
        """Set a company's webhook address; its origin must be one of the company's own."""
        unit = merchant or self.unit
        changes = {"webhook_url": url, "redirect_uris": [*unit.redirect_uris, *([url] if url else [])]}
        self.control(f"merchants/{unit.client_id}", changes, method="PATCH")

    def log_in(self, person: str = "kari", request: dict[str, Any] | None = None, **script: Any) -> dict[str, str]:
        """Log a person in without screens; return the parameters of the merchant's callback."""
        body = {"authorization_url": self.url(**(request or {})), "person": person, **script}
        return query_of(self.control("authorize", body)["location"])

    def exchange(self, code: str, /, headers: dict[str, str] | None = None, **changes: Any) -> TestResponse:
        """Send a token request; a field that is None is left out."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        sent = {name: value for name, value in {**form, **changes}.items() if value is not None}
        credentials = basic(self.unit.client_id, self.unit.client_secret) if headers is None else headers
        return self.client.post(f"{ACCESS}/oauth2/token", data=sent, headers=credentials)

    def tokens(self, person: str = "kari", request: dict[str, Any] | None = None, **script: Any) -> dict[str, Any]:
        """Log a person in and exchange the code."""
        response = self.exchange(self.log_in(person, request, **script)["code"])
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    def userinfo(self, access_token: str, **headers: str) -> TestResponse:
        """Send a userinfo request."""
        return self.client.get(
            "/vipps-userinfo-api/userinfo", headers={"Authorization": f"Bearer {access_token}", **headers}
        )

    def claims(self, person: str = "kari", request: dict[str, Any] | None = None, **script: Any) -> dict[str, Any]:
        """Log a person in and return the userinfo claims."""
        response = self.userinfo(self.tokens(person, request, **script)["access_token"])
        assert response.status_code == 200, response.text
        return dict(response.json or {})


@dataclass
class Visitor:
    """A person who uses the simulator's screens with a browser."""

    client: FlaskClient
    response: TestResponse

    def press(self, action: str, **fields: Any) -> "Visitor":
        """Send the form whose action ends like this, with its hidden fields and these; follow to the next screen."""
        form = (
            self.page.one(f'form[action$="/{action}"]')
            if action != "cancel"
            else self.page.select('form[action$="/cancel"]')[0]
        )
        hidden = {str(field["name"]): str(field["value"]) for field in form.select("input[type=hidden]")}
        self.response = self.client.post(str(form["action"]), data={**hidden, **fields})
        return self.follow()

    def follow(self) -> "Visitor":
        """Follow redirects within the simulator."""
        while self.response.status_code in (302, 303) and not self.location.startswith(
            ("http://localhost:5000", "testbutikken")
        ):
            self.response = self.client.get(self.location)
        return self

    @property
    def location(self) -> str:
        """The URL that the browser is redirected to."""
        return str(self.response.headers.get("Location", ""))

    @property
    def callback(self) -> dict[str, str]:
        """The parameters of the merchant's callback."""
        assert self.response.status_code == 302, self.response.text
        return query_of(self.location)

    @property
    def page(self) -> Page:
        """The page that the browser shows, after the checks for every page."""
        return check_page(self.response)

    def choose(self, person: str = "kari", **fields: str) -> "Visitor":
        """Choose a person and confirm with the right number."""
        self.press("person", person=person, **fields)
        return self.press("confirm", number=self.page.one(".challenge").get_text())


@pytest.fixture(scope="session")
def made_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a simulator's database once."""
    path = tmp_path_factory.mktemp("simulator") / "made.sqlite"
    create_test_simulator(path).extensions["simulator"].store.engine.dispose()
    return path


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Start a browser, or use the project's browser: Playwright cannot start twice in one thread."""
    try:
        yield request.getfixturevalue("chromium")
    except pytest.FixtureLookupError:
        with launched_chromium() as browser:
            yield browser


@pytest.fixture
def unused_port() -> int:
    """Return a port on which no server listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def make_simulator(made_database: Path, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Build simulators with different settings; the simulators of one test share a database."""
    database = tmp_path / "simulator.sqlite"
    shutil.copy(made_database, database)
    built: list[Flask] = []

    def make(**settings: Any) -> Flask:
        built.append(create_test_simulator(database, **settings))
        return built[-1]

    yield make
    for app in built:
        app.extensions["simulator"].store.engine.dispose()


@pytest.fixture
def simulator(make_simulator: Callable[..., Flask]) -> Flask:
    return make_simulator()


@pytest.fixture
def browser(simulator: Flask) -> FlaskClient:
    return simulator.test_client()


@pytest.fixture
def provider(browser: FlaskClient) -> Provider:
    """Return a merchant on the basic plan, at a simulator."""
    return Provider(browser)


@pytest.fixture
def advanced(browser: FlaskClient) -> Provider:
    """Return a merchant on the advanced plan, at a simulator."""
    return Provider(browser, ADVANCED_MERCHANT)


@pytest.fixture
def visit(browser: FlaskClient) -> Callable[..., Visitor]:
    """Send a person's browser to the simulator, as a merchant's login button does."""

    def begin(unit: MerchantConfig = BASIC_MERCHANT, client: FlaskClient | None = None, **changes: Any) -> Visitor:
        used = client or browser
        return Visitor(used, Provider(used, unit).authorize(**changes)).follow()

    return begin
