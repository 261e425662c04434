"""My page with its activity and sessions, the session itself, and the deletion of the account."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.customers import account_activity, user_agent
from app.customers.account_activity import PER_PAGE
from app.customers.models import Activity, Customer, CustomerSession, Kind, VippsLink, VippsProfile
from app.customers.sessions import session_store
from app.customers.sessions.session_cookie import customer_logged_in, end_sessions_of, start_session
from app.customers.sessions.session_store import ABSOLUTE_LIMIT, IDLE_LIMIT
from app.customers.user_agent import device
from app.database import db, utcnow
from app.tokens import secret_hash
from app.vipps.errors import REASONS
from app.vipps.matching import Decision, Verdict
from tests.conftest import browser_of, cookie_of, open_page, post
from tests.customers import steps
from tests.customers.steps import EMAIL
from tests.pages import Page

TOLD_AT = datetime(2026, 3, 4, 11, 5, tzinfo=UTC)
HOME = {"type": "home", "street": "Fjordveien 12\nUnit B5", "postal_code": "5003", "region": "BERGEN", "country": "NO"}
WORK = {"type": "work", "street": "Vestergade 3", "postal_code": "1456", "region": "KØBENHAVN", "country": "DK"}


# The links on every account's page.
EVERYWHERE = [f"/account/{page}" for page in ("profile", "email", "password", "sessions", "activity")] + ["/orders"]


def tell(app: Flask, customer_id: int, addresses: list[dict[str, str]]) -> None:
    with app.app_context():
        link = db.session.scalars(select(VippsLink).where(VippsLink.customer_id == customer_id)).one()
        link.linked_at = TOLD_AT
        db.session.add(VippsProfile(link=link, received_at=TOLD_AT, addresses=addresses))
        db.session.commit()


def test_an_account_with_a_password_only(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    steps.log_in(client)
    page = open_page(client, "/account")
    assert page.h1 == "My page"
    for words in ("Tuva Lien", EMAIL, "confirmed", "Not connected", "Change your password", "Recent logins"):
        assert words in page.text, words
    assert "Addresses from Vipps" not in page.text
    assert not page.select("main form[action='/account/vipps/refresh']")
    for path in (*EVERYWHERE, "/account/vipps/link"):
        assert page.select(f"main a[href='{path}']"), path
    assert not page.select("main a[href='/account/vipps/unlink']")
    assert page.select("main form[action='/logout']")


def test_an_account_with_vipps(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app, vipps=True)
    tell(app, customer_id, [HOME, WORK])
    steps.log_in(client)
    page = open_page(client, "/account")
    assert "since 4 March 2026" in page.text
    for path in (*EVERYWHERE, "/account/vipps/unlink"):
        assert page.select(f"main a[href='{path}']"), path
    assert not page.select("main a[href='/account/vipps/link']")
    assert page.one("main form[action='/account/vipps/refresh']")
    assert "told us on 4 March 2026" in page.text
    shown = [list(block.stripped_strings) for block in page.select("main address")]
    assert shown == [["Fjordveien 12", "Unit B5", "5003 BERGEN"], ["Vestergade 3", "1456 KØBENHAVN", "Denmark"]]


def test_the_latest_answer_to_each_question_with_its_exact_words(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    steps.add_answer(app, customer_id, "mail", True, "May we write to you?", at=TOLD_AT)
    steps.add_answer(app, customer_id, "sms", True, "May we send you <b>texts</b>?", at=TOLD_AT)
    steps.add_answer(app, customer_id, "mail", False, "May we write to you now and then?", at=TOLD_AT)
    steps.log_in(client)
    answers = [
        re.sub(r" \d\d:\d\d", "", " ".join(each.get_text(" ").split()))
        for each in open_page(client, "/account").select("li.answer")
    ]
    no, yes = "No 4 March 2026 May we write to you now and then?", "Yes 4 March 2026 May we send you <b>texts</b>?"
    assert answers == [no, yes]


def test_only_a_login_with_a_decision_links_to_its_reasons(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app, vipps=True)
    decision = Decision(Verdict.KNOWN_SUBJECT, customer_id, ("subject_known",))
    number = note(app, customer_id, Kind.LOGGED_IN, "vipps", decision)
    steps.log_in(client)
    latest = open_page(client, "/account").select(".rows--tight li")
    assert [row.get_text().strip().endswith("Password") for row in latest] == [True, False]
    assert [link["href"] for row in latest for link in row.select("a")] == [f"/account/activity/{number}"]


def test_the_browsers_that_are_logged_in_are_counted(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    other, left = browser_of(app), browser_of(app)
    steps.log_in(left)
    post(left, "/logout", form_on="/account")
    steps.log_in(client)
    assert "in 1 browser See where" in open_page(client, "/account").text
    steps.log_in(other)
    assert "in 2 browsers See where" in open_page(client, "/account").text


def test_a_link_of_another_sales_unit_is_shown_as_not_connected(app: Flask, client: FlaskClient) -> None:
    """A shop that has moved to another sales unit gets other subjects for its customers."""
    customer_id = steps.add_customer(app, vipps=True)
    with app.app_context():
        link = db.session.scalars(select(VippsLink).where(VippsLink.customer_id == customer_id)).one()
        link.client_id = "an-earlier-sales-unit"
        db.session.commit()
    steps.log_in(client)
    assert "Not connected" in open_page(client, "/account").text


def test_a_customer_cannot_see_another_customers_page(app: Flask, client: FlaskClient) -> None:
    other = steps.add_customer(app, "other@example.com", vipps=True)
    tell(app, other, [HOME])
    steps.add_answer(app, other, "mail", True, "May we write to you?")
    steps.log_in(browser_of(app), "other@example.com")
    steps.add_customer(app)
    steps.log_in(client)
    page = open_page(client, "/account")
    for words in ("other@example.com", "Fjordveien", "May we write"):
        assert words not in page.text
    assert len(page.select(".rows--tight li")) == 1


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
    customer_id = steps.add_customer(app)
    steps.log_in(client)
    return customer_id


def test_every_kind_and_every_decision_is_listed_and_has_a_page(app: Flask, client: FlaskClient, tuva: int) -> None:
    for kind in Kind:
        number = note(app, tuva, kind)
        newest = rows(open_page(client, LIST))[0]
        heading = open_page(client, f"{LIST}/{number}").h1
        assert newest.startswith(heading), kind
        assert "Firefox on Windows" in newest
        assert "%(" not in heading
    for verdict in Verdict:
        number = note(app, tuva, Kind.LOGGED_IN, "vipps", Decision(verdict, tuva, ("subject_known",)))
        sentence = open_page(client, f"{LIST}/{number}").one("main .lead").get_text()
        assert sentence.endswith("."), verdict
        assert "%(" not in sentence


def test_the_page_of_an_entry_has_its_time_method_and_reasons(app: Flask, client: FlaskClient, tuva: int) -> None:
    reasons = ("subject_unknown", "email_verified_on_both_sides", "name_agrees")
    with time_machine.travel("2026-03-04T11:05:00Z", tick=False):
        number = note(app, tuva, Kind.LOGGED_IN, "vipps", Decision(Verdict.LINK_AND_LOG_IN, tuva, reasons))
    page = open_page(client, f"{LIST}/{number}")
    assert page.h1 == "You logged in"
    lead = "You already had an account here. It was connected to your Vipps user, and you were logged in."
    assert page.one("main .lead").get_text() == lead
    told = [item.get_text() for item in page.select("main section ul li")]
    assert told == [REASONS[reason] % {"brand": "Vipps"} for reason in reasons]
    with app.app_context():
        reference = db.session.get_one(Activity, number).reference
    facts = [cell.get_text() for cell in page.select("main dd")]
    assert facts == ["4 March 2026 12:05", "Vipps", "Firefox on Windows", reference]
    assert "How we decide" in page.text
    assert "Vipps gives each customer of this shop a permanent identifier (sub)." in page.text
    assert "secret" not in page.text


def test_entries_without_decision_or_with_an_unknown_reason_have_a_page(
    app: Flask, client: FlaskClient, tuva: int
) -> None:
    page = open_page(client, f"{LIST}/{note(app, tuva, Kind.PASSWORD_SET)}")
    assert not [words for words in ("Because", "How we decide") if words in page.text]
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
def test_an_invalid_cursor_is_not_found(client: FlaskClient, tuva: int, cursor: str) -> None:
    open_page(client, f"{LIST}?after={cursor}", 404)


def test_the_list_has_only_the_customers_own_entries(app: Flask, client: FlaskClient, tuva: int) -> None:
    theirs = note(app, steps.add_customer(app, "other@example.com"), Kind.PASSWORD_SET)
    with app.app_context():
        unknown = account_activity.record(None, Kind.LOGIN_REFUSED)
        db.session.commit()
        of_no_customer = unknown.id
    for number in (theirs, of_no_customer, 4711, 10**30):
        assert client.get(f"{LIST}/{number}").status_code == 404, number
    assert len(rows(open_page(client, LIST))) == 1


def test_a_user_agent_is_cut_and_shown_in_words(app: Flask) -> None:
    customer_id, browser = steps.add_customer(app), browser_of(app)
    browser.environ_base["HTTP_USER_AGENT"] = "<b>Firefox</b>\0" + "x" * 500
    steps.log_in(browser)
    assert "<b>" not in open_page(browser, LIST).html
    with app.app_context():
        (line,) = db.session.scalars(select(Activity).where(Activity.customer_id == customer_id))
    assert len(line.user_agent) == user_agent.MAX_LENGTH


SESSIONS = "/account/sessions"
OTHERS = f"{SESSIONS}/end-others"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Safari/537.36"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.6 Mobile/15E148 Safari/604.1"
)


def with_agent(app: Flask, user_agent: str) -> FlaskClient:
    browser = browser_of(app)
    browser.environ_base["HTTP_USER_AGENT"] = user_agent
    return browser


def session_lines(page: Page) -> list[str]:
    return [" ".join(row.get_text(" ").split()) for row in page.select("main .sessions > li")]


def numbers(app: Flask, customer_id: int) -> list[int]:
    with app.app_context():
        mine = select(CustomerSession.id).where(CustomerSession.customer_id == customer_id)
        return list(db.session.scalars(mine.order_by(CustomerSession.id)))


def end(client: FlaskClient, number: int | str) -> Any:
    return post(client, f"{SESSIONS}/{number}/end", form_on="/account")


def test_the_page_says_how_long_a_session_lives(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    steps.enter(app, client, steps.add_customer(app))
    assert "after 2 hours without use, and after 12 hours at the latest" in open_page(client, SESSIONS).text
    monkeypatch.setattr("app.customers.sessions.session_store.IDLE_LIMIT", timedelta(minutes=90))
    monkeypatch.setattr("app.customers.sessions.session_store.ABSOLUTE_LIMIT", timedelta(hours=24))
    assert "after 90 minutes without use, and after 24 hours at the latest" in open_page(client, SESSIONS).text


def test_every_open_session_is_shown_with_its_device_and_method(app: Flask) -> None:
    customer_id = steps.add_customer(app)
    here, telephone, laptop = (with_agent(app, agent) for agent in (FIREFOX, SAFARI, CHROME))
    began = utcnow()
    with time_machine.travel(began - timedelta(minutes=30), tick=False):
        steps.enter(app, telephone, customer_id)
    steps.log_in(here)
    with time_machine.travel(began + timedelta(minutes=5), tick=False):
        steps.log_in(laptop)
        shown = session_lines(open_page(here, SESSIONS))
    assert len(shown) == 3
    assert shown[0].startswith("Firefox on Linux this browser"), "this browser comes first"
    assert "Log out there" not in shown[0]
    assert shown[1].startswith("Chrome on Windows Password · since")
    assert shown[2].startswith("An unknown device Vipps · since")
    assert all("Log out there" in row for row in shown[1:])


def test_ended_and_expired_sessions_are_not_shown(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    left, lapsed = browser_of(app), browser_of(app)
    with time_machine.travel(utcnow() - IDLE_LIMIT - timedelta(minutes=1), tick=False):
        steps.log_in(lapsed)
    steps.log_in(left)
    post(left, "/logout", form_on="/account")
    steps.log_in(client)
    page = open_page(client, SESSIONS)
    assert len(session_lines(page)) == 1
    assert not page.select(f"form[action='{OTHERS}']")


def test_one_browser_is_logged_out_from_another(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    other, third = browser_of(app), browser_of(app)
    for browser in (client, other, third):
        steps.log_in(browser)
    number = numbers(app, customer_id)[1]
    assert open_page(client, SESSIONS).select(f"main form[action='{SESSIONS}/{number}/end']")
    response = end(client, number)
    assert (response.status_code, response.headers["Location"]) == (303, SESSIONS)
    page = open_page(client, SESSIONS)
    assert "That browser is logged out" in page.text
    assert [steps.is_logged_in(each) for each in (client, other, third)] == [True, False, True]
    assert len(session_lines(page)) == 2
    assert steps.activity_of(app, customer_id)[-1] == ("session_ended", None)


def test_every_other_browser_is_logged_out_at_once(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    stranger_id = steps.add_customer(app, "other@example.com")
    stranger, others = browser_of(app), [browser_of(app), browser_of(app)]
    steps.log_in(stranger, "other@example.com")
    for browser in (client, *others):
        steps.log_in(browser)
    assert open_page(client, SESSIONS).select(f"form[action='{OTHERS}']")
    response = post(client, OTHERS, form_on=SESSIONS, follow_redirects=True)
    assert "Every other browser is logged out" in response.text
    assert steps.is_logged_in(client)
    assert not any(steps.is_logged_in(browser) for browser in others)
    assert steps.is_logged_in(stranger)
    assert steps.activity_of(app, customer_id)[-1] == ("sessions_ended", None)
    assert steps.open_sessions(app, stranger_id) == 1


def test_sessions_of_others_and_ended_ones_are_not_found(app: Flask, client: FlaskClient) -> None:
    mine, theirs = steps.add_customer(app), steps.add_customer(app, "other@example.com")
    other, left = browser_of(app), browser_of(app)
    steps.log_in(other, "other@example.com")
    steps.log_in(left)
    post(left, "/logout", form_on="/account")
    steps.log_in(client)
    ended, current = numbers(app, mine)
    for number in (*numbers(app, theirs), ended, current, 4711, 10**30):
        assert end(client, number).status_code == 404, number
    assert steps.is_logged_in(client)
    assert steps.is_logged_in(other)
    assert "session_ended" not in dict(steps.activity_of(app, mine))


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"), (CHROME, "Chrome on Windows"), (SAFARI, "Safari on iPhone"),
        (CHROME + " Edg/129.0", "Edge on Windows"), (CHROME + " OPR/114.0", "Opera on Windows"),
        ("Mozilla/5.0 (Linux; Android 14; K) Chrome/129.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Linux; Android 14; S) SamsungBrowser/26.0 Chrome/122.0 Safari/537.36", "Samsung Internet on "),
        ("Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) CriOS/129.0 Mobile Safari/604.1", "Chrome on iPad"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) FxiOS/130.0 Safari/605", "Firefox on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.6 Safari/605.1.15", "Safari on Mac"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541) Chrome/129.0 Safari/537.36", "Chrome on ChromeOS"),
        ("Firefox", "Firefox"), ("something (Windows)", "Windows"), ("curl/8.9", "An unknown device"),
        ("", "An unknown device"),
    ],
)  # fmt: skip
def test_a_browser_is_named_by_its_usual_name(app: Flask, user_agent: str, words: str) -> None:
    with app.test_request_context():
        assert device(user_agent).startswith(words)


def test_a_request_without_the_cookie_makes_no_query_and_with_it_one(app: Flask, client: FlaskClient) -> None:
    client.get("/logged-out")
    with steps.statements(app) as seen:
        client.get("/logged-out")
    assert not [statement for statement in seen if "customer_session" in statement]
    steps.add_customer(app)
    steps.log_in(client)
    with steps.statements(app) as seen:
        assert EMAIL in client.get("/account/password").text
    assert len([statement for statement in seen if "customer_session" in statement]) == 1
    assert not [statement for statement in seen if "FROM customer \n" in statement]


def test_a_visit_is_recorded_once_a_minute(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    steps.log_in(client)
    with steps.statements(app) as seen:
        client.get("/account")
        assert not [statement for statement in seen if statement.startswith("UPDATE")]
        with time_machine.travel(utcnow() + timedelta(seconds=61), tick=False):
            client.get("/account")
            client.get("/account")
    assert len([statement for statement in seen if statement.startswith("UPDATE")]) == 1


def test_a_session_expires_without_requests(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    steps.log_in(client)
    with time_machine.travel(utcnow() + IDLE_LIMIT - timedelta(minutes=1), tick=False):
        assert steps.is_logged_in(client)
    with time_machine.travel(utcnow() + 2 * IDLE_LIMIT - timedelta(minutes=2), tick=False):
        assert steps.is_logged_in(client)
    with time_machine.travel(utcnow() + 3 * IDLE_LIMIT, tick=False):
        page = open_page(client, "/account")
        assert page.h1 == "Log in"
        assert "no longer logged in" in page.text


def test_a_session_expires_at_its_absolute_limit(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    steps.log_in(client)
    began = utcnow()
    for hours in range(1, int(ABSOLUTE_LIMIT.total_seconds()) // 3600):
        with time_machine.travel(began + timedelta(hours=hours), tick=False):
            assert steps.is_logged_in(client)
    with time_machine.travel(began + ABSOLUTE_LIMIT + timedelta(seconds=2), tick=False):
        assert not steps.is_logged_in(client)


def test_the_cookie_is_opaque_and_guarded(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    response = steps.log_in(client)
    ours = f"{cookie_of(app, 'session')}="
    (cookie,) = [line for line in response.headers.getlist("Set-Cookie") if line.startswith(ours)]
    parts = cookie.split("; ")
    assert set(parts[1:]) == {"HttpOnly", "Path=/", "SameSite=Lax"}
    token = parts[0].partition("=")[2]
    assert len(token) == 43
    with app.app_context():
        (row,) = db.session.scalars(select(CustomerSession))
        assert row.token_hash == secret_hash(token)


def test_a_page_redirects_to_the_login_and_back(app: Flask, client: FlaskClient) -> None:
    response = client.get("/account/password?x=1")
    assert (response.status_code, response.headers["Location"]) == (303, "/login?next=/account/password?x%3D1")


def test_a_failing_database_does_not_replace_a_page(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    steps.add_customer(app)
    steps.log_in(client)

    def fail(*visit: Any) -> None:
        raise OperationalError("UPDATE", {}, Exception("locked"))

    monkeypatch.setattr(session_store, "record_visit", fail)
    with time_machine.travel(utcnow() + timedelta(minutes=5), tick=False):
        assert steps.is_logged_in(client)


def test_the_error_page_renders_without_the_session(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    steps.add_customer(app)
    steps.log_in(client)

    def fail(token: str) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(session_store, "find", fail)
    response = client.get("/account")
    assert response.status_code == 503
    assert "The shop is busy right now" in response.text


def test_a_session_that_has_just_begun_can_be_the_one_to_keep(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    steps.log_in(client)
    with app.test_request_context():
        customer = db.session.get_one(Customer, customer_id)
        start_session(customer, "vipps", confirmed=False)
        end_sessions_of(customer, "vipps_linked", except_current=True)
        db.session.commit()
    assert (steps.open_sessions(app, customer_id), steps.is_logged_in(client)) == (1, False)


def test_a_login_signals_the_shop_before_its_commit(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    heard = []

    def listen(sender: Any, customer: Customer) -> None:
        with db.engine.connect() as other:
            heard.append((customer.id, len(other.execute(select(CustomerSession.id)).all())))

    with customer_logged_in.connected_to(listen, app):
        steps.log_in(client)
    assert heard == [(customer_id, 0)]


def test_the_button_deletes_the_account_and_says_so(either_app: Flask) -> None:
    customer_id = steps.add_customer(either_app, vipps=True)
    here, there = browser_of(either_app), browser_of(either_app)
    steps.log_in(here)
    steps.log_in(there)
    response = post(here, "/account/delete", form_on="/account")
    assert (response.status_code, response.headers["Location"]) == (303, "/")
    assert "Your account is deleted" in here.get("/").text
    assert not steps.is_logged_in(here)
    assert not steps.is_logged_in(there)
    assert [mail.kind for mail in steps.mails(either_app)] == ["account_deleted"]
    with either_app.app_context():
        assert db.session.get(Customer, customer_id) is None


def erase(app: Flask, *arguments: str, **kwargs: Any) -> Any:
    return app.test_cli_runner().invoke(args=["erase", *arguments], **kwargs)


def test_a_customer_restored_from_a_backup_is_erased_again_by_number(either_app: Flask) -> None:
    with either_app.app_context():
        others = set(db.session.scalars(select(Customer.id)))
    customer_id = steps.add_customer(either_app, vipps=True)
    here = browser_of(either_app)
    steps.log_in(here)
    done = erase(either_app, "--yes", str(customer_id))
    assert (done.exit_code, done.stdout) == (0, f"Customer {customer_id} is erased.\n")
    line = json.loads(done.stderr)
    assert set(line) == {"event", "customer", "level", "timestamp"}, "the log line has no other data about the customer"
    assert (line["event"], line["customer"]) == ("account_deleted", customer_id)
    assert not steps.is_logged_in(here)
    assert steps.mails(either_app) == [], "the customer got the email when they deleted the account"
    with either_app.app_context():
        assert set(db.session.scalars(select(Customer.id))) == others
    again = erase(either_app, "--yes", str(customer_id))
    assert (again.exit_code, again.output) == (1, "Error: no customer has this number\n")


def test_the_command_asks_and_shows_the_date_but_no_name(app: Flask) -> None:
    with time_machine.travel("2026-11-02T03:04:05+00:00", tick=False):
        customer_id = steps.add_customer(app)
    asked = f"Customer {customer_id}, here since 2026-11-02 03:04 UTC: erase them for good? [y/N]: "
    for answer, exit_code in (("n", 1), ("", 1), ("y", 0)):
        with app.app_context():
            assert db.session.get(Customer, customer_id)
        result = erase(app, str(customer_id), input=f"{answer}\n")
        assert result.exit_code == exit_code
        assert result.stdout.startswith(asked)
    with app.app_context():
        assert db.session.get(Customer, customer_id) is None


def test_a_newer_customer_with_the_same_number_is_not_erased(app: Flask) -> None:
    with time_machine.travel("2026-11-02T03:04:05+00:00", tick=False):
        customer_id = str(steps.add_customer(app))
    for before in ("2026-11-02T03:04:04.999999Z", "2026-11-01T05:00:00+02:00"):
        spared = erase(app, "--yes", "--deleted-at", before, customer_id)
        assert spared.exit_code == 1
        assert spared.output == "Error: another customer has this number now, created after that\n"
    for nonsense in ("2026-11-02T03:04:06", "yesterday", ""):
        assert erase(app, "--yes", "--deleted-at", nonsense, customer_id).exit_code == 2
    with app.app_context():
        assert db.session.get(Customer, int(customer_id))
    assert erase(app, "--yes", "--deleted-at", "2026-11-02T03:04:05.000001Z", customer_id).exit_code == 0


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999", "1 OR 1=1"])
def test_an_invalid_customer_number_erases_no_customer(app: Flask, number: str) -> None:
    customer_id = steps.add_customer(app)
    assert erase(app, "--yes", "--", number).exit_code == 2
    with app.app_context():
        assert db.session.get(Customer, customer_id)
