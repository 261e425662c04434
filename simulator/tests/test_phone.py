"""A person's phone: companies with access, answers, and remembered browsers."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from .. import sharing
from ..consents import CUSTOM_FLOW, DELEGATED_CONSENTS
from ..testing import ADVANCED_MERCHANT, BASIC_MERCHANT
from .conftest import Provider, Visitor
from .phone_steps import NOON, ended, phone, register_webhook, words
from .receiving import Receiver, receiving

Visit = Callable[..., Visitor]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a company's server for one test."""
    with receiving() as server:
        yield server


def test_company_is_listed_with_what_it_gets_and_since_when(browser: FlaskClient, provider: Provider) -> None:
    with time_machine.travel(NOON, tick=False):
        provider.log_in("ola", {"scope": "openid name phoneNumber email address"})
    page = phone(browser).page
    assert page.h1 == "The phone of Ola"
    assert words(page.one(".company h3")) == "Testbutikken since 22 Nov 2026, 13:00"
    assert page.one(".company time")["datetime"] == "2026-11-22T12:00:00+00:00"
    assert [words(each) for each in page.select(".gets li")] == ["Name", "Phone number", "Email address", "Addresses"]
    assert not page.select(".answers")


def test_companies_stand_in_the_order_in_which_they_came_the_latest_first(
    browser: FlaskClient, provider: Provider, advanced: Provider
) -> None:
    provider.log_in("ola", {"scope": "openid name"})
    advanced.log_in("ola", {"scope": "openid birthDate gender"})
    page = phone(browser).page
    assert [next(each.stripped_strings) for each in page.select(".company h3")] == ["Den andre", "Testbutikken"]
    assert [words(each) for each in page.select(".gets")] == ["Date of birth Gender", "Name"]
    assert [str(each["aria-labelledby"]) for each in page.select(".end")] == ["end-1 company-1", "end-2 company-2"]


def test_phone_of_one_person_shows_no_data_of_another(
    browser: FlaskClient, provider: Provider, receiver: Receiver
) -> None:
    register_webhook(provider, receiver.url)
    ended(browser, provider)
    provider.log_in("ola", {"scope": "openid name delegatedConsents"})
    assert "Testbutikken" in phone(browser).page.text
    assert "Testbutikken" not in phone(browser, "kari").page.text


def test_answers_are_shown_in_the_words_and_the_language_they_were_given_in(
    browser: FlaskClient, provider: Provider
) -> None:
    with time_machine.travel(NOON, tick=False):
        asked = {"scope": "openid name delegatedConsents"}
        provider.log_in("ola", asked, consents={"sms": True}, language="no")
    answers = phone(browser).page.one(".answers")
    assert "Norsk, 22 Nov 2026, 13:00" in words(answers)
    assert [words(each) for each in answers.select("li")] == [
        "No E-post",
        "Yes SMS",
        "No Jeg vil motta digital markedsføring",
        "No Gi meg tilpassede tilbud",
    ]
    assert {str(each["lang"]) for each in answers.select("h4, li span") if each.has_attr("lang")} == {"no"}
    assert {str(each["lang"]) for each in answers.select("li strong")} == {"en"}


def test_answers_of_a_flow_have_all_screens_and_what_could_be_read_more(
    browser: FlaskClient, provider: Provider
) -> None:
    provider.log_in("ola", {"scope": "openid name customFlow"})
    answers = phone(browser).page.one(".answers")
    assert [words(each) for each in answers.select("h4")] == ["Terms", "News and offers"]
    assert words(answers.select("li > p")[0]) == "Yes I accept the terms"
    assert words(answers.select("li > p")[1]) == "No Send me news by email"
    assert [words(each) for each in answers.select(".more")] == [
        "How often? Twice a month. Each email has a link that stops them."
    ]
    assert answers.select(".links a")[0]["href"] == BASIC_MERCHANT.terms_url


def test_both_kinds_of_answers_stand_side_by_side(browser: FlaskClient, provider: Provider) -> None:
    provider.log_in("ola", {"scope": "openid name delegatedConsents customFlow"})
    assert len(phone(browser).page.select(".company > .answers")) == 2


def test_company_that_only_got_answers_is_listed_and_can_be_ended(browser: FlaskClient, provider: Provider) -> None:
    provider.log_in("ola", {"scope": "openid delegatedConsents"})
    visitor = phone(browser)
    assert words(visitor.page.one(".gets")) == "Only your answers"
    visitor.press("ola/revoke")
    assert not visitor.page.select(".company")


