"""Revoking a consent on the phone: its effect, and the delivery status that the page shows."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from ..models import SalesUnit
from ..revocations import ODD
from ..testing import BASIC_MERCHANT
from ..views import account_page
from .conftest import Provider, Visitor
from .phone_steps import NOON, ended, phone, register_webhook, words
from .receiving import Receiver, receiving

Visit = Callable[..., Visitor]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a company's webhook server for one test."""
    with receiving() as server:
        yield server


def test_sharing_is_ended_and_asked_for_again(browser: FlaskClient, provider: Provider, visit: Visit) -> None:
    visitor = ended(browser, provider)
    assert visitor.response.status_code == 200
    assert not visitor.page.select(".company")
    assert visit(scope="openid name").choose("ola").page.h1 == "Share with Testbutikken"


def test_only_the_one_company_loses_access(browser: FlaskClient, provider: Provider, advanced: Provider) -> None:
    provider.log_in("ola", {"scope": "openid name"})
    advanced.log_in("ola", {"scope": "openid name"})
    token = phone(browser).page.csrf_token()
    browser.post("/persons/ola/revoke", data={"csrf_token": token, "client_id": BASIC_MERCHANT.client_id})
    page = phone(browser).page
    assert [next(each.stripped_strings) for each in page.select(".company h3")] == ["Den andre"]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (200, "Testbutikken has received the message and confirmed it. HTTP 200"),
        (204, "Testbutikken has received the message and confirmed it. HTTP 204"),
        (500, "Testbutikken has received the message, but has not confirmed it. HTTP 500"),
        (302, "Testbutikken has received the message, but has not confirmed it. HTTP 302"),
    ],
)
def test_page_says_what_the_company_answered(
    browser: FlaskClient, provider: Provider, receiver: Receiver, status: int, sentence: str
) -> None:
    receiver.answer = status
    register_webhook(provider, receiver.url)
    page = ended(browser, provider).page
    assert words(page.one("[role=status]")).startswith(f"Testbutikken no longer has access. {sentence} See what")
    assert page.one("[role=status] a")["href"] == "http://localhost:5000/"
    assert words(page.one(".deliveries p")) == sentence


def test_page_says_that_the_webhook_did_not_answer(browser: FlaskClient, provider: Provider) -> None:
    register_webhook(provider, "http://127.0.0.1:9/hook")
    page = ended(browser, provider).page
    assert "We tried to tell Testbutikken, but the company did not answer." in words(page.one("[role=status]"))


def test_page_says_that_a_company_has_not_asked_to_be_told(browser: FlaskClient, provider: Provider) -> None:
    page = ended(browser, provider).page
    assert (
        words(page.one("[role=status]"))
        == "Testbutikken no longer has access. This company has not asked for an event when a person stops sharing."
    )
    assert not page.select(".deliveries")


