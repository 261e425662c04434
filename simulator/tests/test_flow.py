"""The consent screens: in order, in the person's language, back and forth, and stored only when all are answered."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from ..testing import BASIC_MERCHANT
from .conftest import Provider, Visitor

Visit = Callable[..., Visitor]
TERMS = ["cf_accept_terms"]


def at_flow(visit: Visit) -> Visitor:
    """Go to the first screen of the flow."""
    return visit(scope="openid customFlow").choose("kari")


def result(provider: Provider, visitor: Visitor, member: str = "flowResult") -> dict[str, Any]:
    """Exchange the code from the browser's callback, and return the answers."""
    token = (provider.exchange(visitor.callback["code"]).json or {})["access_token"]
    return dict((provider.userinfo(token).json or {})[member])


def ticked(visitor: Visitor) -> list[str]:
    """Return the ticked checkboxes of the page."""
    return [str(box["value"]) for box in visitor.page.select("input[name=accepted][checked]")]


def test_screens_come_one_after_the_other_and_are_answered_together(visit: Visit, provider: Provider) -> None:
    visitor = at_flow(visit)
    assert (visitor.page.h1, "1 / 2" in visitor.page.text) == ("Terms", True)
    visitor.press("flow", accepted=TERMS)
    assert (visitor.page.h1, "2 / 2" in visitor.page.text) == ("News and offers", True)
    screens = result(provider, visitor.press("flow", accepted=["sms"]))["screens"]
    assert [screen["title"] for screen in screens] == ["Terms", "News and offers"]
    answered = {each["id"]: each["checked"] for screen in screens for each in screen["elements"]}
    assert answered == {"cf_accept_terms": True, "email": False, "sms": True, "personal": False}


def test_what_is_required_must_be_ticked_on_its_own_screen(visit: Visit) -> None:
    visitor = at_flow(visit).press("flow")
    assert (visitor.page.h1, "Tick what is required" in visitor.page.text) == ("Terms", True)
    assert visitor.press("flow", accepted=["email"]).page.h1 == "Terms"
    assert visitor.press("flow", accepted=TERMS).page.h1 == "News and offers"


def test_a_screen_answers_only_its_own_questions(visit: Visit, provider: Provider) -> None:
    visitor = at_flow(visit).press("flow", accepted=[*TERMS, "personal"])
    assert ticked(visitor) == []
    screens = result(provider, visitor.press("flow", accepted=["email", "cf_accept_terms"]))["screens"]
    assert [each["checked"] for each in screens[1]["elements"]] == [True, False, False]


def test_back_shows_what_was_ticked_and_lets_it_be_changed(visit: Visit) -> None:
    visitor = at_flow(visit)
    assert not visitor.page.select("form[action$='/flow/back']"), "the first screen has no Back button"
    visitor.press("flow", accepted=TERMS).press("back")
    assert (visitor.page.h1, ticked(visitor)) == ("Terms", TERMS)
    assert visitor.press("flow").page.h1 == "Terms", "a box that was unticked on the way back is required again"
    assert visitor.press("flow", accepted=TERMS).press("flow").callback["code"]


def test_a_tick_can_be_removed_after_going_back(visit: Visit, provider: Provider) -> None:
    def asking(name: str) -> dict[str, Any]:
        return {"title": name, "description": "", "elements": [{"id": name, "title": name, "required": False}]}

    flow = {"version": 2, "screens": [asking("one"), asking("two")]}
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", {"custom_flow": flow}, "PATCH")
    visitor = at_flow(visit).press("flow", accepted=["one"]).press("back")
    screens = result(provider, visitor.press("flow").press("flow", accepted=["two"]))["screens"]
    assert [each["checked"] for screen in screens for each in screen["elements"]] == [False, True]


def test_before_the_first_screen_there_is_none(visit: Visit) -> None:
    visitor = at_flow(visit)
    address, token = visitor.response.request.path, visitor.page.csrf_token()
    visitor.response = visitor.client.post(f"{address}/flow/back", data={"csrf_token": token})
    assert visitor.follow().page.h1 == "Terms"


