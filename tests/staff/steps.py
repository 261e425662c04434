"""Steps of the back office's tests: add staff, log them in, read the audit log."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.passwords import hashing
from app.database import db
from app.staff.models import AuditEntry, ErrorReport, Staff
from tests.conftest import browser_of
from tests.pages import Page

EMAIL = "ragna.holt@example.com"
PASSWORD = "keys and a kettle"
NAME = "Ragna Holt"
COOKIE = "staff"


def hire(app: Flask, email: str = EMAIL, password: str = PASSWORD, name: str = NAME) -> int:
    """Add a staff account and return its id."""
    with app.app_context():
        staff = Staff(email=email, name=name, password_hash=hashing.make_hash(password))
        db.session.add(staff)
        db.session.commit()
        return staff.id


def send(client: FlaskClient, path: str, data: dict[str, Any] | None = None, form_on: str = "/staff") -> Any:
    """Post a form of the back office with the token of one of its pages."""
    token = Page(client.get(form_on, follow_redirects=True).text).csrf_token()
    return client.post(path, data={**(data or {}), "csrf_token": token})


def log_in(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> Any:
    """Send the back office's login form."""
    return send(client, "/staff/login", {"email": email, "password": password, **fields}, form_on="/staff/login")


def at_work(app: Flask) -> FlaskClient:
    """Return a browser in which a new staff member is logged in."""
    hire(app)
    client = browser_of(app)
    assert log_in(client).status_code == 303
    return client


def search(client: FlaskClient, text: str) -> Page:
    response = send(client, "/staff/search", {"q": text})
    assert response.status_code == 303
    answer = client.get(response.headers["Location"])
    assert answer.status_code == 200
    return Page(answer.text)


def found(page: Page) -> list[int]:
    """Return the ids of the customers in a search result."""
    return [int(str(link["href"]).rpartition("/")[2]) for link in page.select("td a[href^='/staff/customers/']")]


def audit_entries(app: Flask) -> list[tuple[str, int | None, str]]:
    """Return the audit log, oldest first."""
    with app.app_context():
        rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.action, row.customer_id, row.detail) for row in rows]


def reports(app: Flask) -> list[ErrorReport]:
    """Return the error reports, the oldest first."""
    with app.app_context():
        return list(db.session.scalars(select(ErrorReport).order_by(ErrorReport.id)))
