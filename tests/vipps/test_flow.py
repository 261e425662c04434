"""Whole logins over HTTP against the simulator: the good one, and every way in which a callback can be wrong."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from limits import parse
from sqlalchemy import select

from app.customers import rate_limits
from app.customers.models import CustomerSession
from app.database import db
from app.security import client_site, limiter
from app.vipps.attempts import LIFETIME, MAX_ATTEMPTS, login_attempt
from app.vipps.errors import REDIRECT_CODES, REFUSALS
from tests.conftest import allowed_by, browser_of, open_page
from tests.pages import Page, check_page
from tests.threads import at_once
from tests.vipps.flow import logged_in, refusal, rows
from tests.vipps_person import VippsPerson


def test_a_login_makes_exactly_two_calls_and_none_at_its_start(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    before = vipps.provider_calls()
    url = vipps.start()
    assert vipps.provider_calls() == before
    vipps.browser.get(vipps.approve(url))
    after = vipps.provider_calls()
    assert {name: after[name] - before.get(name, 0) for name in after} == {
        **dict.fromkeys(after, 0),
        "token": 1,
        "userinfo": 1,
    }


def test_the_other_client_authentication_method_works(vipps: VippsPerson, make_app: Any) -> None:
    method = "client_secret_post"
    vipps.patch(f"merchants/{vipps.app.extensions['settings'].client_id}", {"auth_method": method})
    shop = make_app(SIMULATOR_URL=vipps.simulator, VIPPS_CLIENT_AUTH_METHOD=method)
    person = VippsPerson(shop, browser_of(shop), vipps.simulator)
    person.log_in()
    assert logged_in(person)


def test_the_wrong_authentication_method_is_our_mistake_and_the_log_names_the_setting(
    vipps: VippsPerson, capsys: pytest.CaptureFixture[str]
) -> None:
    client_id = vipps.app.extensions["settings"].client_id
    vipps.patch(f"merchants/{client_id}", {"auth_method": "client_secret_post"})
    response = vipps.log_in()
    refusal(vipps, response)
    assert response.status_code == 502
    (line,) = [json.loads(text) for text in capsys.readouterr().err.splitlines() if "vipps_login_refused" in text]
    assert (line["refusal"], line["level"]) == ("invalid_client", "error")
    assert "VIPPS_CLIENT_AUTH_METHOD" in line["cause"]
    assert line["reference"] in response.text


def test_every_error_of_the_redirect_has_its_page(vipps: VippsPerson) -> None:
    for code in (*sorted(REDIRECT_CODES), "an_undocumented_code"):
        vipps.browser = browser_of(vipps.app)
        response = vipps.browser.get(vipps.approve(vipps.start("/checkout"), action="error", error=code))
        known = REFUSALS.get(code) or REFUSALS["unknown_error"]
        assert response.status_code == known.status, code
        assert refusal(vipps, response) == known.page.title % {"brand": "Vipps"}
        assert code not in response.text
        assert "next=/checkout" in response.text, f"{code}: the way back is lost"
        vipps.log_in()
        assert logged_in(vipps), f"{code}: the same browser can log in right afterwards"


def test_a_logged_in_customer_gets_no_login_button_from_a_forged_callback(vipps: VippsPerson) -> None:
    vipps.log_in()
    for query in ("", "?state=invented&code=x"):
        page = check_page(vipps.browser.get(f"/login/vipps/callback{query}"))
        assert not page.select("main a[href^='/login/vipps']"), "one press would log another user in"


def test_a_login_that_makes_no_account_says_so_once_more_when_it_is_tried_again(vipps: VippsPerson) -> None:
    started = vipps.browser.get("/login/vipps?members=1&next=/orders")
    refused = vipps.browser.get(vipps.approve(str(started.headers["Location"]), action="deny"))
    assert str(Page(refused.text).one(".vipps-button")["href"]) == "/login/vipps?next=/orders&members=1"


def test_the_error_description_is_shown_nowhere(vipps: VippsPerson, capsys: pytest.CaptureFixture[str]) -> None:
    state = parse_qs(urlsplit(vipps.start()).query)["state"][0]
    markup = "<script>alert(1)</script>" * 100
    query = {"error": "<b>bold</b>", "error_description": markup, "state": state}
    response = vipps.browser.get("/login/vipps/callback", query_string=query)
    refusal(vipps, response)
    assert "<b>bold" not in response.text
    assert "alert(1)" not in response.text
    assert "alert(1)" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "query", ["error=access_denied", "error=access_denied&state=wrong", "error=access_denied&state="]
)
def test_an_error_without_a_valid_state_ends_no_login_and_no_session(vipps: VippsPerson, query: str) -> None:
    callback = vipps.approve(vipps.start())
    refusal(vipps, vipps.browser.get(f"/login/vipps/callback?{query}"))
    vipps.browser.get(callback)
    assert logged_in(vipps), "the login of the other tab is still good"
    assert vipps.browser.get(f"/login/vipps/callback?{query}").status_code == 400
    assert logged_in(vipps), "who is logged in stays logged in"


@pytest.mark.parametrize(
    ("bend", "token_calls"),
    [
        (lambda query: query.pop("state"), 0), (lambda query: query.update(state=[""]), 0),
        (lambda query: query.update(state=["x" * 5000]), 0),
        (lambda query: query.update(state=query["state"] * 2), 0), (lambda query: query.pop("code"), 0),
        (lambda query: query.update(code=[""]), 0), (lambda query: query.update(code=query["code"] * 2), 0),
        (lambda query: query.update(code=["x" * 3000]), 0), (lambda query: query.update(code=["a\r\nb\x00"]), 0),
        (lambda query: query.update(code=["unknown-code"]), 1),
        (lambda query: query.update(iss=["https://evil.example/"]), 0),
    ],
)  # fmt: skip
def test_a_bent_callback_is_refused(vipps: VippsPerson, bend: Any, token_calls: int) -> None:
    query = parse_qs(urlsplit(vipps.approve(vipps.start())).query)
    bend(query)
    refusal(vipps, vipps.browser.get("/login/vipps/callback", query_string=query))
    assert vipps.provider_calls().get("token", 0) == token_calls


def test_parameters_that_we_do_not_know_are_ignored(vipps: VippsPerson) -> None:
    unknown = "&next=https://evil.example&session_state=x&purpose=connect&owner=1.1"
    response = vipps.browser.get(vipps.approve(vipps.start("/cart")) + unknown)
    assert response.headers["Location"] == "/cart"
    assert logged_in(vipps)


def test_a_callback_in_another_browser_logs_no_user_in_and_the_first_can_still_finish(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start())
    fresh, busy = browser_of(vipps.app), browser_of(vipps.app)
    vipps.start(browser=busy)
    for browser in (fresh, busy):
        response = browser.get(callback)
        assert response.status_code == 400
        assert check_page(response).h1 == "Please finish in the browser where you started"
        assert not logged_in(vipps, browser)
    assert vipps.provider_calls().get("token", 0) == 0
    vipps.browser.get(callback)
    assert logged_in(vipps)


def test_the_code_of_another_user_is_refused(vipps: VippsPerson) -> None:
    attacker = browser_of(vipps.app)
    stolen = parse_qs(urlsplit(vipps.approve(vipps.start(browser=attacker), "ola")).query)["code"]
    mine = parse_qs(urlsplit(vipps.approve(vipps.start(), "kari")).query)
    refusal(vipps, vipps.browser.get("/login/vipps/callback", query_string={**mine, "code": stolen}))


def test_a_repeated_callback_changes_nothing_and_makes_no_call(vipps: VippsPerson) -> None:
    callback = vipps.approve(vipps.start("/cart"))
    vipps.browser.get(callback)
    sessions = rows(vipps, CustomerSession)
    again = vipps.browser.get(callback)
    assert (again.status_code, again.headers["Location"]) == (303, "/cart")
    assert logged_in(vipps)
    assert rows(vipps, CustomerSession) == sessions
    assert vipps.provider_calls()["token"] == 1


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
        browser.set_cookie("vipps-login", cookie.value, domain="localhost")  # type: ignore[union-attr]
    statuses = at_once(*(lambda b=browser: b.get(callback).status_code for browser in browsers))  # type: ignore[misc]  # a bound default
    assert statuses == [303] * 4
    assert vipps.provider_calls()["token"] == 1
    assert all(logged_in(vipps, browser) for browser in browsers), "whichever answer the browser keeps, it is in"


def test_a_login_never_holds_one_connection_while_it_waits_for_another(
    vipps: VippsPerson, make_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a single connection, a request that held it while asking for a second would wait for ever (here: 0.2 s)."""
    only_one = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.2}
    monkeypatch.setattr("app.engine_options", lambda settings: only_one)
    shop = make_app(SIMULATOR_URL=vipps.simulator)
    person = VippsPerson(shop, browser_of(shop), vipps.simulator)
    assert person.log_in("gunnar").status_code == 303
    assert person.log_in("gunnar", next_path="/account").status_code == 303, "also when logged in already"
    callback = person.approve(person.start(), action="deny")
    assert person.browser.get(callback).status_code == 403
    assert person.browser.get(callback).status_code == 303, "a repetition leads on who is logged in"


