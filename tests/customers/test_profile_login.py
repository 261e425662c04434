"""Whole Vipps logins of one person whose life goes on: what each login brings to the shop."""

from typing import Any

import pytest
from sqlalchemy import select

from app.customers.models import Customer, ProfileChange
from app.database import db
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import add_customer, mails
from tests.vipps_person import VippsPerson

PERSON, EMAIL, MOVED_EMAIL = "sindre", "sindre.vik@example.com", "sindre@fjellheim.example.com"
PROFILE = "/account/profile"
NEW_HOME = {
    "address_type": "home",
    "street_address": "Nyveien 1",
    "postal_code": "7010",
    "region": "TRONDHEIM",
    "country": "NO",
}


def customer_id_of(vipps: VippsPerson, email: str = EMAIL) -> int:
    """Return whose address it is."""
    with vipps.app.app_context():
        return db.session.scalars(select(Customer.id).where(Customer.email == email)).one()


def customer(vipps: VippsPerson, customer_id: int) -> Customer:
    """Return the customer as the database has them."""
    with vipps.app.app_context():
        return db.session.get_one(Customer, customer_id)


def history(vipps: VippsPerson, customer_id: int) -> list[tuple[str, str]]:
    """Return the fields that changed, the oldest first, with what became of them."""
    mine = select(ProfileChange).where(ProfileChange.customer_id == customer_id).order_by(ProfileChange.id)
    with vipps.app.app_context():
        return [(change.field, change.state) for change in db.session.scalars(mine)]


def choose(vipps: VippsPerson, policy: str) -> None:
    """Choose what a change at Vipps does here."""
    response = post(vipps.browser, f"{PROFILE}/policy", {"policy": policy}, form_on=PROFILE)
    assert response.status_code == 303


def life_goes_on(vipps: VippsPerson, **changes: Any) -> None:
    """Change the person at Vipps."""
    vipps.patch(f"persons/{PERSON}", changes)


@pytest.mark.parametrize("policy", ["update", "ask", "keep"])
def test_another_number_under_the_same_subject_is_the_same_customer(either_vipps: VippsPerson, policy: str) -> None:
    vipps = either_vipps
    vipps.log_in(PERSON)
    customer_id = customer_id_of(vipps)
    before = customer(vipps, customer_id).phone_number
    choose(vipps, policy)
    life_goes_on(vipps, phone_numbers=["4790000777"])
    vipps.log_in(PERSON)
    expected = {"update": "applied", "ask": "proposed", "keep": "noted"}[policy]
    assert history(vipps, customer_id)[-1:] == [("phone_number", expected)]
    now = customer(vipps, customer_id)
    assert now.phone_number == ("4790000777" if policy == "update" else before)
    assert (now.phone_verified_at is not None) == (policy == "update")


def test_a_number_that_is_taken_is_verified_and_stays_so(vipps: VippsPerson) -> None:
    vipps.log_in(PERSON)
    customer_id = customer_id_of(vipps)
    life_goes_on(vipps, phone_numbers=["4790000777"])
    vipps.log_in(PERSON)
    name = open_page(vipps.browser, PROFILE).one('[value="take"]')["name"]
    post(vipps.browser, f"{PROFILE}/proposals", {str(name): "take"}, form_on=PROFILE)
    vipps.log_in(PERSON)
    now = customer(vipps, customer_id)
    assert (now.phone_number, now.phone_verified_at is not None) == ("4790000777", True)
    assert not open_page(vipps.browser, PROFILE).select(".proposal")


def test_an_address_that_opens_another_account_breaks_no_login(either_vipps: VippsPerson) -> None:
    vipps = either_vipps
    add_customer(vipps.app, MOVED_EMAIL, None)
    vipps.log_in(PERSON)
    customer_id = customer_id_of(vipps)
    choose(vipps, "update")
    life_goes_on(vipps, email=MOVED_EMAIL, email_state="confirmed")
    assert vipps.log_in(PERSON, next_path=PROFILE).location == PROFILE
    assert customer(vipps, customer_id).email == EMAIL
    assert history(vipps, customer_id)[-1:] == [("email", "held_elsewhere")]
    assert "That email address belongs to another account" in open_page(vipps.browser, PROFILE).text


def test_a_new_address_to_log_in_with_follows_and_the_old_one_is_told(either_vipps: VippsPerson) -> None:
    vipps = either_vipps
    vipps.log_in(PERSON)
    customer_id = customer_id_of(vipps)
    choose(vipps, "update")
    life_goes_on(vipps, email=MOVED_EMAIL, email_state="confirmed")
    vipps.log_in(PERSON)
    assert customer(vipps, customer_id).email == MOVED_EMAIL
    assert [mail.kind for mail in mails(vipps.app, "email_changed", EMAIL)] == ["email_changed"]


def test_an_asked_for_refresh_shows_what_is_new(vipps: VippsPerson) -> None:
    vipps.log_in(PERSON)
    life_goes_on(vipps, given_name="Sindre Aleksander", addresses=[NEW_HOME])
    start = post(vipps.browser, "/account/vipps/refresh", form_on=PROFILE)
    assert start.status_code in (302, 303)
    response = vipps.browser.get(vipps.approve(start.location, PERSON))
    assert response.location == PROFILE
    page = open_page(vipps.browser, PROFILE)
    assert "Sindre Aleksander Vik" in page.one(".proposal").get_text()
    assert "Nyveien 1" in page.one("section[aria-labelledby=there]").get_text()
    assert "Home address changed from" in page.one("section[aria-labelledby=history]").get_text()


def test_an_address_that_is_removed_at_vipps_is_told_as_such(vipps: VippsPerson) -> None:
    vipps.log_in(PERSON)
    life_goes_on(vipps, addresses=[])
    vipps.log_in(PERSON)
    page = open_page(vipps.browser, PROFILE)
    assert "no longer have one there" in page.one("section[aria-labelledby=there]").get_text()
    assert "Home address removed" in page.one("section[aria-labelledby=history]").get_text()


def test_a_new_customer_gets_no_proposal(vipps: VippsPerson) -> None:
    """Gunnar has no account; what Vipps says is all there is."""
    vipps.log_in("gunnar")
    page = open_page(vipps.browser, PROFILE)
    assert not page.select(".proposal, .changes, .profile > .notice")
    assert "today at" in page.text


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
