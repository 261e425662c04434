"""The screens of a login: their order, every way to end the login, and no access for another browser."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from ..faults import REDIRECT_ERRORS
from ..testing import ADVANCED_MERCHANT, BASIC_MERCHANT
from .conftest import SCOPE, Provider, Visitor
from .pages import check_page

Visit = Callable[..., Visitor]


def test_first_login_goes_through_every_screen(visit: Visit) -> None:
    visitor = visit(scope=f"{SCOPE} delegatedConsents customFlow")
    headings = [visitor.page.h1]
    visitor.press("person", person="kari")
    headings.append(visitor.page.h1)
    visitor.press("confirm", number=visitor.page.one(".challenge").get_text())
    for action, ticked in (("email", {}), ("consent", {}), ("consents", {"accepted": ["sms"]})):
        headings.append(visitor.page.h1)
        visitor.press(action, **ticked)
    headings.append(visitor.page.h1)
    visitor.press("flow", accepted=["cf_accept_terms"])
    headings.append(visitor.page.h1)
    visitor.press("flow")
    assert headings == [
        "Log in to Testbutikken", "Confirm in the app", "Verify your email address", "Share with Testbutikken",
        "Stay in touch", "Terms", "News and offers",
    ]  # fmt: skip
    assert visitor.callback["code"]


def test_steps_that_are_done_look_done(visit: Visit) -> None:
    steps = visit(scope="openid name").choose("ola").page.select(".steps li")
    marks = [each.get("aria-current") or each.get("class") for each in steps]
    assert marks == [["done"], ["done"], "step", None]


def test_second_login_asks_only_for_confirmation(visit: Visit, provider: Provider) -> None:
    provider.log_in(request={"scope": f"{SCOPE} delegatedConsents customFlow"})
    assert visit(scope=f"{SCOPE} delegatedConsents customFlow").choose("kari").callback["code"]


def test_code_of_the_screens_brings_the_person_and_the_answers(visit: Visit, provider: Provider) -> None:
    visitor = visit(scope="openid name delegatedConsents").choose("ola").press("consent")
    code = visitor.press("consents", accepted=["email", "personal"]).callback["code"]
    token = (provider.exchange(code).json or {})["access_token"]
    claims = provider.userinfo(token).json or {}
    assert claims["name"] == "Ola Tangen"
    accepted = [each["id"] for each in claims["delegatedConsents"]["consents"] if each["accepted"]]
    assert accepted == ["email", "personal"]


@pytest.mark.parametrize("number", ["90000012", "900 00 012", "+47 900 00 012", "004790000012"])
def test_phone_number_finds_the_person_however_it_is_written(visit: Visit, number: str) -> None:
    assert "Hi, Ola." in visit().press("person", phone_number=number).page.text


@pytest.mark.parametrize("number", ["", "12", "+47 911 11 111", "ola"])
def test_unknown_phone_number_is_explained(visit: Visit, number: str) -> None:
    page = visit().press("person", phone_number=number).page
    assert "No test person has this number." in page.text
    assert page.one("#phone-number")["aria-invalid"] == "true"


def test_wrong_number_in_the_app_ends_the_login(visit: Visit) -> None:
    visitor = visit().press("person", person="kari")
    right = visitor.page.one(".challenge").get_text()
    wrong = next(str(each["value"]) for each in visitor.page.select(".choices button") if each["value"] != right)
    assert visitor.press("confirm", number=wrong).callback["error"] == "wrong_challenge"


def test_app_offers_three_numbers_and_one_is_right(visit: Visit) -> None:
    page = visit().press("person", person="kari").page
    offered = [str(each["value"]) for each in page.select(".choices button")]
    assert len(set(offered)) == 3
    assert page.one(".challenge").get_text() in offered


def test_another_number_can_be_used(visit: Visit) -> None:
    visitor = visit().press("person", person="kari").press("other")
    assert visitor.page.h1 == "Log in to Testbutikken"


def test_cancelling_is_possible_on_every_screen(visit: Visit) -> None:
    scope = f"{SCOPE} delegatedConsents customFlow"
    ways: list[Callable[[Visitor], Visitor]] = [
        lambda visitor: visitor, lambda visitor: visitor.press("person", person="kari"),
        lambda visitor: visitor.choose("kari"), lambda visitor: visitor.choose("kari").press("email"),
        lambda visitor: visitor.choose("kari").press("consent"),
        lambda visitor: visitor.choose("kari").press("consent").press("consents"),
    ]  # fmt: skip
    headings = []
    for walk in ways:
        visitor = walk(visit(scope=scope))
        headings.append(visitor.page.h1)
        answer = visitor.press("cancel").callback
        assert (answer["error"], answer["error_description"]) == ("access_denied", "User cancelled the login")
        assert answer["state"] == "a-state-of-the-merchant"
    assert len(set(headings)) == 6


def test_cancelling_at_the_end_shares_no_data(visit: Visit, provider: Provider) -> None:
    visit(scope="openid name delegatedConsents").choose("ola").press("consent").press("cancel")
    assert next(each for each in provider.control("persons")["persons"] if each["key"] == "ola")["shares"] == {}
    assert visit(scope="openid name").choose("ola").page.h1 == "Share with Testbutikken"


def test_consent_screen_lists_what_is_asked_and_shows_the_persons_values(visit: Visit) -> None:
    page = visit(ADVANCED_MERCHANT, scope="openid name address birthDate nin").choose("kari").page
    asked = [each.get_text() for each in page.select(".shared li")]
    assert asked == ["Name", "Addresses", "Date of birth", "National identity number"]
    assert "Fjordveien 12, Unit B5, 5003 BERGEN, NO" in page.one(".own-data").get_text()


def test_consent_is_asked_again_only_for_a_new_scope(visit: Visit) -> None:
    visit(scope="openid name").choose("ola").press("consent")
    assert visit(scope="openid name").choose("ola").callback["code"]
    assert visit(scope="openid name phoneNumber").choose("ola").page.h1 == "Share with Testbutikken"


def test_no_consent_screen_for_openid_alone(visit: Visit) -> None:
    assert visit(scope="openid").choose("kari").callback["code"]


def test_email_is_verified_once_at_any_merchant_and_again_after_a_change(visit: Visit, provider: Provider) -> None:
    visitor = visit(scope="openid email").choose("kari")
    assert visitor.page.h1 == "Verify your email address"
    visitor.press("email").press("cancel")
    assert visit(ADVANCED_MERCHANT, scope="openid email").choose("kari").page.h1 == "Share with Den andre"
    provider.control("persons/kari", {"email": "kari@example.org"}, "PATCH")
    assert visit(scope="openid email").choose("kari").page.h1 == "Verify your email address"


def test_who_is_under_15_cannot_pass(visit: Visit) -> None:
    visitor = visit().press("person", person="emma")
    assert visitor.page.h1 == "You have to be 15"
    answer = visitor.press("cancel").callback
    assert (answer["error"], answer["error_description"]) == ("access_denied", "The user is under 15 years old")


@pytest.mark.parametrize("error", sorted(REDIRECT_ERRORS))
def test_landing_page_can_send_any_error(visit: Visit, error: str) -> None:
    answer = visit().press("fail", error=error).callback
    assert answer == {"error": error, "error_description": REDIRECT_ERRORS[error], "state": "a-state-of-the-merchant"}


def test_error_that_is_not_on_the_list_is_not_sent(visit: Visit) -> None:
    assert visit().press("fail", error="<b>").page.h1 == "Log in to Testbutikken"


def test_step_out_of_order_is_ignored(visit: Visit) -> None:
    visitor = visit()
    token = visitor.page.csrf_token()
    address = visitor.response.request.path
    for action in ("confirm", "email", "consent", "consents", "flow", "other"):
        response = visitor.client.post(f"{address}/{action}", data={"csrf_token": token})
        assert (response.status_code, response.headers["Location"]) == (303, address)


def test_form_without_its_token_is_refused(visit: Visit) -> None:
    visitor = visit()
    response = visitor.client.post(f"{visitor.response.request.path}/person", data={"person": "kari"})
    assert response.status_code == 400
    assert "This page is too old" in response.text
    assert check_page(response).one("main a")["href"] == visitor.response.request.path


def test_login_cannot_go_on_in_another_browser(visit: Visit, simulator: Flask) -> None:
    visitor = visit()
    stranger = simulator.test_client().get(visitor.response.request.path)
    assert stranger.status_code == 400
    assert "This login began elsewhere" in stranger.text


def test_login_that_does_not_exist_is_explained(visit: Visit) -> None:
    response = visit().client.get("/login/unknown")
    assert response.status_code == 404
    assert "There is no such login" in response.text


def test_login_takes_ten_minutes_at_most(visit: Visit) -> None:
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False) as clock:
        visitor = visit()
        address = visitor.response.request.path
        clock.shift(timedelta(seconds=599))
        assert visitor.client.get(address).status_code == 200
        clock.shift(timedelta(seconds=2))
        response = visitor.client.get(address)
    assert response.status_code == 400
    assert "This login took too long" in response.text


def test_finished_login_cannot_be_opened_again(visit: Visit) -> None:
    visitor = visit(scope="openid")
    address = visitor.response.request.path
    visitor.choose("kari")
    response = visitor.client.get(address)
    assert response.status_code == 400
    assert "This login is finished" in response.text
    assert check_page(response).one("main a")["href"] == "http://localhost:5000/"


def test_last_button_pressed_twice_brings_a_code_that_works(visit: Visit, provider: Provider) -> None:
    """The browser follows the second answer, so its code must work."""
    visitor = visit(scope="openid name").choose("ola")
    form = visitor.page.one('form[action$="/consent"]')
    data = {"csrf_token": visitor.page.csrf_token()}
    locations = [visitor.client.post(str(form["action"]), data=data).headers["Location"] for _ in range(2)]
    codes = [re.search("code=([^&]+)", location).group(1) for location in locations]
    assert provider.exchange(codes[0]).status_code == 400
    assert provider.exchange(codes[1]).status_code == 200
    late = visitor.client.post(str(form["action"]), data=data)
    assert "This login is finished" in late.text


def test_cancel_pressed_twice_cancels(visit: Visit) -> None:
    visitor = visit()
    form = visitor.page.select('form[action$="/cancel"]')[0]
    data = {"csrf_token": visitor.page.csrf_token()}
    answers = [visitor.client.post(str(form["action"]), data=data).headers["Location"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert "error=access_denied" in answers[0]


def test_forms_may_end_at_the_merchant_and_nowhere_else(visit: Visit) -> None:
    """Browsers apply `form-action` to the redirects that follow a form."""
    policy = visit().response.headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' http://localhost:5000")
    policy = visit(redirect_uri="testbutikken://app/callback").response.headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' testbutikken:")


def test_app_with_a_scheme_of_its_own_gets_its_callback(visit: Visit) -> None:
    visitor = visit(redirect_uri="testbutikken://app/callback", scope="openid").choose("kari")
    assert visitor.location.startswith("testbutikken://app/callback?code=")


def test_merchants_name_is_shown_as_text(visit: Visit, provider: Provider) -> None:
    provider.control(f"merchants/{BASIC_MERCHANT.client_id}", {"name": "<b>Bold</b> & Co"}, "PATCH")
    assert visit().page.h1 == "Log in to <b>Bold</b> & Co"
