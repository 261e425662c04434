"""The circuit breaker: when it opens, which call is the trial, and what a visitor sees meanwhile."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.vipps import breaker as breakers
from app.vipps.breaker import MAX_OUTAGES, OPEN_SECONDS, WINDOW_SECONDS, Breaker, BreakerState, CallResult
from app.vipps.client import VippsClient
from app.vipps.deadline_http import CONNECT_SECONDS, Deadline
from app.vipps.errors import LoginRefused
from app.vipps.transport import Transport
from tests.conftest import browser_of, open_page
from tests.pages import check_page
from tests.provider import TOKEN_PATH, USERINFO_PATH, Provider, running
from tests.threads import at_once
from tests.vipps.conftest import Clock, an_attempt
from tests.vipps_person import VippsPerson

RESULTS = {"o": CallResult.OUTAGE, "a": CallResult.ANSWERED, "u": CallResult.UNKNOWN}
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Breaker:
    return Breaker(clock, lambda: NOW)


def fail(circuit: Breaker, times: int = 1, said: CallResult = CallResult.OUTAGE) -> None:
    def call() -> None:
        raise LoginRefused("vipps_timeout")

    for _ in range(times):
        with pytest.raises(LoginRefused, match="vipps_timeout"):
            circuit.call(call, lambda _: said)


def refusal_of(circuit: Breaker) -> LoginRefused:
    """Try a call that the open circuit must refuse; return the refusal."""
    with pytest.raises(LoginRefused) as caught:
        circuit.call(lambda: pytest.fail("it was called"), lambda _: CallResult.ANSWERED)
    assert caught.value.code == "vipps_resting"
    return caught.value


def test_outages_in_a_row_open_the_circuit_and_stop_calls(circuit: Breaker, clock: Clock) -> None:
    fail(circuit, MAX_OUTAGES)
    assert (circuit.state, circuit.since) == (BreakerState.OPEN, NOW)
    clock.seconds += 4
    assert refusal_of(circuit).retry_after == OPEN_SECONDS - 4
    with pytest.raises(LoginRefused, match="vipps_resting"):
        circuit.check()


ALMOST = "o" * (MAX_OUTAGES - 1)


@pytest.mark.parametrize(
    ("calls", "pause", "state"),
    [
        (ALMOST, 0, BreakerState.CLOSED), (f"{ALMOST}o", 0, BreakerState.OPEN),
        (f"{ALMOST}a{ALMOST}", 0, BreakerState.CLOSED),  # an answer resets the count
        (f"uuuuuu{ALMOST}u", 0, BreakerState.CLOSED), (f"uuuuuu{ALMOST}uo", 0, BreakerState.OPEN),
        (ALMOST * 3, WINDOW_SECONDS / (MAX_OUTAGES - 1) + 1, BreakerState.CLOSED),  # they are far apart
    ],
)  # fmt: skip
def test_only_outages_in_a_row_count(
    circuit: Breaker, clock: Clock, calls: str, pause: float, state: BreakerState
) -> None:
    for call in calls:
        circuit.call(lambda: None, lambda _, call=call: RESULTS[call])
        clock.seconds += pause
    assert circuit.state is state


def test_a_half_open_circuit_allows_one_call_whose_answer_closes_it(circuit: Breaker, clock: Clock) -> None:
    fail(circuit, MAX_OUTAGES)
    clock.seconds += OPEN_SECONDS
    assert circuit.state is BreakerState.HALF_OPEN
    circuit.check()
    assert circuit.call(lambda: refusal_of(circuit).retry_after, lambda _: CallResult.ANSWERED) == 1
    assert (circuit.state, circuit.since) == (BreakerState.CLOSED, None)
    fail(circuit, MAX_OUTAGES - 1)
    assert circuit.state is BreakerState.CLOSED, "outages before the success no longer count"


def test_a_failed_trial_opens_the_circuit_again_for_the_same_outage(circuit: Breaker, clock: Clock) -> None:
    fail(circuit, MAX_OUTAGES)
    clock.seconds += OPEN_SECONDS
    fail(circuit)
    assert refusal_of(circuit).retry_after == OPEN_SECONDS
    clock.seconds += OPEN_SECONDS
    assert circuit.state is BreakerState.HALF_OPEN
    assert circuit.since == NOW


def test_a_trial_without_a_result_leaves_the_trial_to_the_next_call(circuit: Breaker, clock: Clock) -> None:
    fail(circuit, MAX_OUTAGES)
    clock.seconds += OPEN_SECONDS
    fail(circuit, 1, CallResult.UNKNOWN)
    with pytest.raises(ZeroDivisionError):
        circuit.call(lambda: 1 / 0, lambda _: CallResult.ANSWERED)
    assert circuit.state is BreakerState.HALF_OPEN
    circuit.call(lambda: "an answer", lambda _: CallResult.ANSWERED)
    assert circuit.state is BreakerState.CLOSED


@pytest.mark.parametrize("said", [CallResult.ANSWERED, CallResult.OUTAGE])
def test_a_call_from_before_does_not_decide_a_later_trial(circuit: Breaker, clock: Clock, said: CallResult) -> None:
    def slow() -> None:
        fail(circuit, MAX_OUTAGES)
        clock.seconds += OPEN_SECONDS

    circuit.call(slow, lambda _: said)
    assert circuit.state is BreakerState.HALF_OPEN


def test_only_one_of_many_threads_makes_the_trial_call(circuit: Breaker, clock: Clock) -> None:
    fail(circuit, MAX_OUTAGES)
    clock.seconds += OPEN_SECONDS
    others_are_done, tried = threading.Event(), []
    refused: list[str] = []

    def try_it() -> None:
        try:
            circuit.call(lambda: tried.append(others_are_done.wait(5)), lambda _: CallResult.ANSWERED)
        except LoginRefused as error:
            refused.append(error.code)
            if len(refused) == 7:
                others_are_done.set()

    at_once(*[try_it] * 8)
    assert (tried, refused) == ([True], ["vipps_resting"] * 7)


def asked(client: VippsClient, code: str = "the-code") -> str:
    """Exchange a code; return the refusal's name, or an empty string."""
    try:
        with client.slot() as deadline:
            client.exchange(code, an_attempt(), deadline)
    except LoginRefused as error:
        return error.code
    return ""


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_provider_that_throttles_is_not_called(provider: Provider, client_of: VippsClient, status: int) -> None:
    provider.bent[TOKEN_PATH] = lambda to: to.send_json({}, status)
    for _ in range(MAX_OUTAGES):
        asked(client_of)
    assert asked(client_of) == "vipps_resting"
    assert provider.calls(TOKEN_PATH) == MAX_OUTAGES


