"""What happened to an account: every login and every change that matters, in plain words, for its owner alone."""

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers import account_activity
from app.customers.account_activity import KINDS, PER_PAGE, VERDICTS
from app.customers.models import Activity, Customer, Kind
from app.customers.sessions import user_agent
from app.database import db
from app.vipps.matching import Decision, Verdict
from app.vipps.reasons import REASONS
from tests.conftest import browser_of, open_page
from tests.customers.steps import add_customer, log_in
from tests.pages import Page

LIST = "/account/activity"


def note(app: Flask, customer_id: int, kind: Kind, method: str | None = None, decision: Decision | None = None) -> int:
    agent = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/130.0"}
    with app.test_request_context(headers=agent):
        customer = db.session.get_one(Customer, customer_id)
        line = account_activity.record(customer, kind, method=method, decision=decision)
        db.session.commit()
        return line.id


def rows(page: Page) -> list[str]:
    return [" ".join(row.get_text(" ").split()) for row in page.select("main .rows > li")]


@pytest.fixture
def tuva(app: Flask, client: FlaskClient) -> int:
    customer_id = add_customer(app)
    log_in(client)
    return customer_id


def test_every_kind_and_every_verdict_has_words() -> None:
    assert set(KINDS) == set(Kind)
    assert set(VERDICTS) == set(Verdict)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_listed_and_has_a_page(app: Flask, client: FlaskClient, tuva: int, kind: Kind) -> None:
    number = note(app, tuva, kind)
    newest = rows(open_page(client, LIST))[0]
    heading = open_page(client, f"{LIST}/{number}").h1
    assert newest.startswith(heading)
    assert "Firefox on Windows" in newest
    assert "%(" not in heading


@pytest.mark.parametrize("verdict", Verdict)
def test_every_decision_is_told_in_a_sentence(app: Flask, client: FlaskClient, tuva: int, verdict: Verdict) -> None:
    number = note(app, tuva, Kind.LOGGED_IN, "vipps", Decision(verdict, tuva, ("subject_known",)))
    sentence = open_page(client, f"{LIST}/{number}").one("main .lead").get_text()
    assert sentence.endswith(".")
    assert "%(" not in sentence


def test_a_page_says_when_how_and_why(app: Flask, client: FlaskClient, tuva: int) -> None:
    reasons = ("subject_unknown", "email_verified_on_both_sides", "name_agrees")
    with time_machine.travel("2026-03-04T11:05:00Z", tick=False):
        number = note(app, tuva, Kind.LOGGED_IN, "vipps", Decision(Verdict.LINK_AND_LOG_IN, tuva, reasons))
    page = open_page(client, f"{LIST}/{number}")
    assert page.h1 == "You logged in"
    assert page.one("main .lead").get_text() == (
        "You already had an account here. It was connected, and you were logged in."
    )
    told = [item.get_text() for item in page.select("main section ul li")]
    assert told == [REASONS[reason] % {"brand": "Vipps"} for reason in reasons]
    with app.app_context():
        reference = db.session.get_one(Activity, number).reference
    facts = [cell.get_text() for cell in page.select("main dd")]
    assert facts == ["4 March 2026 12:05", "Vipps", "Firefox on Windows", reference]
    assert "How we decide" in page.text
    assert "Vipps gives each customer of this shop a permanent identifier (sub)." in page.text
    assert "secret" not in page.text


def test_what_was_not_decided_needs_no_reasons(app: Flask, client: FlaskClient, tuva: int) -> None:
    page = open_page(client, f"{LIST}/{note(app, tuva, Kind.PASSWORD_SET)}")
    for words in ("Because", "How we decide"):
        assert words not in page.text


def test_a_reason_of_former_days_is_left_out(app: Flask, client: FlaskClient, tuva: int) -> None:
    number = note(app, tuva, Kind.LOGGED_IN, "vipps", Decision(Verdict.CREATE, tuva, ("gone", "nothing_matches")))
    assert len(open_page(client, f"{LIST}/{number}").select("main section ul li")) == 1


def test_the_newest_is_first_and_the_list_has_pages(app: Flask, client: FlaskClient, tuva: int) -> None:
    for _ in range(PER_PAGE - 1):
        note(app, tuva, Kind.CONFIRMED)
    note(app, tuva, Kind.PASSWORD_SET)
    first = open_page(client, LIST)
    assert rows(first)[0].startswith("The password was set")
    assert len(rows(first)) == PER_PAGE
    second = open_page(client, str(first.one("a[rel=next]")["href"]))
    assert [row.partition(" · ")[0] for row in rows(second)] == ["You logged in"]
    assert rows(open_page(client, str(second.one("a[rel=prev]")["href"]))) == rows(first)


@pytest.mark.parametrize("cursor", ["-1", "x", "99999999999999999999999", "1.2", ""])
def test_a_cursor_that_leads_nowhere_is_not_found(client: FlaskClient, tuva: int, cursor: str) -> None:
    open_page(client, f"{LIST}?after={cursor}", 404)


def test_only_their_own_lines_are_there(app: Flask, client: FlaskClient, tuva: int) -> None:
    theirs = note(app, add_customer(app, "other@example.com"), Kind.PASSWORD_SET)
    with app.app_context():
        unknown = account_activity.record(None, Kind.LOGIN_REFUSED)
        db.session.commit()
        of_no_customer = unknown.id
    for number in (theirs, of_no_customer, 4711, 10**30):
        assert client.get(f"{LIST}/{number}").status_code == 404, number
    assert len(rows(open_page(client, LIST))) == 1


def test_what_a_browser_says_is_cut_and_shown_as_our_own_words(app: Flask) -> None:
    customer_id, browser = add_customer(app), browser_of(app)
    browser.environ_base["HTTP_USER_AGENT"] = "<b>Firefox</b>\0" + "x" * 500
    log_in(browser)
    assert "<b>" not in open_page(browser, LIST).html
    with app.app_context():
        (line,) = db.session.scalars(select(Activity).where(Activity.customer_id == customer_id))
    assert len(line.user_agent) == user_agent.MAX_LENGTH
