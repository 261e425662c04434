"""Where the customer is logged in: every open session of theirs, and how to end it there."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import CustomerSession
from app.customers.sessions.session_store import IDLE_LIMIT
from app.customers.sessions.user_agent import device
from app.database import db, utcnow
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import activity_of, add_customer, enter, is_logged_in, log_in, open_sessions
from tests.pages import Page

LIST = "/account/sessions"
OTHERS = f"{LIST}/end-others"
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


def rows(page: Page) -> list[str]:
    return [" ".join(row.get_text(" ").split()) for row in page.select("main .sessions > li")]


def numbers(app: Flask, customer_id: int) -> list[int]:
    with app.app_context():
        mine = select(CustomerSession.id).where(CustomerSession.customer_id == customer_id)
        return list(db.session.scalars(mine.order_by(CustomerSession.id)))


def end(client: FlaskClient, number: int | str) -> Any:
    return post(client, f"{LIST}/{number}/end", form_on="/account")


def test_the_page_says_how_long_a_session_lasts(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(app, client, add_customer(app))
    assert "after 2 hours without use, and after 12 hours in any case" in open_page(client, LIST).text
    monkeypatch.setattr("app.customers.sessions.session_store.IDLE_LIMIT", timedelta(minutes=90))
    monkeypatch.setattr("app.customers.sessions.session_store.ABSOLUTE_LIMIT", timedelta(hours=24))
    assert "after 90 minutes without use, and after 24 hours in any case" in open_page(client, LIST).text


def test_every_open_session_is_shown_with_its_device_and_way(app: Flask) -> None:
    customer_id = add_customer(app)
    here, telephone, laptop = (with_agent(app, agent) for agent in (FIREFOX, SAFARI, CHROME))
    began = utcnow()
    with time_machine.travel(began - timedelta(minutes=30), tick=False):
        enter(app, telephone, customer_id)
    log_in(here)
    with time_machine.travel(began + timedelta(minutes=5), tick=False):
        log_in(laptop)
        shown = rows(open_page(here, LIST))
    assert len(shown) == 3
    assert shown[0].startswith("Firefox on Linux this browser"), "the first although another was used later"
    assert "Log out there" not in shown[0]
    assert shown[1].startswith("Chrome on Windows Password · since")
    assert shown[2].startswith("An unknown device Vipps · since")
    assert all("Log out there" in row for row in shown[1:])


def test_what_has_ended_or_lapsed_is_not_shown(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    left, lapsed = browser_of(app), browser_of(app)
    with time_machine.travel(utcnow() - IDLE_LIMIT - timedelta(minutes=1), tick=False):
        log_in(lapsed)
    log_in(left)
    post(left, "/logout", form_on="/account")
    log_in(client)
    page = open_page(client, LIST)
    assert len(rows(page)) == 1
    assert not page.select(f"form[action='{OTHERS}']")


def test_one_browser_is_logged_out_from_another(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    other, third = browser_of(app), browser_of(app)
    for browser in (client, other, third):
        log_in(browser)
    number = numbers(app, customer_id)[1]
    assert open_page(client, LIST).select(f"main form[action='{LIST}/{number}/end']")
    response = end(client, number)
    assert (response.status_code, response.headers["Location"]) == (303, LIST)
    page = open_page(client, LIST)
    assert "That browser is logged out" in page.text
    assert [is_logged_in(each) for each in (client, other, third)] == [True, False, True]
    assert len(rows(page)) == 2
    assert activity_of(app, customer_id)[-1] == ("session_ended", None)


def test_every_other_browser_is_logged_out_at_once(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    stranger_id = add_customer(app, "other@example.com")
    stranger, others = browser_of(app), [browser_of(app), browser_of(app)]
    log_in(stranger, "other@example.com")
    for browser in (client, *others):
        log_in(browser)
    assert open_page(client, LIST).select(f"form[action='{OTHERS}']")
    response = post(client, OTHERS, form_on=LIST, follow_redirects=True)
    assert "Every other browser is logged out" in response.text
    assert is_logged_in(client)
    assert not any(is_logged_in(browser) for browser in others)
    assert is_logged_in(stranger)
    assert activity_of(app, customer_id)[-1] == ("sessions_ended", None)
    assert open_sessions(app, stranger_id) == 1


def test_what_cannot_be_ended_from_here_is_not_there(app: Flask, client: FlaskClient) -> None:
    mine, theirs = add_customer(app), add_customer(app, "other@example.com")
    other, left = browser_of(app), browser_of(app)
    log_in(other, "other@example.com")
    log_in(left)
    post(left, "/logout", form_on="/account")
    log_in(client)
    ended, current = numbers(app, mine)
    for number in (*numbers(app, theirs), ended, current, 4711, 10**30):
        assert end(client, number).status_code == 404, number
    assert is_logged_in(client)
    assert is_logged_in(other)
    assert "session_ended" not in dict(activity_of(app, mine))


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
def test_a_browser_is_named_as_people_know_it(app: Flask, user_agent: str, words: str) -> None:
    with app.test_request_context():
        assert device(user_agent).startswith(words)
