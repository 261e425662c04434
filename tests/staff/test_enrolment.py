"""Staff enrol a customer at the counter: the customer confirms on their own phone."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
import urllib3
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from app.customers.models import Activity, Customer, CustomerSession
from app.database import db, utcnow
from app.security import limiter
from app.staff.models import StaffSession
from app.vipps.attempts import LIFETIME
from tests.conftest import browser_of
from tests.customers.linking_steps import add_account, links_of
from tests.pages import Page
from tests.staff.steps import at_work, audit_entries, reports, send
from tests.vipps_person import VippsPerson

FORM = "/staff/enrolment"


@pytest.fixture
def counter(make_app: Callable[..., Flask], simulator: str) -> VippsPerson:
    """Return a shop with the page turned on, and a browser in which a staff member is logged in."""
    shop = make_app(SIMULATOR_URL=simulator, VIPPS_COUNTER="1")
    return VippsPerson(shop, at_work(shop), simulator)


def ask(counter: VippsPerson, person: str = "kari", **changes: str) -> Any:
    """Send the enrolment form for a test person."""
    everyone = counter.control("persons")["persons"]
    number = next(each["phone_numbers"][0] for each in everyone if each["key"] == person)
    return send(counter.browser, FORM, {"phone_number": f"+{number}", "informed": "y", **changes}, form_on=FORM)


def answered(counter: VippsPerson, person: str = "kari", **answer: Any) -> Any:
    """Start an enrolment, let the test person answer, and open the waiting page."""
    waiting = ask(counter, person).headers["Location"]
    counter.control(f"persons/{person}/answer", answer)
    return counter.browser.get(waiting)


def count(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_page_is_off_unless_it_is_set(make_app: Callable[..., Flask]) -> None:
    browser = at_work(make_app())
    assert [browser.get(path).status_code for path in (FORM, f"{FORM}/wait")] == [404, 404]
    assert "/staff/enrolment" not in browser.get("/staff").text


def test_only_staff_can_enrol_customers(counter: VippsPerson) -> None:
    for path in (FORM, f"{FORM}/wait"):
        response = browser_of(counter.app).get(path)
        assert response.headers["Location"].startswith("/staff/login")


def test_customer_confirms_and_gets_an_account_without_a_session(
    counter: VippsPerson, capsys: pytest.CaptureFixture[str]
) -> None:
    response = ask(counter)
    waiting = counter.browser.get(response.headers["Location"])
    code = Page(waiting.text).one(".binding-code").get_text(strip=True)
    assert waiting.headers["Refresh"] == f"5;url={response.headers['Location']}"
    counter.control("persons/kari/answer", {"consents": {"sms": True}})
    assert counter.browser.get(response.headers["Location"]).status_code == 200, "a reload polls too early"
    limiter.reset()
    done = counter.browser.get(response.headers["Location"])

    assert (done.status_code, done.headers["Location"]) == (303, "/staff/customers/1")
    assert len(code) == 7
    assert audit_entries(counter.app) == [("enrolment", None, "started"), ("enrolment", 1, "create")]
    assert count(counter.app, CustomerSession) == 0
    assert counter.browser.get_cookie("session") is None
    assert len(links_of(counter, 1)) == 1
    with counter.app.app_context():
        rows = db.session.scalars(select(Activity)).all()
        assert ("enrolled", "") in [(row.kind, row.user_agent) for row in rows]
        assert db.session.get_one(Customer, 1).phone_number
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [line["decision"] for line in lines if line["event"] == "customer_enrolled"] == ["create"]
    # A reload stores no second row, and the callback of a browser login does not accept this enrolment.
    assert counter.browser.get(response.headers["Location"]).headers["Location"] == FORM
    state = response.headers["Location"].partition("state=")[2].partition("&")[0]
    assert counter.browser.get(f"/login/vipps/callback?state={state}&code=c").status_code == 400
    assert count(counter.app, Customer) == 1


def test_phone_and_back_office_show_the_same_code(counter: VippsPerson) -> None:
    waiting = counter.browser.get(ask(counter).headers["Location"])
    phone = urllib3.request("GET", f"{counter.simulator}/persons/kari/phone").data.decode()
    assert Page(waiting.text).one(".binding-code").get_text(strip=True) in phone


def test_known_customer_is_found(counter: VippsPerson) -> None:
    first = answered(counter)
    again = answered(counter)
    assert first.headers["Location"] == again.headers["Location"]
    assert audit_entries(counter.app)[-1][2] == "known_subject"


@pytest.mark.parametrize(
    ("answer", "refusal", "status"),
    [
        ({"action": "deny"}, "access_denied", 403),
        ({"action": "error", "error": "server_error"}, "server_error", 502),
        ({"faults": {"id_token": {"auth_req_id": "another"}}}, "id_token_auth_req_id", 502),
        ({"faults": {"id_token": {"aud": "another"}}}, "id_token_audience", 502),
        ({"faults": {"signature": "unknown_key"}}, "id_token_signature", 502),
        ({"faults": {"claims": {"sub": "another"}}}, "userinfo_subject", 502),
        ({"faults": {"claims": {"phone_number": "4799999999"}}}, "other_phone", 403),
        ({"faults": {"claims": {"phone_number": None}}}, "other_phone", 403),
        ({"faults": {"token": {"status": 503}}}, "vipps_overloaded", 503),
    ],
)
def test_refusal_is_named_and_stores_no_customer(
    counter: VippsPerson, answer: dict[str, Any], refusal: str, status: int
) -> None:
    response = answered(counter, **answer)
    assert response.status_code == status
    assert Page(response.text).h1 == "The customer was not enrolled"
    assert [report.code for report in reports(counter.app)] == [refusal]
    assert count(counter.app, Customer) == 0
    assert audit_entries(counter.app) == [("enrolment", None, "started")]


@pytest.mark.parametrize(
    ("change", "refusal", "status"),
    [
        ({"birthdate": "2015-01-01"}, "no_vipps_user", 403),
        ({"simulate": "outdated_app_version"}, "outdated_app_version", 400),
    ],
)
def test_person_who_cannot_be_reached_is_refused_at_once(
    counter: VippsPerson, change: dict[str, Any], refusal: str, status: int
) -> None:
    counter.patch("persons/kari", change)
    assert ask(counter).status_code == status
    assert [report.code for report in reports(counter.app)] == [refusal]


def test_throttling_for_one_person_is_not_an_outage(counter: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = counter.app.extensions["vipps"].client._transport
    monkeypatch.setattr(transport, "_failures_on_demand", False)  # as with the real Vipps
    assert [ask(counter).status_code for _ in range(10)] == [303] * 3 + [429] * 7
    assert ask(counter, "ola").status_code == 303


def test_account_that_has_to_be_proved_is_not_opened(counter: VippsPerson) -> None:
    everyone = counter.control("persons")["persons"]
    email = next(each["email"] for each in everyone if each["key"] == "kari")
    customer_id = add_account(counter, email=email, name="Another Name")
    response = answered(counter)
    assert (response.status_code, [report.code for report in reports(counter.app)]) == (403, ["needs_proof"])
    assert links_of(counter, customer_id) == []


@pytest.mark.parametrize("changes", [{"phone_number": "12"}, {"phone_number": ""}, {"informed": ""}])
def test_form_is_checked(counter: VippsPerson, changes: dict[str, str]) -> None:
    assert ask(counter, **changes).status_code == 422
    assert audit_entries(counter.app) == []


def test_another_session_cannot_finish_an_enrolment(counter: VippsPerson) -> None:
    waiting = ask(counter).headers["Location"]
    counter.control("persons/kari/answer", {})
    with counter.app.app_context():
        db.session.execute(delete(StaffSession))  # the database may reuse its id for the next session
        db.session.commit()
    other: FlaskClient = browser_of(counter.app)
    send(other, "/staff/login", {"email": "ragna.holt@example.com", "password": "keys and a kettle"}, "/staff/login")
    assert other.get(waiting).status_code == 400
    assert count(counter.app, Customer) == 0


def test_page_polls_less_often_after_slow_down_and_stops_at_expiry(counter: VippsPerson) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        waiting = ask(counter).headers["Location"]
        refreshes = []
        for _ in range(2):
            limiter.reset()  # as if another worker had polled
            refreshes.append(counter.browser.get(waiting).headers["Refresh"].partition(";")[0])
        assert refreshes == ["5", "10"]
        clock.shift(LIFETIME)  # the request has just expired at Vipps
        assert counter.browser.get(waiting).status_code == 400
    assert [report.code for report in reports(counter.app)] == ["state_expired"]
