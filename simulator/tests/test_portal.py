"""A merchant's page for its consent screens: what it changes, for which persons, and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from ..testing import BASIC_MERCHANT
from .conftest import Provider, Visitor
from .pages import Page, check_page

CONSENTS, FLOW = "delegatedConsents", "customFlow"
ADDRESS = f"/merchants/{BASIC_MERCHANT.client_id}/consents"


def opened(browser: FlaskClient, kind: str, language: str = "en") -> Page:
    return check_page(browser.get(f"{ADDRESS}/{kind}?words={language}"))


def filled(page: Page, **changes: Any) -> MultiDict[str, str]:
    """Return the form's fields as a browser would send them, with other values; None removes a field."""
    form: MultiDict[str, str] = MultiDict()
    for field in page.select("#settings-form input, #settings-form textarea"):
        if field.get("type") == "checkbox" and not field.has_attr("checked"):
            continue
        form.add(str(field["name"]), str(field.get_text() if field.name == "textarea" else field.get("value", "")))
    for name, value in changes.items():
        form.setlist(name, [value] if isinstance(value, str) else value or [])
    return form


def save(browser: FlaskClient, kind: str, language: str = "en", **changes: Any) -> TestResponse:
    """Fill in the form and press a button of it."""
    form = filled(opened(browser, kind, language), **changes)
    return browser.post(f"{ADDRESS}/{kind}", data=form)


def saved(browser: FlaskClient, kind: str, language: str = "en", **changes: Any) -> Page:
    response = save(browser, kind, language, **changes)
    assert response.status_code == 303, check_page(response).text
    return check_page(browser.get(response.headers["Location"]))


def config(provider: Provider, field: str) -> dict[str, Any]:
    """Return a merchant's configuration."""
    units = provider.control("merchants")["merchants"]
    return dict(next(unit for unit in units if unit["client_id"] == BASIC_MERCHANT.client_id)[field])


@pytest.mark.parametrize(("kind", "field"), [(CONSENTS, "delegated_consents"), (FLOW, "custom_flow")])
@pytest.mark.parametrize("language", ["no", "en", "da", "fi", "sv"])
def test_saving_without_a_change_raises_only_the_version(
    browser: FlaskClient, provider: Provider, kind: str, field: str, language: str
) -> None:
    before = config(provider, field)
    page = saved(browser, kind, language)
    assert page.one(".text-languages [aria-current]")["lang"] == language
    assert page.one(".version").get_text() == "Version 2"
    assert config(provider, field) == {**before, "version": 2}


def test_start_of_the_settings_leads_to_the_first_kind(browser: FlaskClient) -> None:
    assert browser.get(ADDRESS).headers["Location"] == f"{ADDRESS}/{CONSENTS}"


def test_texts_ids_and_what_is_required_reach_the_screen_and_the_result(
    browser: FlaskClient, provider: Provider, visit: Callable[..., Visitor]
) -> None:
    saved(
        browser, CONSENTS, heading="News from {merchant}", text="First line\r\nsecond line",
        consent=["email", "personal"], required=["email"], terms_url="https://shop.example/terms",
    )  # fmt: skip
    visitor = visit(scope="openid delegatedConsents").choose("kari")
    assert visitor.page.h1 == "News from Testbutikken"
    claims = provider.claims("ola", {"scope": "openid delegatedConsents"}, consents={"personal": True})
    given = claims["delegatedConsents"]
    assert (given["text"], given["links"]["termsLinkUrl"]) == ("First line\nsecond line", "https://shop.example/terms")
    assert [(each["id"], each["required"]) for each in given["consents"]] == [("email", True), ("personal", False)]
    assert config(provider, "delegated_consents")["heading"]["no"] == "Hold kontakten", "other languages do not change"


