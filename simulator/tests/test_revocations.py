"""The revocation event: its body, its delivery, its variants, and webhooks that are missing or unreachable."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient

from .. import revocations
from ..revocations import Variant
from ..testing import ADVANCED_MERCHANT, BASIC_MERCHANT
from .conftest import Provider, Visitor, decoded
from .receiving import Receiver, receiving

# The sample of the provider's own documentation, whose header ends with a line break.
DOCUMENTED = (
    "eyJhbGciOiJub25lIiwidHlwIjogIkpXVCJ9Cg.eyJleHAiOjE1OTI1NzE3ODgsImlhdCI6MTU5MjU3MTQ4OCwibmJmIjoxNTkyNTcxNDg4LCJzdWI"
    "iOiJjOWQxMDQ0NC1kOTkyLTQ4NTAtYWM2MC05ZDM1MDIwOTUwMDgiLCJldmVudCI6IkNPTlNFTlRfUkVWT0tFRCJ9"
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a company's server for one test."""
    with receiving() as server:
        yield server


def told(provider: Provider, url: str | None, **wishes: Any) -> dict[str, Any]:
    """Let Ola share with the company and revoke it; return the control API's answer."""
    provider.set_webhook(url)
    provider.claims("ola", {"scope": "openid name"})
    return provider.control("persons/ola/revoke", {"client_id": BASIC_MERCHANT.client_id, **wishes})


def listed(provider: Provider) -> list[dict[str, Any]]:
    """Return all events."""
    return list(provider.control("deliveries")["deliveries"])


def test_the_body_says_what_the_documented_sample_says() -> None:
    sample = decoded(DOCUMENTED)
    body = revocations.event_body(sample["sub"], sample["iat"])
    assert body.split(".")[1] == DOCUMENTED.split(".")[1]
    assert decoded(body, 0) == {"alg": "none", "typ": "JWT"}
    assert body.count(".") == 1
    assert "=" not in body


def test_a_company_is_told_whom_it_lost(provider: Provider, receiver: Receiver) -> None:
    subject = provider.claims("ola", {"scope": "openid name"})["sub"]
    assert told(provider, receiver.url)["delivered"] == {BASIC_MERCHANT.client_id: 200}
    [(path, kind, sent)] = receiver.received
    assert (path, kind) == ("/hook", "text/plain")
    assert decoded(sent)["sub"] == subject
    assert decoded(sent)["exp"] - decoded(sent)["iat"] == revocations.LIFETIME_SECONDS


def test_the_phone_tells_the_company_too(browser: FlaskClient, provider: Provider, receiver: Receiver) -> None:
    provider.set_webhook(receiver.url)
    provider.log_in("ola", {"scope": "openid name"})
    Visitor(browser, browser.get("/persons/ola/phone")).press("ola/revoke")
    assert len(receiver.received) == 1


def test_a_redirect_is_not_followed(provider: Provider, receiver: Receiver) -> None:
    receiver.answer, receiver.location = 302, receiver.url
    assert told(provider, receiver.url)["delivered"] == {BASIC_MERCHANT.client_id: 302}
    assert len(receiver.received) == 1


def test_unreachable_webhook_does_not_prevent_the_revocation(provider: Provider) -> None:
    answer = told(provider, "http://127.0.0.1:9/hook")
    assert (answer["revoked"], answer["delivered"]) == ([BASIC_MERCHANT.client_id], {BASIC_MERCHANT.client_id: None})
    [delivery] = listed(provider)
    assert (delivery["attempts"], delivery["status"]) == (1, None)
    ola = next(person for person in provider.control("persons")["persons"] if person["key"] == "ola")
    assert ola["shares"] == {}


def test_a_company_without_a_webhook_is_not_told(provider: Provider) -> None:
    provider.claims("ola", {"scope": "openid name"})
    ended = provider.control("persons/ola/revoke", {"client_id": BASIC_MERCHANT.client_id})
    assert (ended["delivered"], ended["deliveries"]) == ({}, [])
    assert listed(provider) == []


def test_an_event_is_kept_with_what_came_of_it(provider: Provider, receiver: Receiver) -> None:
    receiver.answer = 500
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        [number] = told(provider, receiver.url)["deliveries"]
    assert listed(provider) == [
        {
            "id": number, "person": "ola", "client_id": BASIC_MERCHANT.client_id, "event": "ordinary",
            "body": receiver.received[0][2], "made_at": "2026-11-22T12:00:00+00:00",
            "expires_at": "2026-11-22T12:05:00+00:00", "attempts": 1, "tried_at": "2026-11-22T12:00:00+00:00",
            "status": 500,
        }
    ]  # fmt: skip


