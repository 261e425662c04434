"""A person who logs in with Vipps: a browser at the shop, and the simulator's headless control API as the phone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
from flask import Flask
from flask.testing import FlaskClient

from app import about
from app.settings import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from simulator import create_simulator
from simulator.config import MerchantConfig, SimulatorConfig
from tests.pages import Page
from tests.speed import compiled_templates

_pool = urllib3.PoolManager(retries=False)


def build_simulator(origin: str, database: Path, redirect_uri: str, **merchant: Any) -> Flask:
    known = MerchantConfig(
        client_id=DEMO_CLIENT_ID, client_secret=DEMO_CLIENT_SECRET, name=about.NAME, redirect_uris=(redirect_uri,),
        **merchant,
    )  # fmt: skip
    config = SimulatorConfig(
        public_url=origin, database_url=f"sqlite:///{database}", secret_key="for tests", merchants=(known,)
    )
    app = create_simulator(config)
    app.jinja_env.bytecode_cache = compiled_templates
    return app


def led_on(browser: FlaskClient, response: Any) -> str:
    """Follow a form's response to the page before Vipps; return the authorization URL."""
    assert response.status_code == 303, response.text[:500]
    assert response.location.startswith("/login/vipps/continue?"), response.location
    page = browser.get(response.location)
    assert page.status_code == 200, page.text[:500]
    delay, _, url = page.headers["Refresh"].partition(";url=")
    assert (delay, page.headers["Cache-Control"]) == ("0", "no-store")
    assert Page(page.text).one("main a")["href"] == url, "the page needs a link for browsers that ignore `Refresh`"
    return url


@dataclass
class VippsPerson:
    """A person with a browser, a phone, and a shop to log in to."""

    app: Flask
    browser: FlaskClient
    simulator: str

    def control(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the simulator's control API."""
        method = "POST" if body is not None else "GET"
        response = _pool.request(method, f"{self.simulator}/control/{path}", json=body)
        assert response.status < 300, response.data
        return response.json()

    def patch(self, path: str, changes: dict[str, Any]) -> None:
        """Change a person, a merchant or the like at the simulator."""
        response = _pool.request("PATCH", f"{self.simulator}/control/{path}", json=changes)
        assert response.status < 300, response.data

    def start(self, next_path: str = "/", browser: FlaskClient | None = None) -> str:
        """Press the login button; return the authorization URL."""
        response = (browser or self.browser).get("/login/vipps", query_string={"next": next_path})
        assert response.status_code == 302, response.text
        return str(response.headers["Location"])

    def approve(self, authorization_url: str, person: str = "kari", **wishes: Any) -> str:
        """Approve (or deny) on the phone; return the callback's path and query."""
        body = {"authorization_url": authorization_url, "person": person, "action": "approve", **wishes}
        location = str(self.control("authorize", body)["location"])
        return location.removeprefix(self.app.extensions["settings"].public_url)

    def log_in(self, person: str = "kari", next_path: str = "/", browser: FlaskClient | None = None) -> Any:
        """Log in, from the login button to the callback; return the callback's response."""
        callback = self.approve(self.start(next_path, browser), person)
        return (browser or self.browser).get(callback)

    def provider_calls(self) -> dict[str, int]:
        """Return how often the shop has called each endpoint of the provider."""
        return dict(self.control("requests")["counts"])
