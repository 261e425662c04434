"""While nothing is shared: what the customer is offered, shown and told."""

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.customers.models import Customer
from app.customers.profile.from_vipps import addresses_in, delivery_addresses, vipps_profile_of
from app.customers.sessions.session_store import ABSOLUTE_LIMIT, IDLE_LIMIT
from app.database import db
from tests.conftest import browser_of, open_page, post
from tests.customers.linking_steps import PERSON, has_email
from tests.customers.revocation_steps import now, revoke, subject_of, told
from tests.customers.steps import add_customer, enter, log_in
from tests.shop.steps import checkout_page, put_into_cart
from tests.shop.test_vipps_checkout import filled_in, offered
from tests.vipps_person import VippsPerson, led_on


def test_nothing_of_vipps_is_offered_or_filled_in(app: Flask) -> None:
    customer_id = add_customer(app, vipps=True)
    told(app, customer_id)
    own = {"street": "Hytteveien 8", "postal_code": "2900", "region": "Fagernes", "country": "NO"}
    with app.app_context():
        db.session.get_one(Customer, customer_id).address = own
        db.session.commit()

    def known() -> tuple[bool, int, list[str]]:
        with app.test_request_context():
            customer = db.session.get_one(Customer, customer_id)
            profile = vipps_profile_of(customer)
            return bool(profile), len(addresses_in(profile)), [a.type for a in delivery_addresses(customer, profile)]

    assert known() == (True, 1, ["own", "home"])
    revoke(app)
    assert known() == (False, 0, ["own"])


def test_the_checkout_is_not_filled_in_from_vipps_and_what_is_kept_here_stays(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    customer_id, subject = subject_of(vipps)
    with vipps.app.app_context():
        customer = db.session.get_one(Customer, customer_id)
        customer.name, customer.email, customer.phone_number = "Kari Selv", None, None
        db.session.commit()
    put_into_cart(vipps.browser, "enamel-mug")
    page = checkout_page(vipps.browser)
    assert len(offered(page)) > 1
    assert all(filled_in(page))
    revoke(vipps.app, now(), subject)
    enter(vipps.app, vipps.browser, customer_id)
    page = checkout_page(vipps.browser)
    assert offered(page) == []
    assert filled_in(page) == ("Kari Selv", "", "")
    vipps.log_in("kari")
    assert all(filled_in(checkout_page(vipps.browser)))


def test_the_pages_say_so_calmly_and_what_to_do(vipps: VippsPerson) -> None:
    has_email(vipps)
    vipps.log_in(PERSON)
    customer_id, subject = subject_of(vipps)
    for path in ("/account", "/account/profile"):
        assert "ended the sharing" not in open_page(vipps.browser, path).text
    revoke(vipps.app, now(), subject)
    enter(vipps.app, vipps.browser, customer_id)
    for path in ("/account", "/account/profile"):
        page = open_page(vipps.browser, path)
        assert "Vipps told us that you stopped sharing in its app" in page.text
        assert len(page.select('main form[action="/account/vipps/refresh"]')) == 1
        assert page.select('main a[href="/account/password"]')
        assert "Addresses from Vipps" not in page.text
    assert "connected" in open_page(vipps.browser, "/account").one(".account").get_text()
    again = post(vipps.browser, "/account/vipps/refresh", form_on="/account")
    vipps.browser.get(vipps.approve(led_on(vipps.browser, again), PERSON))
    assert "ended the sharing" not in open_page(vipps.browser, "/account").text


def test_the_login_page_says_why_one_is_logged_out(vipps: VippsPerson) -> None:
    vipps.log_in(PERSON)
    assert open_page(vipps.browser, "/account").h1 == "My page"  # which greets, and is done with that
    _, subject = subject_of(vipps)
    revoke(vipps.app, now(), subject)
    page = open_page(vipps.browser, "/account")
    assert page.h1 == "Log in"
    assert "you stopped sharing in its app" in page.one("[role=status]").get_text()
    assert "no longer logged in" not in page.text
    assert not open_page(browser_of(vipps.app), "/login").select("[role=status]")


@pytest.mark.parametrize(
    ("revoked", "seen", "is_told"),
    [
        (timedelta(), ABSOLUTE_LIMIT - timedelta(hours=1), True),
        (timedelta(), ABSOLUTE_LIMIT + timedelta(hours=1), False),
        (IDLE_LIMIT + timedelta(minutes=1), IDLE_LIMIT + timedelta(minutes=2), False),
    ],
)
def test_the_login_page_says_so_for_half_a_day_and_not_to_whose_session_had_lapsed_before(
    vipps: VippsPerson, revoked: timedelta, seen: timedelta, is_told: bool
) -> None:
    vipps.log_in(PERSON)
    _, subject = subject_of(vipps)
    begun = now()
    with time_machine.travel(begun + revoked):
        revoke(vipps.app, now(), subject)
    with time_machine.travel(begun + seen):
        assert ("you stopped sharing" in open_page(vipps.browser, "/login").text) == is_told


def test_the_activity_list_tells_it_and_shows_no_browser(app: Flask, client: FlaskClient) -> None:
    add_customer(app, vipps=True)
    revoke(app)
    log_in(client)
    page = open_page(client, "/account/activity")
    (line,) = [each.get_text(" ") for each in page.select("main li") if "no longer share" in each.get_text()]
    assert "device" not in line
