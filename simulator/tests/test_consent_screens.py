"""The merchant's own screens: the texts of one language, and answers that repeat the shown texts."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ..consents.checks import check_consents
from ..consents.defaults import DEFAULT_CONSENTS, DEFAULT_FLOW
from ..consents.languages import CAPTIONS, FIXED, LANGUAGES, match_language, pick_text
from ..consents.screens import Company, RequiredMissing, consents_answer, consents_screen, flow_answer, flow_screens

COMPANY = Company("Testbutikken", "https://shop.example/terms", "https://shop.example/privacy")
NOON = datetime(2026, 11, 22, 13, 0, 0, 999999, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("config", "language", "captions"),
    [
        ({}, "no", ["E-post", "SMS", "Jeg vil motta digital markedsføring", "Gi meg tilpassede tilbud"]),
        ({}, "en", ["Email", "SMS", "I'd like to receive digital marketing", "Give me customised offers"]),
        ({}, "da", ["E-mail", "SMS", "Jeg vil gerne modtage digital markedsføring", "Giv mig tilpassede tilbud"]),
        ({"captions": "older"}, "no", ["Få tilbud på E-post", "Få tilbud på SMS"]),
        ({"captions": "older"}, "en", ["Receive offers via email", "Receive offers via SMS"]),
    ],
)
def test_captions_are_the_documented_ones(config: dict[str, str], language: str, captions: list[str]) -> None:
    """Login API guide: marketing consents, read in November 2026; the older ones are of the FAQ."""
    check_consents({**DEFAULT_CONSENTS, **config})
    shown = consents_screen({**DEFAULT_CONSENTS, **config}, COMPANY, language)["consents"]
    assert [each["textDisplayedToUser"] for each in shown][: len(captions)] == captions


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_screen_is_in_one_language_and_says_which(language: str) -> None:
    screen = consents_screen(DEFAULT_CONSENTS, COMPANY, language)
    assert screen["language"] == language.upper()
    shown = {each["id"]: each["textDisplayedToUser"] for each in screen["consents"]}
    assert shown == {name: texts[language] for name, texts in CAPTIONS.items()}
    assert "Testbutikken" in screen["text"]
    assert screen["links"]["termsLinkUrl"] == COMPANY.terms_url


@pytest.mark.parametrize("language", list(LANGUAGES))
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
    flow = flow_screens({"version": 3, "screens": [*DEFAULT_FLOW["screens"], second]}, COMPANY, "no")
    assert flow_answer(flow, {"cf_accept_terms"}, NOON) == RequiredMissing(("second",))
    answer = flow_answer(flow, {"cf_accept_terms", "second"}, NOON)
    assert isinstance(answer, dict)
    assert [each["checked"] for screen in answer["screens"] for each in screen["elements"]] == [
        True, False, False, False, True,
    ]  # fmt: skip
    assert answer["screens"][2]["title"] == "More"
    assert answer["screens"][1]["elements"][0]["readMore"]["title"] == "Hvor ofte?"


def texts_in(value: Any) -> list[dict[str, str]]:
    """Return all texts of a configuration, each with its languages."""
    if isinstance(value, dict):
        if set(value) & set(LANGUAGES):
            return [value]
        return [text for each in value.values() for text in texts_in(each)]
    return [text for each in value for text in texts_in(each)] if isinstance(value, list) else []


@pytest.mark.parametrize("whole", [DEFAULT_CONSENTS, DEFAULT_FLOW, CAPTIONS, FIXED])
def test_every_text_exists_in_every_language(whole: dict[str, Any]) -> None:
    texts = texts_in(whole)
    assert texts
    assert [text for text in texts if set(text) != set(LANGUAGES) or not all(text.values())] == []


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("nb-NO", "no"), ("nn", "no"), ("NO", "no"), ("fi-FI", "fi"), ("sv-FI", "sv"), ("da", "da"), ("de", None),
        ("", None),
    ],
)  # fmt: skip
def test_language_of_a_tag(tag: str, language: str | None) -> None:
    assert match_language(tag) == language


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"fi": "Hei", "en": "Hi"}, "Hei"), ({"no": "Hei", "en": "Hi"}, "Hi"), ({"no": "Hei"}, "Hei"),
        ({"fi": "", "en": "Hi"}, "Hi"),
    ],
)  # fmt: skip
def test_what_is_not_translated_is_said_in_another_language(texts: dict[str, str], said: str) -> None:
    assert pick_text(texts, "fi") == said
