"""Discovery and keys: checked before they are cached, fetched again when due, and kept while Vipps is down."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from app.vipps import discovery
from app.vipps.client import VippsClient
from app.vipps.config import DISCOVERY_PATH
from app.vipps.deadline_http import Deadline
from tests.provider import KEYS_PATH, Handler, Provider
from tests.threads import at_once
from tests.vipps.conftest import Clock, an_attempt
from tests.vipps.test_client import LogIn, refused


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Give the cache a test clock; the deadlines keep the real clock."""
    clock = Clock()
    monkeypatch.setattr(discovery, "time", clock)
    return clock


@pytest.mark.parametrize(("headers", "seconds"), [({"Cache_Control": "max-age=600"}, 600), ({}, 3600)])
def test_the_document_is_kept_for_its_max_age_or_an_hour_and_then_fetched_again(
    provider: Provider, log_in: LogIn, clock: Clock, headers: dict[str, str], seconds: int
) -> None:
    provider.bent[DISCOVERY_PATH] = lambda to: to.send_json(provider.document(), **headers)
    for pause, calls in ((0, 1), (seconds - 1, 1), (2, 2)):
        clock.seconds += pause
        log_in()
        assert provider.calls(DISCOVERY_PATH) == calls


def test_the_last_good_copy_serves_while_discovery_is_down(provider: Provider, log_in: LogIn, clock: Clock) -> None:
    log_in()
    clock.seconds += 4000
    provider.bent[DISCOVERY_PATH] = provider.bent[KEYS_PATH] = Handler.cut
    log_in()
    log_in()
    assert provider.calls(DISCOVERY_PATH) == 2, "a failed refresh is retried after a pause, not at each login"
    provider.bent.clear()
    clock.seconds += discovery.RETRY_AFTER + 1
    log_in()
    assert provider.calls(DISCOVERY_PATH) == 3


def test_a_changed_endpoint_is_taken_over(provider: Provider, client_of: VippsClient, clock: Clock) -> None:
    client_of.authorization_url(an_attempt())
    provider.discovery = {"authorization_endpoint": provider.origin + "/new/auth"}
    clock.seconds += 3601
    assert "/new/auth?" in client_of.authorization_url(an_attempt())


def test_an_endpoint_whose_host_only_begins_like_the_providers_is_refused(provider: Provider, log_in: LogIn) -> None:
    host = provider.origin.removeprefix("http:")
    ends = (".evil.example/token", "@evil.example/token", "0/token", "")
    for url in (*(provider.origin + end for end in ends), f"https:{host}/token", f"{host}/token", "//evil.example/x"):
        provider.discovery = {"token_endpoint": url}
        assert refused(log_in) == "discovery_unusable"


@pytest.mark.parametrize(
    "bend",
    [
        {"issuer": "https://evil.example/"}, {"issuer": None}, {"authorization_endpoint": None},
        {"token_endpoint": ""}, {"userinfo_endpoint": 7}, {"jwks_uri": None},
        {"token_endpoint": "https://evil.example/token"}, {"userinfo_endpoint": "http://[bad"},
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_trusted_is_refused_and_not_kept(
    provider: Provider, log_in: LogIn, bend: dict[str, Any]
) -> None:
    provider.discovery = bend
    assert refused(log_in) == "discovery_unusable"
    provider.discovery = {}
    log_in()


@pytest.mark.parametrize(
    ("bend", "code"),
    [
        (lambda to: to.send(b"<html>"), "discovery_unusable"), (lambda to: to.send(b""), "discovery_unusable"),
        (lambda to: to.send(b"[]"), "discovery_unusable"), (lambda to: to.send_json({}, 404), "discovery_unusable"),
        (lambda to: to.send_json({}, 500), "vipps_failing"), (lambda to: to.send_json({}, 503), "vipps_overloaded"),
        (lambda to: to.send_json({}, 301, Location="/"), "redirect_refused"),
    ],
)  # fmt: skip
def test_a_bad_discovery_answer_is_refused_and_the_next_good_one_works(
    provider: Provider, log_in: LogIn, bend: Callable[[Handler], None], code: str
) -> None:
    provider.bent[DISCOVERY_PATH] = bend
    assert refused(log_in) == code
    provider.bent.clear()
    log_in()


@pytest.mark.parametrize(
    "keys",
    [
        {}, {"keys": None}, {"keys": []}, {"keys": [{}]}, {"keys": ["x"]},
        {"keys": [{"kty": "RSA", "n": "x", "e": "AQAB"}]}, [],
    ],
)  # fmt: skip
def test_bad_keys_are_refused_and_the_next_good_ones_work(provider: Provider, log_in: LogIn, keys: object) -> None:
    provider.bent[KEYS_PATH] = lambda to: to.send_json(keys)
    assert refused(log_in) == "keys_unusable"
    provider.bent.clear()
    log_in()


def test_keys_of_other_types_and_uses_are_ignored(provider: Provider, log_in: LogIn) -> None:
    good = provider.key.as_dict(private=False)
    others = [
        {"kty": "AKP", "alg": "ML-DSA-00", "pub": "AAAA", "kid": "quantum"}, {"kty": "unheard-of", "kid": "new"},
        {**good, "alg": "RS999", "kid": "unknown-alg"}, {**good, "use": "enc", "kid": "public:0"},
        {"kty": "EC", "crv": "P-000", "x": "AA", "y": "AA", "kid": "curve"}, {"kty": "oct", "k": "eA"},
        {"kty": "RSA", "n": "!", "e": "AQAB", "kid": "broken"}, "no object",
    ]  # fmt: skip
    provider.bent[KEYS_PATH] = lambda to: to.send_json({"keys": [*others, good, *others * 3]})
    log_in()


def test_a_thread_with_a_good_copy_does_not_wait_for_a_refresh(
    provider: Provider, client_of: VippsClient, clock: Clock
) -> None:
    client_of.check_issuer([], Deadline(5))
    clock.seconds += 4000
    asked, answer = threading.Event(), threading.Event()

    def hang(to: Handler) -> None:
        asked.set()
        answer.wait(5)
        to.cut()

    provider.bent[DISCOVERY_PATH] = hang
    refreshing = threading.Thread(target=lambda: client_of.check_issuer([], Deadline(5)))
    refreshing.start()
    assert asked.wait(5)
    client_of.check_issuer([], Deadline(5))  # served from the cache, while the other thread still waits
    assert refreshing.is_alive()
    answer.set()
    refreshing.join()


def test_one_fetch_serves_all_waiting_threads(provider: Provider, client_of: VippsClient) -> None:
    at_once(*[lambda: client_of.check_issuer([], Deadline(5))] * 8)
    assert provider.calls(DISCOVERY_PATH) == 1