@pytest.mark.parametrize(
    ("status", "body"), [(400, {"error": "invalid_grant"}), (401, {"error": "invalid_client"}), (500, {}), (200, [])]
)
def test_no_answer_to_an_invented_code_opens_the_circuit(
    provider: Provider, client_of: VippsClient, status: int, body: Any
) -> None:
    provider.bent[TOKEN_PATH] = lambda to: to.send_json(body, status)
    for number in range(MAX_OUTAGES * 3):
        assert asked(client_of, f"made-up-{number}") not in ("", "vipps_resting")
    assert client_of.breaker.state is BreakerState.CLOSED


def test_a_500_of_userinfo_counts_as_an_outage(provider: Provider) -> None:
    provider.bent[USERINFO_PATH] = lambda to: to.send_json({}, 500)
    transport = Transport(1)
    for _ in range(MAX_OUTAGES):
        transport.call("GET", provider.origin + USERINFO_PATH, {}, Deadline(2))
    assert transport.breaker.state is BreakerState.OPEN


def test_having_no_time_left_does_not_count_as_an_outage(provider: Provider, client_of: VippsClient) -> None:
    client_of.check_issuer([], Deadline(2))
    for _ in range(MAX_OUTAGES):
        with pytest.raises(LoginRefused, match="vipps_timeout"):
            client_of.exchange("the-code", an_attempt(), Deadline(0))
    assert client_of.breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize(
    ("left", "state"), [(CONNECT_SECONDS - 0.1, BreakerState.CLOSED), (CONNECT_SECONDS + 0.1, BreakerState.OPEN)]
)
def test_a_timeout_counts_only_if_there_was_time_for_an_answer(
    monkeypatch: pytest.MonkeyPatch, left: float, state: BreakerState
) -> None:
    def too_late(*_: object) -> None:
        raise TimeoutError

    transport = Transport(1)
    monkeypatch.setattr(transport, "_send", too_late)
    for _ in range(MAX_OUTAGES):
        with pytest.raises(LoginRefused, match="vipps_timeout"):
            transport.call("GET", "http://localhost/", {}, Deadline(left))
    assert transport.breaker.state is state


def test_a_host_that_cannot_be_reached_counts_however_little_time_is_left(unused_port: int) -> None:
    transport = Transport(1)
    for _ in range(MAX_OUTAGES):
        with pytest.raises(LoginRefused, match="vipps_unreachable"):
            transport.call("GET", f"http://localhost:{unused_port}/", {}, Deadline(CONNECT_SECONDS / 2))
    assert transport.breaker.state is BreakerState.OPEN


