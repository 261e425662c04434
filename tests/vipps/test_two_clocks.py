"""Two hosts whose clocks differ by a minute: one writes times that the other compares. People can still log in, stay
logged in and log out. (`test_id_token` tests the leeway for an ID token's own times.)"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import browser_of, post
from tests.vipps_person import VippsPerson


def move(browser: FlaskClient, host: Flask) -> FlaskClient:
    """Return the same browser for another host."""
    there = browser_of(host)
    for name in ("vipps-login", "session", "form"):
        if cookie := browser.get_cookie(name, domain="localhost"):
            there.set_cookie(name, cookie.value, domain="localhost")
    return there


@pytest.mark.parametrize("ahead", [-60, 60])
def test_a_login_works_on_both_hosts_whichever_clock_is_ahead(
    vipps: VippsPerson, make_app: Callable[..., Flask], ahead: int
) -> None:
    other = make_app(SIMULATOR_URL=vipps.simulator)
    others_clock = datetime.now(UTC) + timedelta(seconds=ahead)
    callback = vipps.approve(vipps.start("/account"), "gunnar")
    with time_machine.travel(others_clock, tick=True):
        there = move(vipps.browser, other)
        assert there.get(callback).location == "/account"
        assert there.get(callback).location == "/account", "a reload"
    here = move(there, vipps.app)
    assert here.get("/account").status_code == 200
    assert here.get(callback).location == "/account", "a reload that reaches the first host"
    assert post(here, "/logout", form_on="/account").status_code == 303
    with time_machine.travel(others_clock, tick=True):
        assert there.get("/account").status_code == 303
