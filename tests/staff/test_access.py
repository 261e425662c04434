"""Only staff can open pages of the back office, whatever other sessions the browser has."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.customers.models import Customer
from app.database import db, utcnow
from app.staff import sessions
from app.staff.accounts import close_when
from app.staff.models import Staff, StaffSession
from app.staff.sessions import OPEN
from app.tokens import secret_hash
from tests.conftest import browser_of, open_page
from tests.customers import steps as customers
from tests.pages import token_in
from tests.staff.steps import COOKIE, EMAIL, NAME, PASSWORD, at_work, audit_entries, hire, log_in, send
from tests.vipps_person import VippsPerson

LOGIN = "/staff/login"


def addresses(app: Flask) -> Iterator[tuple[str, str]]:
    """Return every method and address of the back office except the login; the logout comes last."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: str(rule) == "/staff/logout"):
        if not str(rule).startswith("/staff") or rule.endpoint in OPEN:
            continue
        path = str(rule).replace("<int(max=2147483647):customer_id>", "1")
        assert "<" not in path, path
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            yield method, path


def ask(client: FlaskClient, method: str, path: str) -> Any:
    """Request an address with a valid form token, as a logged-in browser does."""
    if method == "GET":
        return client.get(path)
    page = client.get("/login")
    form = page if page.status_code == 200 else client.get("/account")
    return client.post(path, data={"csrf_token": token_in(form.text), "q": "Tuva", "channel": "email"})


def check_closed(app: Flask, client: FlaskClient) -> None:
    """Check that every address redirects the browser to the login, and that the audit log stays empty."""
    tried = list(addresses(app))
    assert {"/staff", "/staff/customers/1", "/staff/audience", "/staff/looks"} <= {path for _, path in tried}
    for method, path in tried:
        response = ask(client, method, path)
        assert response.status_code == 303, (method, path, response.status_code)
        assert response.headers["Location"].partition("?")[0] == LOGIN, (method, path)
        assert response.headers["Cache-Control"] == "no-store"
        assert "Tuva" not in response.text
    assert audit_entries(app) == []


def change(app: Flask, model: type[Staff | StaffSession], **values: Any) -> None:
    with app.app_context():
        db.session.execute(update(model).values(**values))
        db.session.commit()


def token_of(client: FlaskClient, name: str = COOKIE) -> str:
    """Return the value of this browser's cookie."""
    cookie = client.get_cookie(name)
    assert cookie is not None
    return str(cookie.value)


def with_token(app: Flask, token: str) -> FlaskClient:
    """Return another browser with this session token, as an attacker who stole it has."""
    client = browser_of(app)
    client.set_cookie(COOKIE, token)
    return client


def test_every_address_is_closed_to_a_visitor_and_to_a_customer(app: Flask, client: FlaskClient) -> None:
    customers.add_customer(app)
    check_closed(app, client)
    customers.log_in(client)
    assert customers.is_logged_in(client)
    check_closed(app, client)
    client.set_cookie(COOKIE, token_of(client, "session"))
    check_closed(app, client)


@pytest.mark.parametrize(
    ("model", "column"), [(Staff, "disabled_at"), (StaffSession, "ended_at"), (StaffSession, "expires_at")]
)
def test_every_address_is_closed_once_the_session_is_over(
    app: Flask, model: type[Staff | StaffSession], column: str
) -> None:
    customers.add_customer(app)
    client = at_work(app)
    assert client.get("/staff").status_code == 200
    change(app, model, **{column: utcnow()})
    check_closed(app, client)


def test_every_address_is_open_to_staff(app: Flask) -> None:
    customers.add_customer(app)
    client = at_work(app)
    for method, path in addresses(app):
        if path != "/staff/logout" and "/enrolment" not in path:  # enrolment is off by default
            response = ask(client, method, path)
            assert response.status_code in (200, 303, 422), (method, path)
            assert LOGIN not in response.headers.get("Location", "")


def test_staff_sessions_and_customer_sessions_are_separate(app: Flask) -> None:
    client = at_work(app)
    assert client.get("/account").headers["Location"].startswith("/login")
    client.set_cookie("session", token_of(client))
    assert client.get("/account").headers["Location"].startswith("/login")
    assert customers.log_in_by_form(client, EMAIL, PASSWORD).status_code == 422
    customers.add_customer(app)
    assert log_in(browser_of(app), customers.EMAIL, customers.PASSWORD).status_code == 422


def test_a_vipps_login_opens_no_staff_session_even_with_the_email_of_staff(vipps: VippsPerson) -> None:
    with vipps.app.app_context():
        kari = db.session.scalars(select(Customer).where(Customer.email.startswith("kari"))).one()
        hire(vipps.app, str(kari.email))
    vipps.log_in("kari", next_path="/staff")
    assert customers.is_logged_in(vipps.browser)
    check_closed(vipps.app, vipps.browser)


def test_pages_are_not_cached(app: Flask, client: FlaskClient) -> None:
    for browser in (client, at_work(app)):
        for path in ("/staff/login", "/staff", "/staff/customers/77", "/staff/errors"):
            response = browser.get(path)
            assert response.headers["Cache-Control"] == "no-store", path
            assert "noindex" in response.headers["X-Robots-Tag"]


def test_no_page_of_the_shop_links_to_the_back_office(app: Flask, client: FlaskClient) -> None:
    app.jinja_env.globals["settings"] = app.extensions["settings"].model_copy(update={"demo": False})
    customers.add_customer(app)
    for path in ("/", "/login", "/cart", "/nowhere"):
        assert "/staff" not in client.get(path).text
    customers.log_in(client)
    assert "/staff" not in client.get("/account").text


