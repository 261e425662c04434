"""The simulator as a package, at other addresses: a world, a public name that resolves nowhere, and a tunnel's."""

import json
from collections.abc import Callable
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from flask import Flask

from simulator.serving import Running, running
from tests.conftest import browser_of
from tests.pages import check_page

PUBLIC, TUNNEL = "http://vipps.invalid:8001", "https://vipps.invalid"


def log_in(shop: Flask, simulator: Running, reached_at: str, world: str) -> str:
    """Log Kari in by the simulator's control API and return the heading of the page that follows."""
    browser = browser_of(shop)
    sent_to = browser.get("/login/vipps").headers["Location"]
    assert sent_to.startswith(f"{simulator.url}{world}/access-management-1.0/access/oauth2/auth?")
    body = json.dumps({"authorization_url": sent_to, "person": "kari"}).encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Bearer control",
        "Host": urlsplit(simulator.url).netloc,
    }
    answer = json.load(urlopen(Request(f"{reached_at}{world}/control/authorize", body, headers)))
    page = browser.get(answer["location"].removeprefix("http://localhost:8000"), follow_redirects=True)
    return check_page(page).text


@pytest.mark.parametrize(
    ("public_url", "world"), [("", ""), ("", "/w/a"), (PUBLIC, ""), (PUBLIC, "/w/a"), (TUNNEL, "")]
)
def test_a_login_succeeds(make_app: Callable[..., Flask], public_url: str, world: str) -> None:
    with running(control_token="control", **({"public_url": public_url} if public_url else {})) as simulator:
        reached_at = f"http://127.0.0.1:{simulator.port}"
        shop = make_app(
            SIMULATOR_URL=f"{simulator.url}{world}",
            SIMULATOR_CONNECT_TO=(reached_at if public_url == TUNNEL else reached_at[7:]) if public_url else "",
            VIPPS_CLIENT_ID=simulator.client_id,
            VIPPS_CLIENT_SECRET=simulator.client_secret,
        )
        assert "Kari" in log_in(shop, simulator, reached_at, world)
