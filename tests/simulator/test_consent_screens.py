"""The merchant's own screens: the texts of one language, and answers that repeat what was shown."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from app.simulator.consent_screens import (
    CAPTIONS,
    DEFAULT_CONSENTS,
    DEFAULT_FLOW,
    Company,
    RequiredMissing,
    check_consents,
    check_flow,
    consents_answer,
    consents_screen,
    flow_answer,
    flow_screens,
)

COMPANY = Company("Testbutikken", "https://shop.example/terms", "https://shop.example/privacy")
NOON = datetime(2026, 11, 22, 13, 0, 0, 999999, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(("language", "code"), [("en", "EN"), ("nb", "NO")])
def test_screen_uses_the_documented_captions(language: str, code: str) -> None:
    screen = consents_screen(DEFAULT_CONSENTS, COMPANY, language)
    assert screen["language"] == code
    shown = {each["id"]: each["textDisplayedToUser"] for each in screen["consents"]}
    assert shown == {name: texts[language] for name, texts in CAPTIONS.items()}
    assert "Testbutikken" in screen["text"]
    assert screen["links"]["termsLinkUrl"] == COMPANY.terms_url


@pytest.mark.parametrize("language", ["en", "nb"])
def test_no_placeholder_is_left(language: str) -> None:
    shown = str(consents_screen(DEFAULT_CONSENTS, COMPANY, language)) + str(
        flow_screens(DEFAULT_FLOW, COMPANY, language)
    )
    assert "{merchant}" not in shown
    assert "_url}" not in shown


def test_answer_repeats_what_was_shown() -> None:
    screen = consents_screen(DEFAULT_CONSENTS, COMPANY, "en")
    answer = consents_answer(screen, {"sms", "unheard-of"}, NOON)
    assert isinstance(answer, dict)
    assert answer["heading"] == screen["heading"]
    assert answer["timeOfConsent"] == "2026-11-22T12:00:00Z"
    assert [each["accepted"] for each in answer["consents"]] == [False, True, False, False]


def test_required_consent_that_was_not_ticked_is_named() -> None:
    config = {**DEFAULT_CONSENTS, "consents": [{"id": "email", "required": True}, {"id": "sms", "required": False}]}
    screen = consents_screen(config, COMPANY, "en")
    assert consents_answer(screen, {"sms"}, NOON) == RequiredMissing(("email",))
    assert isinstance(consents_answer(screen, {"email"}, NOON), dict)


def test_flow_answer_covers_all_screens() -> None:
    element: dict[str, Any] = {"id": "second", "title": "Second", "required": True}
    second = {"title": "More", "description": "…", "elements": [element]}
    flow = flow_screens({"version": 3, "screens": [*DEFAULT_FLOW["screens"], second]}, COMPANY, "nb")
    assert flow_answer(flow, {"cf_accept_terms"}, NOON) == RequiredMissing(("second",))
    answer = flow_answer(flow, {"cf_accept_terms", "second"}, NOON)
    assert isinstance(answer, dict)
    assert [each["checked"] for screen in answer["screens"] for each in screen["elements"]] == [True, False, True]
    assert answer["screens"][1]["title"] == "More"
    assert answer["screens"][0]["elements"][1]["readMore"]["title"] == "Hva er i det?"


@pytest.mark.parametrize(
    "consent",
    [{"id": "fax", "required": True}, {"id": "email", "required": "yes"}, {"id": "email"}, {"required": True}],
)
def test_consent_that_does_not_exist_cannot_be_configured(consent: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="delegated_consents"):
        check_consents({**DEFAULT_CONSENTS, "consents": [consent]})


@pytest.mark.parametrize("missing", ["id", "title", "required"])
def test_flow_element_must_be_complete(missing: str) -> None:
    element = {"id": "x", "title": "X", "required": True}
    del element[missing]
    screen = {"title": "T", "description": "D", "elements": [element]}
    with pytest.raises(ValueError, match=missing):
        check_flow({"version": 1, "screens": [screen]})
