"""The authorization request: it starts a login, sends an error to the merchant, or shows an error at the provider."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from ..testing import ADVANCED_MERCHANT, CALLBACK
from .conftest import Provider, Visitor, query_of, s256
from .pages import check_page


def test_good_request_shows_the_landing_page_with_the_merchants_name(visit: Callable[..., Visitor]) -> None:
    assert visit().page.h1 == "Log in to Testbutikken"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"client_id": None}, "The parameter client_id is missing."),
        ({"client_id": "unknown"}, "No sales unit has this client_id"),
        ({"client_id": "no\0body"}, "No sales unit has this client_id"),
        ({"client_id": [ADVANCED_MERCHANT.client_id, ADVANCED_MERCHANT.client_id]}, "No sales unit has this client_id"),
        ({"redirect_uri": None}, "The parameter redirect_uri is missing."),
        ({"redirect_uri": CALLBACK + "/"}, "not one of those that are registered"),
        ({"redirect_uri": CALLBACK + "?x=1"}, "not one of those that are registered"),
        ({"redirect_uri": CALLBACK.upper()}, "not one of those that are registered"),
        ({"redirect_uri": "https://attacker.example/"}, "not one of those that are registered"),
        ({"redirect_uri": [CALLBACK, CALLBACK]}, "not one of those that are registered"),
    ],
)
def test_request_whose_redirect_uri_cannot_be_trusted_stays_at_the_provider(
    provider: Provider, changes: dict[str, Any], reason: str
) -> None:
    """RFC 6749 section 4.1.2.1: no redirect to an unknown client or an unregistered redirection URI."""
    response = provider.authorize(**changes)
    assert response.status_code == 400
    assert "Location" not in response.headers
    page = check_page(response)
    assert page.h1 == "Something went wrong"
    assert "Error: invalid_request" in page.text
    assert reason in page.text
    assert "Back to Testbutikken" in page.text or "redirect_uri" not in changes


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"), ({"response_type": None}, "invalid_request"),
        ({"state": "seven77"}, "invalid_state"), ({"state": ""}, "invalid_state"), ({"state": None}, "invalid_state"),
        ({"state": "with\0nul-inside"}, "invalid_request"),
        ({"state": ["one-is-enough", "two-are-not"]}, "invalid_request"), ({"scope": "name"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"), ({"scope": "openid profile"}, "invalid_scope"),
        ({"scope": "openid phonenumber"}, "invalid_scope"), ({"code_challenge_method": "S512"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"), ({"code_challenge": "short"}, "invalid_request"),
        ({"app_callback_uri": "no-scheme"}, "invalid_app_callback_uri"),
        ({"app_callback_uri": "myapp://done"}, "app_callback_uri_not_registered"),
    ],
)  # fmt: skip
def test_faulty_request_is_sent_back_with_an_error(provider: Provider, changes: dict[str, Any], error: str) -> None:
    response = provider.authorize(**changes)
    assert response.status_code == 302
    assert response.headers["Location"].startswith(CALLBACK + "?")
    answer = query_of(response.headers["Location"])
    assert answer["error"] == error
    assert answer["error_description"]
    assert "code" not in answer


def test_error_redirect_returns_the_state_as_it_came(provider: Provider) -> None:
    answer = query_of(provider.authorize(response_type="token", state="æ &=%20 long enough").headers["Location"])
    assert answer["state"] == "æ &=%20 long enough"


def test_missing_state_is_not_invented(provider: Provider) -> None:
    assert "state" not in query_of(provider.authorize(state=None).headers["Location"])


@pytest.mark.parametrize(
    "changes",
    [{"state": "s" * 1000}, {"nonce": "n" * 1000}, {"state": "s" * 700, "nonce": "n" * 700, "filler": "f" * 400}],
)
def test_too_long_a_request_is_a_bad_gateway(provider: Provider, changes: dict[str, str]) -> None:
    """Vipps MobilePay Login FAQ: state or nonce of 1,000 characters, or a URL of 2,000."""
    response = provider.authorize(**changes)
    assert response.status_code == 502
    assert check_page(response).h1 == "502 Bad Gateway"


def test_request_just_below_the_limits_passes(visit: Callable[..., Visitor]) -> None:
    assert visit(state="s" * 999).page.h1 == "Log in to Testbutikken"


def test_unregistered_query_is_refused_but_a_registered_one_is_kept(provider: Provider) -> None:
    answer = provider.log_in(request={"redirect_uri": "http://localhost:5000/other?kept=yes"})
    assert answer["kept"] == "yes"
    assert answer["code"]


def test_success_echoes_scope_and_state(provider: Provider) -> None:
    location = provider.control("authorize", {"authorization_url": provider.url(scope="openid name birthDate")})
    assert "scope=openid%20name%20birthDate" in location["location"]
    assert query_of(location["location"])["state"] == "a-state-of-the-merchant"


@pytest.mark.parametrize("ignored", [{"prompt": "none"}, {"max_age": "0"}, {"login_hint": "x"}, {"ui_locales": "fi"}])
def test_undocumented_parameters_are_ignored(visit: Callable[..., Visitor], ignored: dict[str, str]) -> None:
    assert visit(**ignored).page.h1 == "Log in to Testbutikken"


@pytest.mark.parametrize(
    ("market", "brand"), [("NO", "Vipps"), ("SE", "Vipps"), ("DK", "MobilePay"), ("FI", "MobilePay"), ("XX", "Vipps")]
)
def test_market_chooses_the_name_on_the_page(visit: Callable[..., Visitor], market: str, brand: str) -> None:
    with time_machine.travel("2027-01-11 23:59:00+00:00", tick=False):
        assert f"Log in with {brand}" in visit(market=market).page.text
    with time_machine.travel("2027-01-12 00:00:00+00:00", tick=False):
        assert "Log in with Vipps" in visit(market=market).page.text


def test_app_to_app_v2_requires_pkce(provider: Provider) -> None:
    """Login API guide: mobile app flows, simple login."""
    without = {"code_challenge": None, "code_challenge_method": None, "code_verifier": None}
    sent = provider.control("authorize", {"authorization_url": provider.url(requested_flow="app_to_app_v2", **without)})
    answer = query_of(sent["location"])
    assert (answer["error"], "code" in answer) == ("invalid_request", False)
    assert "app_to_app_v2" in answer["error_description"]
    for allowed in ({"requested_flow": "app_to_app_v2"}, {"requested_flow": "app_to_app", **without}):
        assert "code" in query_of(
            provider.control("authorize", {"authorization_url": provider.url(**allowed)})["location"]
        )


def test_authorization_by_post_does_not_exist(provider: Provider) -> None:
    assert provider.client.post(provider.url()).status_code == 405


def test_default_challenge_method_is_plain(provider: Provider) -> None:
    """RFC 7636 section 4.3, and the documented default of Vipps."""
    plain = "p" * 43
    code = provider.log_in(request={"code_challenge": plain, "code_challenge_method": None})["code"]
    assert provider.exchange(code, code_verifier=plain).status_code == 200
    code = provider.log_in(request={"code_challenge": s256(plain), "code_challenge_method": None})["code"]
    assert provider.exchange(code, code_verifier=plain).status_code == 400
