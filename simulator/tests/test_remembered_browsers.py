"""“Remember me in browser”: for all merchants, off on a computer, on on a phone, ignored for in-app confirmation."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from ..testing import ADVANCED_MERCHANT, BASIC_MERCHANT
from .conftest import Provider, Visitor, decoded

Visit = Callable[..., Visitor]
NAME = "vipps_simulator_browser_8001"
PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"


def test_remembered_browser_bounces_straight_back(visit: Visit) -> None:
    visit(scope="openid name").choose("ola", remember="yes").press("consent")
    again = visit(scope="openid name")
    assert again.callback["code"]
    assert again.response.request.path.endswith("/oauth2/auth")


def test_browser_that_was_not_asked_to_remember_does_not(visit: Visit) -> None:
    visit(scope="openid").choose("ola")
    assert visit(scope="openid").page.h1 == "Log in to Testbutikken"


def test_remembered_browser_applies_to_other_merchants_too(visit: Visit) -> None:
    visit(BASIC_MERCHANT, scope="openid").choose("ola", remember="yes")
    assert visit(ADVANCED_MERCHANT, scope="openid").callback["code"]
    assert visit(ADVANCED_MERCHANT, scope="openid name").page.h1 == "Share with Den andre"


def test_another_browser_is_not_remembered(visit: Visit, simulator: Flask) -> None:
    visit(scope="openid").choose("ola", remember="yes")
    assert visit(client=simulator.test_client(), scope="openid").page.h1 == "Log in to Testbutikken"


def test_app_confirmation_ignores_the_remembered_browser(visit: Visit) -> None:
    """Login API guide: in-app confirmation; without the advanced plan it is ignored."""
    visit(scope="openid").choose("ola", remember="yes")
    asked = {"scope": "openid", "acr_values": "urn:vipps:acr:app_auth"}
    assert visit(ADVANCED_MERCHANT, **asked).page.h1 == "Log in to Den andre"
    assert visit(BASIC_MERCHANT, **asked).callback["code"]


def test_remembered_login_tells_when_the_person_really_confirmed(visit: Visit, provider: Provider) -> None:
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False) as clock:
        visit(scope="openid").choose("ola", remember="yes")
        clock.shift(timedelta(hours=3))
        tokens = provider.exchange(visit(scope="openid").callback["code"]).json or {}
    claims = decoded(tokens["id_token"])
    assert claims["rat"] - claims["auth_time"] == 3 * 3600


def test_remembered_browser_expires_after_a_year(visit: Visit) -> None:
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False) as clock:
        visit(scope="openid").choose("ola", remember="yes")
        clock.shift(timedelta(days=366))
        assert visit(scope="openid").page.h1 == "Log in to Testbutikken"


def test_browser_can_be_forgotten(visit: Visit, simulator: Flask) -> None:
    visitor = visit(scope="openid").choose("ola", remember="yes")
    stolen = visitor.client.get_cookie(NAME)
    assert stolen is not None
    visitor.response = visitor.client.get("/")
    assert "This browser remembers Ola Tangen" in visitor.page.text
    visitor.press("forget")
    assert "This browser remembers no person." in visitor.page.text
    assert visitor.client.get_cookie(NAME) is None
    assert visit(scope="openid").page.h1 == "Log in to Testbutikken"
    thief = simulator.test_client()
    thief.set_cookie(NAME, stolen.value)
    assert visit(client=thief, scope="openid").page.h1 == "Log in to Testbutikken"


@pytest.mark.parametrize(
    ("headers", "ticked"),
    [
        ({}, False), ({"User-Agent": PHONE}, True), ({"Sec-CH-UA-Mobile": "?1"}, True),
        ({"Sec-CH-UA-Mobile": "?0"}, False),
    ],
)  # fmt: skip
def test_box_is_ticked_beforehand_on_a_phone_only(visit: Visit, headers: dict[str, str], ticked: bool) -> None:
    visitor = visit()
    visitor.response = visitor.client.get(visitor.response.request.path, headers=headers)
    assert visitor.page.one("input[name=remember]").has_attr("checked") is ticked


def test_cookie_is_out_of_reach_and_travels_only_encrypted(make_simulator: Callable[..., Flask]) -> None:
    secure = make_simulator(public_url="https://simulator.example")
    client = secure.test_client()
    url = Provider(client).url(scope="openid").replace("http://localhost:8001", "https://simulator.example")
    visitor = Visitor(client, client.get(url, base_url="https://simulator.example"))
    session = visitor.response.headers["Set-Cookie"]
    assert session.startswith("__Host-vipps_simulator_session=")
    assert all(mark in session for mark in ("Secure", "HttpOnly", "SameSite=Lax"))
    assert visitor.response.headers["Strict-Transport-Security"]