def test_a_cached_document_serves_while_the_circuit_is_open(provider: Provider, client_of: VippsClient) -> None:
    client_of.check_issuer([], Deadline(2))
    fail(client_of.breaker, MAX_OUTAGES)
    client_of.discovery._kept["provider"].fresh_until = 0
    client_of.check_issuer([], Deadline(2))


@pytest.fixture
def browser(make_app: Any, provider: Provider) -> FlaskClient:
    """Return a browser at a shop whose settings name a real provider, not a simulator."""
    real = {"VIPPS_ENVIRONMENT": "test", "VIPPS_CLIENT_ID": "a-client", "VIPPS_CLIENT_SECRET": "a-secret-of-a-client"}
    return browser_of(make_app(demo=True, VIPPS_BASE_URL=provider.origin, **real))


def press(browser: FlaskClient) -> Any:
    return browser.get("/login/vipps?next=/checkout")


def order_on(browser: FlaskClient) -> list[str]:
    """Return the two login methods on the login page in their order."""
    page = open_page(browser, "/login?next=/checkout")
    ways = page.select('main a[href^="/login/vipps"], main form[action="/login/password"]')
    return [way.name for way in ways]


def test_while_vipps_is_down_the_login_page_says_so_and_offers_the_password(
    browser: FlaskClient, provider: Provider
) -> None:
    assert order_on(browser) == ["a", "form"]
    provider.down = True
    assert [press(browser).status_code for _ in range(MAX_OUTAGES)] == [502] * MAX_OUTAGES
    made = len(provider.seen)
    refused = press(browser)
    assert (refused.status_code, len(provider.seen)) == (503, made)
    assert 1 <= int(refused.headers["Retry-After"]) <= OPEN_SECONDS
    page = check_page(refused)
    assert page.h1 == "Vipps does not answer right now"
    assert str(page.select(".refused__actions a")[0]["href"]) == "/login?next=/checkout"
    assert "vipps-login" not in refused.headers.get("Set-Cookie", ""), "no login was begun"
    assert order_on(browser) == ["form", "a"]
    for path in ("/login", "/register"):
        assert "Vipps does not answer right now" in open_page(browser, path).one("main .notice").get_text()
    assert open_page(browser, "/").h1


def test_a_callback_fails_at_once_and_the_first_answer_closes_the_circuit(
    browser: FlaskClient, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = press(browser).headers["Location"].partition("state=")[2].partition("&")[0]
    again = press(browser).headers["Location"].partition("state=")[2].partition("&")[0]
    circuit = browser.application.extensions["vipps"].client.breaker
    fail(circuit, MAX_OUTAGES)
    response = browser.get(f"/login/vipps/callback?code=x&state={state}")
    assert (response.status_code, provider.calls(TOKEN_PATH)) == (503, 0)
    monkeypatch.setattr(breakers, "OPEN_SECONDS", -1.0)
    assert order_on(browser) == ["a", "form"], "after the pause the page is as usual"
    assert browser.get(f"/login/vipps/callback?code=x&state={again}").status_code == 502
    assert (provider.calls(TOKEN_PATH), circuit.state) == (1, BreakerState.CLOSED)


def test_readyz_tells_vipps_from_the_database_and_makes_no_call(browser: FlaskClient, provider: Provider) -> None:
    assert browser.get("/readyz").json == {"status": "ready", "database": "ok", "provider": "unknown"}
    press(browser)
    seen = len(provider.seen)
    assert browser.get("/readyz").json == {"status": "ready", "database": "ok", "provider": "ok"}
    fail(browser.application.extensions["vipps"].client.breaker, MAX_OUTAGES)
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.json["status"], answer.json["database"]) == (200, "ready", "ok")
    since = answer.json["provider"].removeprefix("unreachable since ")
    assert datetime.fromisoformat(since) <= datetime.now(UTC)
    assert len(provider.seen) == seen


def test_in_the_demo_a_failure_that_a_visitor_orders_affects_no_other(vipps: VippsPerson) -> None:
    browsers = [browser_of(vipps.app) for _ in range(MAX_OUTAGES + 1)]
    started = [vipps.start(browser=each) for each in browsers]  # now, since a start shows that Vipps answers
    callbacks = [vipps.approve(each, "ola", faults={"token": {"status": 503}}) for each in started]
    for browser, callback in zip(browsers, callbacks, strict=True):
        assert check_page(browser.get(callback)).h1 == "Vipps has a problem right now"
    assert vipps.log_in("ola").status_code == 303


def test_in_the_demo_a_stopped_simulator_opens_the_circuit(make_app: Any) -> None:
    with running() as provider:
        app = make_app(demo=True, SIMULATOR_URL=provider.origin)
        assert press(browser_of(app)).status_code == 302
    assert [press(browser_of(app)).status_code for _ in range(MAX_OUTAGES + 1)] == [502] * MAX_OUTAGES + [503]