def test_saved_screens_are_shown_again_to_those_who_answered(browser: FlaskClient, provider: Provider) -> None:
    """Login API changelog, March 2025: answers are remembered until the configuration changes."""
    asked = {"scope": "openid delegatedConsents"}
    assert CONSENTS in provider.claims(request=asked)
    assert CONSENTS not in provider.claims(request=asked)
    saved(browser, CONSENTS)
    assert CONSENTS in provider.claims(request=asked)


def test_text_that_is_emptied_is_said_in_english(browser: FlaskClient, provider: Provider) -> None:
    page = saved(browser, CONSENTS, "fi", heading="")
    assert page.one(".preview h3").get_text() == "Stay in touch"
    assert page.one("#heading")["placeholder"] == "Stay in touch"
    assert "fi" not in config(provider, "delegated_consents")["heading"]


def test_flow_grows_and_shrinks_by_its_buttons(browser: FlaskClient, provider: Provider) -> None:
    def shape() -> list[list[str]]:
        return [[each["id"] for each in screen["elements"]] for screen in config(provider, "custom_flow")["screens"]]

    saved(browser, FLOW, press="add-element:0")
    assert shape() == [["cf_accept_terms", "cf_question_1"], ["email", "sms", "personal"]]
    saved(browser, FLOW, press="add-screen")
    saved(browser, FLOW, press="add-element:2")
    assert shape()[2] == ["cf_question_2"]
    saved(browser, FLOW, press="remove-element:1:0")
    assert shape()[1] == ["sms", "personal"]
    saved(browser, FLOW, press="remove-screen:1")
    assert shape() == [["cf_accept_terms", "cf_question_1"], ["cf_question_2"]]
    saved(browser, FLOW, press="add-link:1")
    assert config(provider, "custom_flow")["screens"][1]["links"][0]["url"] == "{terms_url}"
    saved(browser, FLOW, press="remove-link:1:0")
    assert config(provider, "custom_flow")["screens"][1]["links"] == []


def test_a_button_keeps_what_was_typed(browser: FlaskClient, provider: Provider) -> None:
    saved(browser, FLOW, press="add-element:1", **{"s0-title": "House rules", "s0-e0-id": "cf_rules"})
    first = config(provider, "custom_flow")["screens"][0]
    assert (first["title"]["en"], first["elements"][0]["id"]) == ("House rules", "cf_rules")


@pytest.mark.parametrize(
    "press",
    [
        "remove-screen:9", "remove-element:9:0", "remove-element:0:9", "add-element:x", "fly",
        "remove-screen:" + "9" * 5000,
    ],
)  # fmt: skip
def test_a_button_of_a_missing_part_is_ignored(browser: FlaskClient, provider: Provider, press: str) -> None:
    before = config(provider, "custom_flow")
    saved(browser, FLOW, press=press)
    assert config(provider, "custom_flow") == {**before, "version": 2}


def test_read_more_comes_and_goes(browser: FlaskClient, provider: Provider) -> None:
    saved(browser, FLOW, **{"s0-e0-more-title": "Why?", "s0-e0-more-description": "Because."})
    element = config(provider, "custom_flow")["screens"][0]["elements"][0]
    assert element["readMore"] == {"title": {"en": "Why?"}, "description": {"en": "Because."}}
    saved(browser, FLOW, **{"s0-e0-more-title": "", "s0-e0-more-description": ""})
    assert "readMore" not in config(provider, "custom_flow")["screens"][0]["elements"][0]


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        (CONSENTS, {"consent": None}, "a list of 1 to 4"),
        (CONSENTS, {"privacy_url": "javascript:alert(1)"}, "privacy_url: must be an address"),
        (CONSENTS, {"heading": "x" * 151}, "longer than 150"), (FLOW, {"s0-e0-id": "email"}, "used twice"),
        (FLOW, {"s0-e0-id": "<b>"}, "an id has letters"),
        (FLOW, {"s0-l0-url": "javascript:alert(1)"}, "must be an address"),
    ],
)  # fmt: skip
def test_what_is_impossible_is_not_saved_and_not_lost(
    browser: FlaskClient, provider: Provider, kind: str, changes: dict[str, Any], words: str
) -> None:
    before = provider.control("merchants")
    response = save(browser, kind, **changes)
    assert response.status_code == 400
    page = check_page(response)
    assert words in page.one(".problem").get_text()
    assert provider.control("merchants") == before
    for name, value in changes.items():
        assert value is None or page.one(f"#{name}")["value"] == value


