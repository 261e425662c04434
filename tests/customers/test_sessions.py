"""The login session: its cookie, its limits, its cost."""

from datetime import timedelta
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.customers.models import Customer, CustomerSession
from app.customers.sessions import session_store
from app.customers.sessions.session_cookie import customer_logged_in, end_sessions_of, start_session
from app.customers.sessions.session_store import ABSOLUTE_LIMIT, IDLE_LIMIT
from app.database import db, utcnow
from app.tokens import secret_hash
from tests.conftest import cookie_of, open_page, post
from tests.customers.steps import EMAIL, add_customer, is_logged_in, log_in, open_sessions, statements


def of_sessions(seen: list[str]) -> list[str]:
    return [statement for statement in seen if "customer_session" in statement]


def test_a_browser_without_the_cookie_asks_nothing(app: Flask, client: FlaskClient) -> None:
    client.get("/logged-out")
    with statements(app) as seen:
        client.get("/logged-out")
    assert of_sessions(seen) == []


def test_a_browser_with_the_cookie_asks_once(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    with statements(app) as seen:
        assert EMAIL in client.get("/account/password").text
    assert len(of_sessions(seen)) == 1
    assert not [statement for statement in seen if "FROM customer \n" in statement]


def test_a_visit_is_noted_once_a_minute(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    with statements(app) as seen:
        client.get("/account")
        assert not [statement for statement in seen if statement.startswith("UPDATE")]
        with time_machine.travel(utcnow() + timedelta(seconds=61), tick=False):
            client.get("/account")
            client.get("/account")
    assert len([statement for statement in seen if statement.startswith("UPDATE")]) == 1


def test_a_session_ends_when_it_is_left_alone(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    with time_machine.travel(utcnow() + IDLE_LIMIT - timedelta(minutes=1), tick=False):
        assert is_logged_in(client)
    with time_machine.travel(utcnow() + 2 * IDLE_LIMIT - timedelta(minutes=2), tick=False):
        assert is_logged_in(client)
    with time_machine.travel(utcnow() + 3 * IDLE_LIMIT, tick=False):
        page = open_page(client, "/account")
        assert page.h1 == "Log in"
        assert "no longer logged in" in page.text


def test_a_session_ends_after_its_longest_time_however_busy(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    began = utcnow()
    for hours in range(1, int(ABSOLUTE_LIMIT.total_seconds()) // 3600):
        with time_machine.travel(began + timedelta(hours=hours), tick=False):
            assert is_logged_in(client)
    with time_machine.travel(began + ABSOLUTE_LIMIT + timedelta(seconds=2), tick=False):
        assert not is_logged_in(client)


def test_the_cookie_is_opaque_and_guarded(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    response = log_in(client)
    (cookie,) = [
        line for line in response.headers.getlist("Set-Cookie") if line.startswith(f"{cookie_of(app, 'session')}=")
    ]
    parts = cookie.split("; ")
    assert set(parts[1:]) == {"HttpOnly", "Path=/", "SameSite=Lax"}
    token = parts[0].partition("=")[2]
    assert len(token) == 43
    with app.app_context():
        (row,) = db.session.scalars(select(CustomerSession))
        assert row.token_hash == secret_hash(token)


def test_the_way_to_a_page_leads_over_the_login(app: Flask, client: FlaskClient) -> None:
    response = client.get("/account/password?x=1")
    assert (response.status_code, response.headers["Location"]) == (303, "/login?next=/account/password?x%3D1")


def test_a_failing_database_does_not_take_a_page_away(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    add_customer(app)
    log_in(client)

    def fail(*visit: Any) -> None:
        raise OperationalError("UPDATE", {}, Exception("locked"))

    monkeypatch.setattr(session_store, "record_visit", fail)
    with time_machine.travel(utcnow() + timedelta(minutes=5), tick=False):
        assert is_logged_in(client)


def test_the_error_page_stands_when_the_session_cannot_be_read(
    app: Flask, client: FlaskClient, monkeypatch: Any
) -> None:
    add_customer(app)
    log_in(client)

    def fail(token: str) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(session_store, "find", fail)
    response = client.get("/account")
    assert response.status_code == 503
    assert "The shop is busy right now" in response.text


def test_a_session_that_has_just_begun_can_be_the_one_to_keep(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    log_in(client)
    with app.test_request_context():
        customer = db.session.get_one(Customer, customer_id)
        start_session(customer, "vipps", confirmed=False)
        end_sessions_of(customer, "vipps_linked", except_current=True)
        db.session.commit()
    assert open_sessions(app, customer_id) == 1
    assert not is_logged_in(client)


def test_a_login_tells_the_shop_before_it_is_committed(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    heard = []

    def listen(sender: Any, customer: Customer) -> None:
        with db.engine.connect() as other:
            heard.append((customer.id, len(other.execute(select(CustomerSession.id)).all())))

    with customer_logged_in.connected_to(listen, app):
        log_in(client)
    assert heard == [(customer_id, 0)]


def test_logging_out_needs_no_more_than_the_form(app: Flask, client: FlaskClient) -> None:
    response = post(client, "/logout")
    assert (response.status_code, response.headers["Location"]) == (303, "/logged-out")
