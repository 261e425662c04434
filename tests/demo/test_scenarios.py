"""The scenarios: each names a person and an account that exist, and a login ends as its scenario says."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Activity
from app.database import db
from app.vipps.matching import Verdict
from app.vipps.purposes import LoginPurpose
from demo.scenarios import SCENARIOS, Scenario, groups
from samples.customers import CUSTOMERS, PASSWORD
from simulator import persons
from simulator.config import MerchantConfig
from tests.conftest import browser_of, open_page, post
from tests.customers.test_sample_customers import sample_customer
from tests.vipps_person import VippsPerson
from wsgi import person_groups

PEOPLE = {person["key"]: person for person in persons.from_file()}
ALL = list(SCENARIOS)
AT_THE_BUTTON = [scenario for scenario in ALL if scenario.purpose in (LoginPurpose.LOG_IN, LoginPurpose.MEMBERS)]
PROVED = [scenario for scenario in ALL if scenario.verdict is Verdict.PROVE_OWNERSHIP]


def come_back(vipps: VippsPerson, start: str, person: str, browser: FlaskClient | None = None) -> Any:
    browser = browser or vipps.browser
    return browser.get(vipps.approve(str(browser.get(start).headers["Location"]), person))


def last_decision(vipps: VippsPerson) -> tuple[str, list[str]] | None:
    with vipps.app.app_context():
        lines = select(Activity).where(Activity.decision.is_not(None)).order_by(Activity.id.desc())
        line = db.session.scalars(lines).first()
        return (str(line.decision), line.reasons) if line else None


def named(scenario: Scenario) -> str:
    return f"{scenario.person}-{scenario.verdict or 'refused-by-vipps'}"


def test_every_verdict_has_a_scenario() -> None:
    assert {scenario.verdict for scenario in ALL} == {*Verdict, None}


@pytest.mark.parametrize("scenario", ALL, ids=named)
def test_a_scenario_names_an_existing_person_and_account(scenario: Scenario) -> None:
    assert persons.full_name(PEOPLE[scenario.person]).startswith(scenario.name)
    assert scenario.account in ("", *(row.email for row in CUSTOMERS))


@pytest.mark.parametrize("scenario", AT_THE_BUTTON, ids=named)
def test_a_login_ends_as_its_scenario_says(vipps: VippsPerson, scenario: Scenario) -> None:
    if scenario.verdict is Verdict.KNOWN_SUBJECT:
        vipps.log_in(scenario.person, browser=browser_of(vipps.app))
    come_back(vipps, scenario.start or "/login/vipps", scenario.person)
    decision = last_decision(vipps)
    assert (decision[0] if decision else None) == scenario.verdict


def test_without_passwords_the_texts_tell_what_happens_then(make_app: Any, simulator: str) -> None:
    shown = groups(passwords=False)
    assert not [each for group in shown for each in group.scenarios if "password" in each.known + each.outcome]
    app = make_app(demo=True, PASSWORDS="0", SIMULATOR_URL=simulator)
    for scenario in [each for group in shown[:3] for each in group.scenarios if each.verdict]:
        vipps = VippsPerson(app, browser_of(app), simulator)
        come_back(vipps, scenario.start, scenario.person)
        assert (last_decision(vipps) or [None])[0] == scenario.verdict, scenario.person


def test_the_simulator_gets_the_groups_in_each_language(app: Flask) -> None:
    settings = app.extensions["settings"]
    shown = person_groups(settings)
    MerchantConfig(client_id="x", client_secret="x", name="x", redirect_uris=("http://x/",), person_groups=shown)
    assert [len(group["persons"]) for group in shown] == [6, 4, 5]
    assert sorted(key for group in shown for key in group["persons"]) == sorted(PEOPLE)
    assert shown[0]["start_here"] == "kari"
    assert shown[0]["persons"]["kari"]["en"].endswith("and Vipps is now linked to it.")
    assert [group["title"]["nb"] for group in shown] == ["Logget inn", "Trenger bevis", "Avvist"]
    assert not person_groups(settings.model_copy(update={"demo": False}))


@pytest.mark.parametrize("scenario", PROVED, ids=named)
def test_the_published_password_is_accepted_as_proof(vipps: VippsPerson, scenario: Scenario) -> None:
    vipps.log_in(scenario.person)
    response = post(vipps.browser, "/login/vipps/prove", {"password": PASSWORD}, form_on="/login/vipps/prove")
    assert response.status_code == 303
    with vipps.app.app_context():
        assert len(sample_customer(scenario.account).vipps_links) == 1


def test_login_page_shows_every_scenario(vipps: VippsPerson) -> None:
    page = open_page(vipps.browser, "/login?next=/checkout?a=b")
    for scenario in ALL:
        assert scenario.name in page.text
        assert str(scenario.known) % {"brand": "Vipps"} in page.text
        assert str(scenario.outcome) % {"brand": "Vipps"} in page.text
        assert scenario.account in page.one("main").get_text()
    assert PASSWORD in page.text
    buttons = {str(link["href"]) for link in page.select(".demo .button")}
    assert len(buttons) == len(PEOPLE)
    assert "/login/vipps?members=1&person=fredrikke&next=/checkout%3Fa%3Db" in buttons
