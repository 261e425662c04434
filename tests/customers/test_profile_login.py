"""Whole Vipps logins of one person whose life goes on: what each login brings to the shop."""

from typing import Any

import pytest

from tests.conftest import browser_of, open_page, post
from tests.vipps_person import VippsPerson, led_on

PERSON, EMAIL, MOVED_EMAIL = "sindre", "sindre.vik@example.com", "sindre@fjellheim.example.com"
PROFILE = "/account/profile"
NEW_HOME = {
    "address_type": "home", "street_address": "Nyveien 1", "postal_code": "7010", "region": "TRONDHEIM",
    "country": "NO",
}  # fmt: skip


def choose(vipps: VippsPerson, policy: str) -> None:
    response = post(vipps.browser, f"{PROFILE}/policy", {"policy": policy}, form_on=PROFILE)
    assert response.status_code == 303


def life_goes_on(vipps: VippsPerson, **changes: Any) -> None:
    vipps.patch(f"persons/{PERSON}", changes)


def test_an_asked_for_refresh_shows_what_is_new(vipps: VippsPerson) -> None:
    vipps.log_in(PERSON)
    life_goes_on(vipps, given_name="Sindre Aleksander", addresses=[NEW_HOME])
    start = post(vipps.browser, "/account/vipps/refresh", form_on=PROFILE)
    response = vipps.browser.get(vipps.approve(led_on(vipps.browser, start), PERSON))
    assert response.location == PROFILE
    page = open_page(vipps.browser, PROFILE)
    assert "Sindre Aleksander Vik" in page.one(".proposal").get_text()
    assert "Nyveien 1" in page.one("section[aria-labelledby=there]").get_text()
    assert "Home address changed from" in page.one("section[aria-labelledby=history]").get_text()


@pytest.mark.parametrize("policy", ["ask", "keep"])
def test_the_very_login_that_brings_something_new_says_so(vipps: VippsPerson, policy: str) -> None:
    for _ in range(2):  # the second time a new customer is asked nothing
        vipps.log_in(PERSON)
        open_page(vipps.browser, "/")
    choose(vipps, policy)
    assert "Your details in Vipps have changed" not in open_page(vipps.browser, "/").text
    life_goes_on(vipps, phone_numbers=["4790000777"])
    fresh = browser_of(vipps.app)
    vipps.log_in(PERSON, browser=fresh)
    assert ("Your details in Vipps have changed" in open_page(fresh, "/").text) is (policy == "ask")