def test_outdated_form_is_not_saved(browser: FlaskClient, provider: Provider) -> None:
    old = filled(opened(browser, CONSENTS), heading="Mine")
    saved(browser, CONSENTS, heading="Theirs")
    response = browser.post(f"{ADDRESS}/{CONSENTS}", data=old)
    assert response.status_code == 409
    page = check_page(response)
    assert (page.one("#heading")["value"], "Another person saved" in page.text) == ("Theirs", True)
    assert config(provider, "delegated_consents")["heading"]["en"] == "Theirs"


def test_original_comes_back_as_a_new_version(browser: FlaskClient, provider: Provider) -> None:
    before = config(provider, "custom_flow")
    saved(browser, FLOW, press="remove-screen:0")
    saved(browser, CONSENTS, terms_url="https://elsewhere.example/")
    token = opened(browser, FLOW).csrf_token()
    assert browser.post(f"{ADDRESS}/{FLOW}/original", data={"csrf_token": token}).status_code == 303
    assert config(provider, "custom_flow") == {**before, "version": 3}
    units = provider.control("merchants")["merchants"]
    assert (
        next(unit for unit in units if unit["client_id"] == BASIC_MERCHANT.client_id)["terms_url"]
        == BASIC_MERCHANT.terms_url
    )


def test_unit_that_never_set_it_up_can_begin(browser: FlaskClient, provider: Provider) -> None:
    asked = {"scope": "openid delegatedConsents"}
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", {"delegated_consents": None}, "PATCH")
    assert opened(browser, CONSENTS).one(".version").get_text() == "Not set up: no person sees it"
    assert CONSENTS not in provider.claims(request=asked)
    saved(browser, CONSENTS)
    assert CONSENTS in provider.claims(request=asked)


def test_restoring_an_unconfigured_unit_removes_the_configuration(browser: FlaskClient, provider: Provider) -> None:
    provider.control("merchants/new", {"client_secret": "s", "name": "New", "custom_flow": None}, "PUT")
    provider.control("merchants/new", {"custom_flow": config(provider, "custom_flow")}, "PATCH")
    token = opened(browser, FLOW).csrf_token()
    browser.post(f"/merchants/new/consents/{FLOW}/original", data={"csrf_token": token})
    units = provider.control("merchants")["merchants"]
    assert next(unit for unit in units if unit["client_id"] == "new")["custom_flow"] is None


@pytest.mark.parametrize("path", [f"/merchants/unknown/consents/{FLOW}", f"{ADDRESS}/unheard-of"])
def test_an_unknown_page_is_not_found(browser: FlaskClient, path: str) -> None:
    assert browser.get(path).status_code == 404
    token = opened(browser, FLOW).csrf_token()
    assert browser.post(path, data={"csrf_token": token}).status_code == 404


@pytest.mark.parametrize("path", [f"{ADDRESS}/{FLOW}", f"{ADDRESS}/{FLOW}/original"])
def test_settings_need_their_token(browser: FlaskClient, path: str) -> None:
    assert browser.post(path).status_code == 400


def test_texts_are_shown_as_text(browser: FlaskClient) -> None:
    page = saved(browser, FLOW, **{"s0-title": "<b>Bold</b>", "s0-e0-title": "</label><script>"})
    assert page.select(".preview h3")[0].get_text() == "<b>Bold</b>"
    assert not page.select("main b, main script")