def test_an_event_can_be_sent_again_and_goes_to_where_the_company_is_now(
    provider: Provider, receiver: Receiver
) -> None:
    [number] = told(provider, "http://127.0.0.1:9/hook")["deliveries"]
    provider.set_webhook(receiver.url)
    answer = provider.control(f"deliveries/{number}/send", {})
    assert (answer["attempts"], answer["status"]) == (2, 200)
    assert [body for _, _, body in receiver.received] == [answer["body"]], "a repeat sends the same event"


def test_an_event_for_a_company_that_no_longer_asks_goes_nowhere(provider: Provider, receiver: Receiver) -> None:
    [number] = told(provider, receiver.url)["deliveries"]
    provider.set_webhook(None)
    assert provider.control(f"deliveries/{number}/send", {})["attempts"] == 1
    assert len(receiver.received) == 1


def test_twice_is_one_event_sent_two_times(provider: Provider, receiver: Receiver) -> None:
    answer = told(provider, receiver.url, event="twice")
    assert answer["delivered"] == {BASIC_MERCHANT.client_id: 200}
    assert [(each["id"], each["attempts"]) for each in listed(provider)] == [(answer["deliveries"][0], 2)]
    [first, second] = receiver.received
    assert first == second


def test_held_is_sent_late_and_only_when_asked_for(provider: Provider, receiver: Receiver) -> None:
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        answer = told(provider, receiver.url, event="held")
    assert (answer["delivered"], receiver.received) == ({}, [])
    [held] = listed(provider)
    assert (held["id"], held["attempts"], held["tried_at"]) == (answer["deliveries"][0], 0, None)
    assert provider.control(f"deliveries/{held['id']}/send", {})["status"] == 200
    assert decoded(receiver.received[0][2])["iat"] == 1795348800, "a late event keeps its original time"


def test_three_segments_differ_from_the_ordinary_event_by_the_dot_alone() -> None:
    assert revocations.event_body("s", 5, Variant.THREE_SEGMENTS) == revocations.event_body("s", 5) + "."


def test_odd_events_are_odd_in_one_way_only(provider: Provider, receiver: Receiver) -> None:
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        for event in ("three_segments", "wrong_event", "expired"):
            told(provider, receiver.url, event=event)
    dotted, other, old = (body for _, _, body in receiver.received)
    assert dotted.endswith(".")
    usual = decoded(dotted)
    assert decoded(other) == {**usual, "event": "SOMETHING_ELSE"}
    assert decoded(old) == {**usual, **{name: usual[name] - 3600 for name in ("exp", "iat", "nbf")}}
    assert [body.count(".") for body in (dotted, other, old)] == [2, 1, 1]


def test_silent_revokes_without_an_event(provider: Provider, receiver: Receiver) -> None:
    answer = told(provider, receiver.url, event="silent")
    assert answer == {"revoked": [BASIC_MERCHANT.client_id], "delivered": {}, "deliveries": []}
    assert (receiver.received, listed(provider)) == ([], [])


def test_each_company_gets_an_event_of_its_own(provider: Provider, advanced: Provider, receiver: Receiver) -> None:
    provider.set_webhook(receiver.url, ADVANCED_MERCHANT)
    advanced.claims("ola", {"scope": "openid name"})
    subjects = {decoded(provider.tokens("ola")["id_token"])["sub"], decoded(advanced.tokens("ola")["id_token"])["sub"]}
    answer = told(provider, receiver.url, client_id=None)
    assert answer["delivered"] == {BASIC_MERCHANT.client_id: 200, ADVANCED_MERCHANT.client_id: 200}
    assert {decoded(body)["sub"] for _, _, body in receiver.received} == subjects
    assert {each["id"] for each in listed(provider)} == set(answer["deliveries"])


@pytest.mark.parametrize("event", ["loud", "ordinary", "", 7, ["twice"], {"twice": True}])
def test_an_unknown_event_is_refused_and_revokes_no_consent(provider: Provider, event: Any) -> None:
    provider.claims("ola", {"scope": "openid name"})
    response = provider.client.post("/control/persons/ola/revoke", json={"event": event})
    assert response.status_code == 400
    assert "twice, held, three_segments" in (response.json or {})["error"]
    ola = next(person for person in provider.control("persons")["persons"] if person["key"] == "ola")
    assert ola["shares"] == {BASIC_MERCHANT.client_id: ["name"]}


@pytest.mark.parametrize("number", ["unknown", "%00"])
def test_an_unknown_event_cannot_be_sent(provider: Provider, number: str) -> None:
    assert provider.client.post(f"/control/deliveries/{number}/send", json={}).status_code == 404


def test_sending_has_to_come_as_json(provider: Provider, receiver: Receiver) -> None:
    [number] = told(provider, receiver.url, event="held")["deliveries"]
    assert provider.client.post(f"/control/deliveries/{number}/send").status_code == 415
    assert receiver.received == []


def test_a_reset_forgets_the_events(provider: Provider, receiver: Receiver) -> None:
    told(provider, receiver.url)
    provider.control("reset", {})
    assert listed(provider) == []