def test_the_cookie_on_https(make_app: Any) -> None:
    app = make_app(PUBLIC_URL="https://shop.example.com")
    hire(app)
    client = browser_of(app)
    client.environ_base["HTTP_REFERER"] = "https://shop.example.com/staff/login"
    cookie = log_in(client).headers.getlist("Set-Cookie")[0]
    name, *attributes = [part.strip() for part in cookie.split(";")]
    assert name.startswith("__Host-staff=")
    assert set(attributes) == {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"}


def test_a_planted_token_is_useless_and_the_database_has_a_hash(app: Flask) -> None:
    hire(app)
    planted = secrets.token_urlsafe(32)
    client = with_token(app, planted)
    form_token = token_in(client.get(LOGIN).text)
    log_in(client)
    assert token_of(client) != planted
    assert len(token_of(client)) >= 43
    assert client.post("/staff/search", data={"csrf_token": form_token, "q": "x"}).status_code == 400
    with app.app_context():
        assert db.session.scalars(select(StaffSession.token_hash)).one() == secret_hash(token_of(client))


def test_a_new_login_and_a_logout_end_the_session_that_was_there(app: Flask) -> None:
    client = at_work(app)
    first = token_of(client)
    form = {"email": EMAIL, "password": PASSWORD, "csrf_token": token_in(client.get("/staff").text)}
    assert client.post(LOGIN, data=form).status_code == 303
    second = token_of(client)
    assert second != first
    assert with_token(app, first).get("/staff").status_code == 303
    assert with_token(app, second).get("/staff").status_code == 200
    assert send(client, "/staff/logout").headers["Location"] == LOGIN
    assert client.get_cookie(COOKIE) is None
    assert with_token(app, second).get("/staff").status_code == 303


def test_a_session_ends_after_half_an_hour_without_a_page_and_after_a_working_day(app: Flask) -> None:
    assert (timedelta(minutes=30), timedelta(hours=8)) == (sessions.IDLE_LIMIT, sessions.ABSOLUTE_LIMIT)
    with time_machine.travel(utcnow(), tick=False) as now:
        client = at_work(app)
        for _ in range(16):
            now.shift(sessions.IDLE_LIMIT - timedelta(seconds=1))
            assert client.get("/staff").status_code == 200
        now.shift(timedelta(seconds=16))
        assert client.get("/staff").status_code == 303
        assert "You were logged out" in client.get(LOGIN).text
        log_in(client)
        now.shift(sessions.IDLE_LIMIT)
        assert client.get("/staff").status_code == 303


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/staff/customers/7", "/staff/customers/7"), ("/staff/audience?channel=sms", "/staff/audience?channel=sms"),
        ("/account", "/staff"), ("//evil.example/staff/", "/staff"), ("/staffroom", "/staff"),
        ("https://evil.example/staff/x", "/staff"),
    ],
)  # fmt: skip
def test_the_login_redirects_only_to_the_back_office(app: Flask, client: FlaskClient, asked: str, target: str) -> None:
    hire(app)
    assert log_in(client, next=asked).headers["Location"] == target
    again = client.get(LOGIN, query_string={"next": asked})
    assert (again.status_code, again.headers["Location"]) == (303, target), "already logged in: redirect"


def test_a_link_to_a_page_survives_the_login_and_each_page_has_the_name(app: Flask, client: FlaskClient) -> None:
    hire(app)
    page = open_page(client, "/staff/audience?channel=sms")
    assert page.one('input[name="next"]')["value"] == "/staff/audience?channel=sms"
    log_in(client)
    assert NAME in open_page(client, "/staff").one(".office__out").get_text()


def test_a_refusal_is_always_the_same_with_one_hash(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    hire(app)
    hire(app, "gone@example.com")
    with app.app_context():
        db.session.execute(update(Staff).where(Staff.email == "gone@example.com").values(disabled_at=utcnow()))
        db.session.commit()
    hasher = Mock(wraps=customers.hashing._hasher)
    monkeypatch.setattr(customers.hashing, "_hasher", hasher)
    answers = []
    for email, password in ((EMAIL, "wrong"), ("unknown@example.com", PASSWORD), ("gone@example.com", PASSWORD)):
        hasher.reset_mock()
        response = log_in(client, email, password)
        answers.append((response.status_code, customers.without_token(response.text).replace(email, "")))
        assert customers.hashes_made(hasher) == 1
    assert answers[0][0] == 422
    assert answers[0] == answers[1] == answers[2]


def test_guesses_at_one_account_or_from_one_address_are_limited(app: Flask, client: FlaskClient) -> None:
    hire(app)
    statuses = [log_in(client, f"unknown.{number}@example.com").status_code for number in range(22)]
    assert statuses == [422] * 20 + [429] * 2
    statuses = []
    for number in range(12):
        browser = browser_of(app)
        browser.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        response = log_in(browser, password="wrong")
        statuses.append(response.status_code)
    assert statuses == [422] * 10 + [429] * 2
    assert 0 < int(response.headers["Retry-After"]) <= 15 * 60
    assert "Please wait a moment" in response.text


def test_an_account_that_a_check_closes_cannot_log_in(app: Flask, client: FlaskClient) -> None:
    hire(app)
    close_when(app, lambda staff: staff.name == NAME)
    assert log_in(client).status_code == 422
    change(app, Staff, name="Another")
    assert log_in(client).status_code == 303
