"""Whole logins over HTTP against the simulator: a successful one, and every kind of wrong callback."""

from typing import Any

import pytest
from limits import parse
from sqlalchemy import select

from app.customers import rate_limits
from app.database import db
from app.security import client_site, limiter
from app.vipps.attempts import LIFETIME, MAX_ATTEMPTS, login_attempt
from tests.conftest import allowed_by, browser_of
from tests.pages import Page, check_page
from tests.threads import at_once
from tests.vipps.flow import logged_in, refusal, rows
from tests.vipps_person import VippsPerson


def test_a_logged_in_customer_gets_no_login_button_from_a_forged_callback(vipps: VippsPerson) -> None:
    vipps.log_in()
    for query in ("", "?state=invented&code=x"):
        page = check_page(vipps.browser.get(f"/login/vipps/callback{query}"))
        assert not page.select("main a[href^='/login/vipps']"), "one press would log another user in"


def test_a_members_only_login_stays_one_when_it_is_tried_again(vipps: VippsPerson) -> None:
    started = vipps.browser.get("/login/vipps?members=1&next=/orders")
    refused = vipps.browser.get(vipps.approve(str(started.headers["Location"]), action="deny"))
    assert str(Page(refused.text).one(".vipps-button")["href"]) == "/login/vipps?next=/orders&members=1"


def test_a_refused_callback_is_known_as_such_when_it_is_repeated(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start(), action="deny")
    assert refusal(vipps, vipps.browser.get(callback)) == "The login was cancelled"
    with vipps.app.app_context(), db.engine.connect() as connection:
        assert connection.scalar(select(login_attempt.c.outcome)) == "refused"
    assert refusal(vipps, vipps.browser.get(callback)) == "This login has already been used"


def test_a_double_click_logs_in_once_and_both_answers_lead_in(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start())
    cookie = vipps.browser.get_cookie("vipps-login", domain="localhost")
    browsers = [browser_of(vipps.app) for _ in range(4)]
    for browser in browsers:
        browser.set_cookie("vipps-login", cookie.value, domain="localhost")
    statuses = at_once(*(lambda b=browser: b.get(callback).status_code for browser in browsers))
    assert statuses == [303] * 4
    assert vipps.provider_calls()["token"] == 1
    assert all(logged_in(vipps, browser) for browser in browsers), "both cookies must log the browser in"


def test_a_login_never_holds_one_connection_while_it_waits_for_another(
    vipps: VippsPerson, make_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one connection, a request that holds it and asks for a second one would wait for ever (here: 0.2 s)."""
    only_one = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.2}
    monkeypatch.setattr("app.engine_options", lambda settings: only_one)
    shop = make_app(SIMULATOR_URL=vipps.simulator)
    person = VippsPerson(shop, browser_of(shop), vipps.simulator)
    assert person.log_in("gunnar").status_code == 303
    assert person.log_in("gunnar", next_path="/account").status_code == 303, "a logged-in customer can log in again"
    callback = person.approve(person.start(), action="deny")
    assert person.browser.get(callback).status_code == 403
    assert person.browser.get(callback).status_code == 303, "a repeated callback redirects a logged-in customer"


def test_two_tabs_can_be_finished_in_either_order(vipps: VippsPerson) -> None:
    first, second = vipps.approve(vipps.start("/cart")), vipps.approve(vipps.start("/orders"))
    assert vipps.browser.get(second).headers["Location"] == "/orders"
    assert vipps.browser.get(first).headers["Location"] == "/cart"
    assert logged_in(vipps)


def flood(person: VippsPerson, address: str, times: int, **headers: str) -> list[int]:
    """Begin logins from a network address, each in a new browser; return the statuses."""
    overrides = {"REMOTE_ADDR": address}
    return [
        browser_of(person.app).get("/login/vipps?next=/cart", environ_overrides=overrides, headers=headers).status_code
        for _ in range(times)
    ]


def test_a_flood_of_logins_is_refused_only_for_its_network(vipps: VippsPerson) -> None:
    begun = vipps.start()  # another customer has this login open meanwhile
    allowed, before = allowed_by(rate_limits.STARTS_PER_CLIENT), rows(vipps, login_attempt)
    assert allowed >= 30 * 4, "thirty participants behind one address can log in four times"
    assert flood(vipps, "10.0.0.1", allowed + 2) == [302] * allowed + [429] * 2
    assert rows(vipps, login_attempt) == before + allowed
    response = browser_of(vipps.app).get("/login/vipps?next=/cart", environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert refusal(vipps, response) == "Please wait a moment"
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert "Set-Cookie" not in response.headers
    for other in ("10.0.0.2", "::ffff:10.0.0.3", "2001:db8::1"):
        assert flood(vipps, other, 1) == [302]
    assert flood(vipps, "::ffff:10.0.0.1", 1) == [429], "the same address in another form"
    most = parse(rate_limits.STARTS_PER_SITE)
    with vipps.app.app_context():
        left = limiter.limiter.get_window_stats(most, "10.0.0.1", "vipps.start").remaining
    assert left == most.amount, "an IPv4 address has no limit for a whole site"
    vipps.browser.get(vipps.approve(begun, "kari"), environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert logged_in(vipps), "a login that started before still works"


def test_a_whole_network_is_one_client_and_does_not_affect_its_neighbours(vipps: VippsPerson) -> None:
    allowed, most = allowed_by(rate_limits.STARTS_PER_CLIENT), parse(rate_limits.STARTS_PER_SITE)
    statuses = [flood(vipps, f"2001:db8:0:1::{n:x}", 1)[0] for n in range(1, allowed + 21)]
    assert statuses == [302] * allowed + [429] * 20
    with vipps.app.test_request_context(environ_overrides={"REMOTE_ADDR": "2001:db8:0:1::1"}):
        left = limiter.limiter.get_window_stats(most, client_site(), "vipps.start").remaining
    assert left == most.amount - allowed
    assert flood(vipps, "2001:db8:0:2::1", 1) == [302]


def test_all_networks_of_one_site_together_are_limited_too(vipps: VippsPerson) -> None:
    allowed, each = allowed_by(rate_limits.STARTS_PER_SITE), allowed_by(rate_limits.STARTS_PER_CLIENT)
    minutes = LIFETIME.total_seconds() / 60
    assert (MAX_ATTEMPTS // (each * minutes), MAX_ATTEMPTS // (allowed * minutes)) == (55, 11), (
        "the comment in rate_limits.py has wrong numbers"
    )
    with vipps.app.test_request_context(environ_overrides={"REMOTE_ADDR": "2001:db8:0:1::1"}):
        for _ in range(allowed - 1):  # logins that other customers of this network have begun
            limiter.limiter.hit(parse(rate_limits.STARTS_PER_SITE), client_site(), "vipps.start")
    statuses = [flood(vipps, f"2001:db8:0:{n:x}::1", 1)[0] for n in (2, 0x100)]
    assert statuses == [302, 429]
    assert flood(vipps, "2001:db8:1:1::1", 1) == [302]


def test_another_site_cannot_use_up_the_start_limit_of_a_network(vipps: VippsPerson) -> None:
    allowed, forged = allowed_by(rate_limits.STARTS_PER_CLIENT), {"Sec-Fetch-Site": "cross-site"}
    assert flood(vipps, "10.0.0.1", allowed + 1, **forged) == [303] * (allowed + 1)
    assert flood(vipps, "10.0.0.1", 1) == [302]