def test_a_screen_sent_twice_is_answered_once(visit: Visit) -> None:
    visitor = at_flow(visit)
    first = visitor.response
    visitor.press("flow", accepted=TERMS)
    visitor.response = first
    assert visitor.press("flow", accepted=TERMS).page.h1 == "News and offers"


@pytest.mark.parametrize(
    "form", [{"version": "0"}, {"version": "x"}, {"number": "1"}, {"number": ""}, {"language": "xx"}]
)
def test_an_answer_to_another_screen_or_version_is_ignored(visit: Visit, form: dict[str, str]) -> None:
    visitor = at_flow(visit).press("flow", accepted=TERMS, **form)
    assert visitor.page.h1 == "Terms"
    assert not visitor.page.select(".problem")


def test_a_flow_that_was_changed_meanwhile_begins_again(visit: Visit, provider: Provider) -> None:
    visitor = at_flow(visit).press("flow", accepted=TERMS)
    flow = next(
        unit for unit in provider.control("merchants")["merchants"] if unit["client_id"] == BASIC_MERCHANT.client_id
    )
    changed = {"custom_flow": {**flow["custom_flow"], "version": 2}}
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", changed, "PATCH")
    assert visitor.press("flow", accepted=["sms"]).page.h1 == "Terms"


def test_cancelling_on_a_later_screen_stores_no_answer(visit: Visit, provider: Provider) -> None:
    answer = at_flow(visit).press("flow", accepted=TERMS).press("cancel").callback
    assert answer["error"] == "access_denied"
    assert at_flow(visit).page.h1 == "Terms"
    assert "flowResult" in provider.claims(request={"scope": "openid customFlow"})


def test_a_screen_is_read_in_finnish_and_reported_so(visit: Visit, provider: Provider, browser: FlaskClient) -> None:
    browser.get("/?language=fi")
    visitor = visit(scope="openid customFlow delegatedConsents").choose("kari")
    assert visitor.page.h1 == "Pidetään yhteyttä"
    assert visitor.page.one("h1")["lang"] == "fi"
    assert "Haluan räätälöityjä tarjouksia" in visitor.page.text
    assert visitor.page.one("form[action$='/consents'] button").get_text() == "Vahvista"
    visitor.press("consents", accepted=["email"])
    assert visitor.press("flow").page.one(".problem").get_text().startswith("Valitse pakolliset")
    visitor.press("flow", accepted=TERMS)
    given = result(provider, visitor.press("flow"))
    assert (given["language"], given["screens"][1]["title"]) == ("FI", "Uutisia ja tarjouksia")


def test_language_of_the_first_screen_is_kept_for_all(visit: Visit, provider: Provider, browser: FlaskClient) -> None:
    visitor = at_flow(visit).press("flow", accepted=TERMS)
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "sv"
    visitor.response = browser.get(visitor.response.request.path)
    assert visitor.page.h1 == "News and offers"
    assert result(provider, visitor.press("flow"))["language"] == "EN"


def test_a_required_consent_is_needed_to_go_on(visit: Visit, provider: Provider) -> None:
    """“Collecting consents”: a person who does not tick a required item cannot finish."""
    units = provider.control("merchants")["merchants"]
    mine = next(unit for unit in units if unit["client_id"] == BASIC_MERCHANT.client_id)["delegated_consents"]
    consents = [{"id": "email", "required": True}, {"id": "sms", "required": False}]
    changed = {"delegated_consents": {**mine, "consents": consents}}
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", changed, "PATCH")
    visitor = visit(scope="openid delegatedConsents").choose("kari").press("consents", accepted=["sms"])
    assert visitor.page.select(".problem")
    assert ticked(visitor) == ["sms"], "ticked boxes stay ticked"
    items = result(provider, visitor.press("consents", accepted=["email"]), "delegatedConsents")["consents"]
    assert [(each["id"], each["accepted"], each["required"]) for each in items] == [
        ("email", True, True), ("sms", False, False),
    ]  # fmt: skip