def test_what_the_documented_samples_answered() -> None:
    """Vipps MobilePay Login API guide: the two shapes as they are published."""
    consents = sharing.answered(
        DELEGATED_CONSENTS,
        {
            "language": "EN", "heading": "Stay in touch", "text": "We have offers",
            "links": {
                "termsLinkText": "Terms", "termsLinkUrl": "https://example.com/t",
                "privacyStatementLinkText": "Privacy", "privacyStatementLinkUrl": "https://example.com/p",
            },
            "timeOfConsent": "2022-11-23T11:40:13Z",
            "consents": [
                {"id": "email", "accepted": True, "required": True, "textDisplayedToUser": "Receive offers via email"}
            ],
        },
    )  # fmt: skip
    assert (consents.language, consents.language_name, consents.at.isoformat()) == (
        "en", "English", "2022-11-23T11:40:13+00:00",
    )  # fmt: skip
    [screen] = consents.screens
    assert screen.questions == (sharing.Question("Receive offers via email", True),)
    assert screen.links == (("Terms", "https://example.com/t"), ("Privacy", "https://example.com/p"))
    element: dict[str, Any] = {"type": "checkbox", "id": "cf_accept_terms", "title": "Accept T&C", "checked": True}
    flow = sharing.answered(
        CUSTOM_FLOW,
        {
            "language": "EN",
            "screens": [
                {
                    "title": "Extra consent", "description": "Accept terms and conditions",
                    "terms": {"links": [{"title": "Terms of Service", "url": "https://example.com/terms"}]},
                    "elements": [
                        {**element, "required": True, "readMore": {"title": "More", "description": "Details"}}
                    ],
                }
            ],
            "timeOfConsent": "2026-01-17T09:31:00Z",
        },
    )  # fmt: skip
    assert flow.screens[0].questions == (sharing.Question("Accept T&C", True, "More", "Details"),)
    assert flow.screens[0].links == (("Terms of Service", "https://example.com/terms"),)


def test_remembered_browsers_are_counted_and_forgotten_together(
    browser: FlaskClient, simulator: Flask, visit: Visit
) -> None:
    other = simulator.test_client()
    with time_machine.travel(NOON, tick=False) as clock:
        visit(scope="openid").choose("ola", remember="yes")
        clock.shift(3600)
        visit(scope="openid", client=other).choose("ola", remember="yes")
        visitor = phone(browser)
        assert words(visitor.page.one(".count")) == "2"
        assert [words(each) for each in visitor.page.select(".browsers li")] == [
            "since 22 Nov 2026, 14:00", "since 22 Nov 2026, 13:00 this browser",
        ]  # fmt: skip
        visitor.press("forget")
        assert not visitor.page.select(".browsers, .count")
        for client in (browser, other):
            assert visit(scope="openid", client=client).page.h1 == "Log in to Testbutikken"


def test_browsers_of_others_are_kept(browser: FlaskClient, simulator: Flask, visit: Visit) -> None:
    other = simulator.test_client()
    visit(scope="openid").choose("ola", remember="yes")
    visit(scope="openid", client=other).choose("kari", remember="yes")
    assert words(phone(browser).page.one(".count")) == "1"
    phone(browser).press("forget")
    assert visit(scope="openid", client=other).callback["code"]


def test_browser_that_was_remembered_too_long_ago_does_not_count(browser: FlaskClient, visit: Visit) -> None:
    with time_machine.travel("2024-11-22 12:00:00+00:00", tick=False):
        visit(scope="openid").choose("ola", remember="yes")
    with time_machine.travel(NOON, tick=False):
        assert not phone(browser).page.select(".browsers")


def test_empty_phone_says_how_it_is_filled(browser: FlaskClient) -> None:
    page = phone(browser).page
    assert len(page.select(".nothing")) == 3
    assert page.one(".nothing a")["href"] == "/#merchants"
    assert not page.select("main form")


def test_starting_over_empties_the_phone(
    browser: FlaskClient, provider: Provider, receiver: Receiver, visit: Visit
) -> None:
    register_webhook(provider, receiver.url)
    ended(browser, provider)
    visit(scope="openid name").choose("ola", remember="yes").press("consent")
    assert len(phone(browser).page.select(".company, .browsers, .deliveries")) == 3
    Visitor(browser, browser.get("/")).press("start-over")
    assert not phone(browser).page.select(".company, .browsers, .deliveries")


@pytest.mark.parametrize("key", ["unknown", "%00"])
def test_phone_of_an_unknown_person_is_not_found(browser: FlaskClient, key: str) -> None:
    form = {"csrf_token": Visitor(browser, browser.get("/")).page.csrf_token(), "client_id": BASIC_MERCHANT.client_id}
    assert phone(browser, key).response.status_code == 404
    for action in ("revoke", "browsers/forget", "deliveries/x/send"):
        assert browser.post(f"/persons/{key}/{action}", data=form).status_code == 404


def test_unknown_company_is_not_found(browser: FlaskClient, provider: Provider) -> None:
    provider.log_in("ola", {"scope": "openid name"})
    form = {"csrf_token": phone(browser).page.csrf_token(), "client_id": "unknown"}
    assert browser.post("/persons/ola/revoke", data=form).status_code == 404
    assert phone(browser).page.select(".company")


def test_phone_is_read_in_the_chosen_language(browser: FlaskClient, advanced: Provider) -> None:
    advanced.log_in("ola", {"scope": "openid name"})
    assert phone(browser, query="?language=nb").page.one("html")["lang"] == "nb"
    page = phone(browser).page
    assert page.one("html")["lang"] == "nb"
    assert ADVANCED_MERCHANT.name in page.text