def test_button_pressed_twice_tells_once(browser: FlaskClient, provider: Provider, receiver: Receiver) -> None:
    register_webhook(provider, receiver.url)
    provider.log_in("ola", {"scope": "openid name"})
    form = {"csrf_token": phone(browser).page.csrf_token(), "client_id": BASIC_MERCHANT.client_id}
    answers = [browser.post("/persons/ola/revoke", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(receiver.received) == 1


def test_an_odd_event_can_be_chosen_below_the_deliveries(
    browser: FlaskClient, provider: Provider, receiver: Receiver
) -> None:
    register_webhook(provider, receiver.url)
    provider.log_in("ola", {"scope": "openid name"})
    page = phone(browser).page
    assert [button["value"] for button in page.select(".odd button")] == list(ODD)
    form = {"csrf_token": page.csrf_token(), "client_id": BASIC_MERCHANT.client_id}
    assert browser.post("/persons/ola/revoke", data={**form, "event": "unknown"}).status_code == 400
    browser.post("/persons/ola/revoke", data={**form, "event": "twice"})
    assert len(receiver.received) == 2


def test_button_pressed_at_once_in_two_tabs_tells_once(
    browser: FlaskClient, simulator: Flask, provider: Provider, receiver: Receiver
) -> None:
    register_webhook(provider, receiver.url)
    provider.log_in("ola", {"scope": "openid name delegatedConsents"})
    tabs = [simulator.test_client() for _ in range(4)]
    together = threading.Barrier(len(tabs))

    def press(tab: FlaskClient) -> None:
        form = {"csrf_token": phone(tab).page.csrf_token(), "client_id": BASIC_MERCHANT.client_id}
        together.wait()
        assert tab.post("/persons/ola/revoke", data=form).status_code == 303

    with ThreadPoolExecutor(len(tabs)) as pool:
        list(pool.map(press, tabs))
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("uris", "site"),
    [(["app://login/done", "https://shop.example:8443/a?b"], "https://shop.example:8443/"), (["app://login/done"], "")],
)
def test_company_is_shown_where_its_redirect_uris_say(uris: list[str], site: str) -> None:
    assert account_page(SalesUnit(redirect_uris=uris)) == site


def test_company_that_names_its_account_page_is_seen_there(
    browser: FlaskClient, provider: Provider, receiver: Receiver
) -> None:
    register_webhook(provider, receiver.url)
    page_of_account = "https://shop.example/account?tab=sharing"
    provider.control(f"merchants/{provider.unit.client_id}", {"account_url": page_of_account}, method="PATCH")
    assert ended(browser, provider).page.one("[role=status] a")["href"] == page_of_account


def test_message_goes_when_the_company_has_access_again(browser: FlaskClient, provider: Provider) -> None:
    ended(browser, provider)
    query = f"?ended={BASIC_MERCHANT.client_id}"
    assert phone(browser, query=query).page.select("[role=status]")
    provider.log_in("ola", {"scope": "openid name"})
    assert not phone(browser, query=query).page.select("[role=status]")
    assert not phone(browser, query="?ended=unknown").page.select("[role=status]")


def test_company_can_be_told_again(browser: FlaskClient, provider: Provider, receiver: Receiver) -> None:
    receiver.answer = 500
    register_webhook(provider, receiver.url)
    with time_machine.travel(NOON, tick=False):
        visitor = ended(browser, provider)
        assert words(visitor.page.one(".deliveries small")) == "Last sent 22 Nov 2026, 13:00"
        receiver.answer = 200
        visitor.press("send")
        assert words(visitor.page.one(".deliveries p")).endswith("received the message and confirmed it. HTTP 200")
        assert words(visitor.page.one(".deliveries small")) == "Last sent 22 Nov 2026, 13:00 · attempt 2"
    assert receiver.received[0] == receiver.received[1]


def test_page_warns_when_an_event_has_grown_too_old(
    browser: FlaskClient, provider: Provider, receiver: Receiver
) -> None:
    """Login API guide, webhooks: in the documented sample `exp` is five minutes after `iat`."""
    register_webhook(provider, receiver.url)
    with time_machine.travel(NOON, tick=False) as clock:
        assert "too old" not in ended(browser, provider).page.text
        clock.shift(301)
        assert "too old" in phone(browser).page.text


def test_event_that_is_held_waits_for_its_button(browser: FlaskClient, provider: Provider, receiver: Receiver) -> None:
    register_webhook(provider, receiver.url)
    with time_machine.travel(NOON, tick=False):
        provider.log_in("ola", {"scope": "openid name"})
        provider.control("persons/ola/revoke", {"event": "held"})
        visitor = phone(browser)
        assert words(visitor.page.one(".deliveries p")) == "Testbutikken has not been told yet."
        assert words(visitor.page.one(".deliveries small")) == "Waits since 22 Nov 2026, 13:00"
        assert words(visitor.page.one(".deliveries button")) == "Send now"
        assert "HTTP 200" in words(visitor.press("send").page.one(".deliveries"))


def test_company_that_no_longer_asks_cannot_be_told_again(
    browser: FlaskClient, provider: Provider, receiver: Receiver
) -> None:
    register_webhook(provider, receiver.url)
    ended(browser, provider)
    provider.set_webhook(None)
    page = phone(browser).page
    assert page.select(".deliveries")
    assert not page.select(".deliveries form")


def test_event_of_another_person_cannot_be_sent_from_this_phone(
    browser: FlaskClient, provider: Provider, receiver: Receiver
) -> None:
    register_webhook(provider, receiver.url)
    page = ended(browser, provider).page
    action = str(page.one(".deliveries form")["action"]).replace("/ola/", "/kari/")
    assert browser.post(action, data={"csrf_token": page.csrf_token()}).status_code == 404
    assert len(receiver.received) == 1
