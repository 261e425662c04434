"""The demo's customers and the stories about them: every verdict can be reached, and each person meets theirs."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Activity, Customer, VippsLink
from app.customers.passwords import policy
from app.database import db
from app.vipps.matching import Verdict
from app.vipps.purposes import Purpose
from demo.scenarios import SCENARIOS, Scenario
from samples.customers import CUSTOMERS, PASSWORD, load
from simulator import persons
from tests.conftest import browser_of, open_page, post
from tests.vipps_person import VippsPerson

PEOPLE = {person["key"]: person for person in persons.from_file()}
TOLD = [story for chapter in SCENARIOS for story in chapter.scenarios]
AT_THE_BUTTON = [story for story in TOLD if story.purpose in (Purpose.LOG_IN, Purpose.MEMBERS)]


def named(story: Scenario) -> str:
    """Name a test by its story."""
    return f"{story.person}-{story.verdict or 'refused-by-vipps'}"


def demo_customer(email: str) -> Customer:
    """Return a demo customer."""
    return db.session.scalars(select(Customer).where(Customer.email == email)).one()


@pytest.fixture
def demo(vipps: VippsPerson) -> VippsPerson:
    """Return a shop with the demo's customers, all known at the test's own simulator."""
    return vipps


def come_back(demo: VippsPerson, start: str, person: str, browser: FlaskClient | None = None) -> Any:
    """Begin at an address of the shop, and come back from Vipps as a person."""
    browser = browser or demo.browser
    location = str(browser.get(start).headers["Location"])
    return browser.get(demo.approve(location, person))


def log_in_by_password(demo: VippsPerson, email: str) -> None:
    """Log in with a demo account's password."""
    response = post(demo.browser, "/login/password", {"email": email, "password": PASSWORD})
    assert response.status_code == 303, response.text[:500]


def send_form(demo: VippsPerson, path: str, person: str) -> None:
    """Press a button of my page that leads to Vipps, and come back as a person."""
    response = post(demo.browser, path, form_on="/account")
    demo.browser.get(demo.approve(str(response.headers["Location"]), person))


def last_decision(demo: VippsPerson) -> tuple[str, list[str]] | None:
    """Return what the latest login led to, and why."""
    with demo.app.app_context():
        lines = select(Activity).where(Activity.decision.is_not(None)).order_by(Activity.id.desc())
        line = db.session.scalars(lines).first()
        return (str(line.decision), line.reasons) if line else None


def test_loading_twice_adds_nothing_and_overwrites_nothing(app: Flask) -> None:
    with app.app_context():
        load(db.session())
        db.session.commit()
        demo_customer("kari.nordfjell@example.com").name = "Changed by hand"
        db.session.delete(demo_customer("ola.at.the.cabin@example.com"))
        db.session.commit()
        load(db.session())
        db.session.commit()
        assert len(db.session.scalars(select(Customer)).all()) == len(CUSTOMERS)
        assert demo_customer("kari.nordfjell@example.com").name == "Changed by hand"
        assert len(db.session.scalars(select(VippsLink)).all()) == 1


def test_the_published_password_is_one_that_the_shop_accepts() -> None:
    for row in CUSTOMERS:
        assert policy.problem(PASSWORD, row.email) is None


def test_every_verdict_has_its_story() -> None:
    assert {story.verdict for story in TOLD} == {*Verdict, None}


@pytest.mark.parametrize("story", TOLD, ids=named)
def test_a_story_names_a_test_person_and_an_account_that_exist(story: Scenario) -> None:
    assert persons.full_name(PEOPLE[story.person]).startswith(story.name)
    assert story.account in ("", *(row.email for row in CUSTOMERS))


@pytest.mark.parametrize("story", AT_THE_BUTTON, ids=named)
def test_who_logs_in_meets_what_the_story_promises(demo: VippsPerson, story: Scenario) -> None:
    if story.verdict is Verdict.KNOWN_SUBJECT:
        demo.log_in(story.person, browser=browser_of(demo.app))
    come_back(demo, story.start or "/login/vipps", story.person)
    decision = last_decision(demo)
    assert (decision[0] if decision else None) == story.verdict


def test_people_are_told_apart_for_the_reasons_that_the_stories_give(demo: VippsPerson) -> None:
    reasons = {}
    for person in ("amalie", "jonas", "ola", "malik", "anne", "soren", "paivi"):
        come_back(demo, "/login/vipps", person, browser_of(demo.app))
        decision = last_decision(demo)
        reasons[person] = set(decision[1]) if decision else set()
    assert reasons["amalie"] >= {"number_changed_hands", "nothing_matches"}
    assert reasons["jonas"] >= {"no_verified_email", "nothing_matches"}
    assert reasons["ola"] >= {"phone_verified_on_both_sides", "email_does_not_match"}
    assert reasons["malik"] >= {"email_verified_on_both_sides", "phone_differs"}
    assert reasons["anne"] >= {"email_not_confirmed_here"}
    assert reasons["soren"] >= {"name_differs"}
    assert reasons["paivi"] >= {"name_agrees", "email_verified_on_both_sides", "phone_verified_on_both_sides"}


def test_an_account_connects_to_whom_its_owner_brings(demo: VippsPerson) -> None:
    log_in_by_password(demo, "ingrid.solheim@example.com")
    send_form(demo, "/account/vipps/link", "fredrikke")
    assert last_decision(demo) == ("link", ["subject_unknown", "owner_asked_for_it"])


def test_kari_cannot_open_a_second_account(demo: VippsPerson) -> None:
    demo.log_in("kari", browser=browser_of(demo.app))
    log_in_by_password(demo, "eivind.dahl@example.com")
    send_form(demo, "/account/vipps/link", "kari")
    assert last_decision(demo) == ("linked_elsewhere", ["subject_opens_another_account"])


def test_ola_cannot_answer_for_kari(demo: VippsPerson) -> None:
    demo.log_in("kari")
    send_form(demo, "/account/vipps/refresh", "ola")
    assert last_decision(demo) == ("other_person", ["subject_is_not_yours"])


@pytest.mark.parametrize("story", [story for story in TOLD if story.verdict is Verdict.PROVE_OWNERSHIP], ids=named)
def test_the_published_password_is_the_proof(demo: VippsPerson, story: Scenario) -> None:
    demo.log_in(story.person)
    response = post(demo.browser, "/login/vipps/prove", {"password": PASSWORD}, form_on="/login/vipps/prove")
    assert response.status_code == 303
    with demo.app.app_context():
        assert len(demo_customer(story.account).vipps_links) == 1


def test_the_login_page_tells_every_story(demo: VippsPerson) -> None:
    page = open_page(demo.browser, "/login?next=/checkout?a=b")
    for story in TOLD:
        assert story.name in page.text
        assert str(story.known) % {"brand": "Vipps"} in page.text
        assert str(story.outcome) % {"brand": "Vipps"} in page.text
        assert story.account in page.text
    assert PASSWORD in page.text
    assert [str(link["href"]) for link in page.select(".demo a[href^='/login']")] == [
        "/login/vipps?members=1&next=/checkout%3Fa%3Db"
    ]


def test_no_story_is_told_where_the_shop_is_no_demo(app: Flask, make_app: Any) -> None:
    shop = make_app(DEMO="0")
    page = open_page(browser_of(shop), "/login")
    assert PASSWORD not in page.text
    assert not page.select(".demo")