def test_two_tabs_can_be_finished_in_either_order(vipps: VippsPerson) -> None:
    first, second = vipps.approve(vipps.start("/cart")), vipps.approve(vipps.start("/orders"))
    assert vipps.browser.get(second).headers["Location"] == "/orders"
    assert vipps.browser.get(first).headers["Location"] == "/cart"
    assert logged_in(vipps)


def flood(person: VippsPerson, address: str, times: int, **headers: str) -> list[int]:
    """Begin logins from a network address, each in a browser of its own; returns the statuses."""
    overrides = {"REMOTE_ADDR": address}
    return [
        browser_of(person.app).get("/login/vipps?next=/cart", environ_overrides=overrides, headers=headers).status_code
        for _ in range(times)
    ]


def test_beginning_logins_in_a_flood_is_refused_from_there_and_from_nowhere_else(vipps: VippsPerson) -> None:
    begun = vipps.start()  # which another customer has open meanwhile
    allowed, before = allowed_by(rate_limits.STARTS_PER_CLIENT), rows(vipps, login_attempt)
    assert allowed >= 30 * 4, "a workshop behind one address"
    assert flood(vipps, "10.0.0.1", allowed + 2) == [302] * allowed + [429] * 2
    assert rows(vipps, login_attempt) == before + allowed
    response = browser_of(vipps.app).get("/login/vipps?next=/cart", environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert refusal(vipps, response) == "Please wait a moment"
    assert 0 < int(response.headers["Retry-After"]) <= 60
    assert "Set-Cookie" not in response.headers
    assert flood(vipps, "10.0.0.2", 1) == [302]
    vipps.browser.get(vipps.approve(begun, "kari"), environ_overrides={"REMOTE_ADDR": "10.0.0.1"})
    assert logged_in(vipps), "a login that started before still works"


def test_a_whole_network_of_one_customer_counts_as_one_place(vipps: VippsPerson) -> None:
    allowed = allowed_by(rate_limits.STARTS_PER_CLIENT)
    statuses = [flood(vipps, f"2001:db8:0:1::{n:x}", 1)[0] for n in range(1, allowed + 2)]
    assert statuses == [302] * allowed + [429]
    assert flood(vipps, "2001:db8:0:2::1", 1) == [302]


def test_all_networks_of_one_site_together_are_bounded_too(vipps: VippsPerson) -> None:
    allowed, each = allowed_by(rate_limits.STARTS_PER_SITE), allowed_by(rate_limits.STARTS_PER_CLIENT)
    minutes = LIFETIME.total_seconds() / 60
    assert (MAX_ATTEMPTS // (each * minutes), MAX_ATTEMPTS // (allowed * minutes)) == (55, 11), (
        "the comment says one more"
    )
    with vipps.app.test_request_context(environ_overrides={"REMOTE_ADDR": "2001:db8:0:1::1"}):
        for _ in range(allowed - 1):  # what others there have begun
            limiter.limiter.hit(parse(rate_limits.STARTS_PER_SITE), client_site(), "vipps.start")
    statuses = [flood(vipps, f"2001:db8:0:{n:x}::1", 1)[0] for n in (2, 0x100)]
    assert statuses == [302, 429]
    assert flood(vipps, "2001:db8:1:1::1", 1) == [302]


def test_one_network_alone_does_not_use_up_what_its_neighbours_may_begin(vipps: VippsPerson) -> None:
    allowed, most = allowed_by(rate_limits.STARTS_PER_CLIENT), parse(rate_limits.STARTS_PER_SITE)
    flood(vipps, "2001:db8:0:1::1", allowed + 20)
    with vipps.app.test_request_context(environ_overrides={"REMOTE_ADDR": "2001:db8:0:1::1"}):
        left = limiter.limiter.get_window_stats(most, client_site(), "vipps.start").remaining
    assert left == most.amount - allowed


def test_an_address_of_the_old_kind_is_counted_once(vipps: VippsPerson) -> None:
    flood(vipps, "10.0.0.1", 1)
    most = parse(rate_limits.STARTS_PER_SITE)
    with vipps.app.app_context():
        assert limiter.limiter.get_window_stats(most, "10.0.0.1", "vipps.start").remaining == most.amount


def test_another_site_cannot_use_up_the_start_limit_of_a_network(vipps: VippsPerson) -> None:
    allowed, forged = allowed_by(rate_limits.STARTS_PER_CLIENT), {"Sec-Fetch-Site": "cross-site"}
    assert flood(vipps, "10.0.0.1", allowed + 1, **forged) == [303] * (allowed + 1)
    assert flood(vipps, "10.0.0.1", 1) == [302]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate", "Sec-Purpose": "prefetch;prerender"},
    ],
)
def test_a_login_that_the_person_did_not_start_gets_the_login_page_instead(
    vipps: VippsPerson, headers: dict[str, str]
) -> None:
    response = vipps.browser.get("/login/vipps?next=/cart", headers=headers)
    assert response.headers["Location"] == "/login?next=/cart"
    assert "vipps-login" not in str(response.headers.getlist("Set-Cookie"))


def test_a_login_leads_to_this_site_only(vipps: VippsPerson) -> None:
    """What counts as another site: test_return_path.py."""
    assert vipps.log_in(next_path="//evil.example").headers["Location"] == "/"


def test_with_the_provider_gone_the_page_is_friendly_and_the_shop_goes_on(make_app: Any, unused_port: int) -> None:
    shop = make_app(demo=True, SIMULATOR_URL=f"http://localhost:{unused_port}")
    person = VippsPerson(shop, browser_of(shop), "")
    response = person.browser.get("/login/vipps?next=/checkout")
    assert response.status_code == 502
    assert refusal(person, response) == "Vipps has a problem right now"
    open_page(person.browser, "/")
    open_page(person.browser, "/login")
