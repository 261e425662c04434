"""What a Vipps login makes in the shop: a customer, a session, a profile, answers to consent questions."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from app.customers.models import Activity, ConsentRecord
from app.database import db
from simulator.persons import from_file
from tests.conftest import browser_of, open_page, post
from tests.vipps.flow import rows
from tests.vipps_person import VippsPerson


def test_the_session_and_the_consents_and_the_reasons_are_kept_with_the_login(vipps: VippsPerson) -> None:
    url = vipps.start()
    vipps.browser.get(vipps.approve(url, "gunnar", consents={"email": True}))
    with vipps.app.app_context():
        event = db.session.scalars(select(Activity)).one()
        assert (event.method, event.decision, event.reasons) == (
            "vipps",
            "create",
            ["subject_unknown", "no_verified_email", "nothing_matches"],
        )
        given = {r.consent_id: r.granted for r in db.session.scalars(select(ConsentRecord))}
        assert given["email"] is True
        assert given["sms"] is False
        assert all(r.text and r.given_at and r.evidence for r in db.session.scalars(select(ConsentRecord)))
    answers = rows(vipps, ConsentRecord)
    vipps.log_in("gunnar", browser=browser_of(vipps.app))
    assert rows(vipps, ConsentRecord) == answers, "an absent consent object is neither a yes nor a no"


def test_cookies_are_opaque_and_tokens_never_reach_browser_or_database(vipps: VippsPerson) -> None:
    response = vipps.log_in("kari")
    for cookie in response.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert len(cookie) < 500
    with vipps.app.app_context():
        dump = str([db.session.execute(select(table)).all() for table in db.metadata.tables.values()])
    assert "eyJ" not in dump + response.text
    assert "access_token" not in dump


@pytest.mark.parametrize("person", sorted({person["key"] for person in from_file()} - {"emma"}))
def test_every_test_person_can_create_an_account_and_see_their_page(
    make_app: Callable[..., Flask], simulator: str, person: str
) -> None:
    shop = make_app(SIMULATOR_URL=simulator)
    someone = VippsPerson(shop, browser_of(shop), simulator)
    assert someone.log_in(person).status_code == 303
    open_page(someone.browser, "/account")


def test_logging_out_makes_no_call_to_vipps(vipps: VippsPerson) -> None:
    vipps.log_in()
    calls = vipps.provider_calls()
    assert post(vipps.browser, "/logout", form_on="/account").status_code == 303
    assert vipps.provider_calls() == calls
