"""Make a customer with data in every table, and search the whole database for that customer."""

import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Table, func, select, update

from app.customers import account_activity, email_tokens
from app.customers.models import Customer, Kind, PendingLink, TokenPurpose, VippsLink, VippsProfile, WebhookDelivery
from app.database import db, utcnow
from app.staff.models import AuditEntry, ErrorReport, Staff
from app.tokens import secret_hash
from tests.conftest import browser_of, open_page, post
from tests.customers.consents.steps import delegated, says_also
from tests.customers.steps import link_in, log_in, mails
from tests.shop.steps import place_order, put_into_cart
from tests.tables import tables_in
from tests.vipps_person import VippsPerson

PASSWORD = "an unusual grey kettle"
EMAIL = "solvaar.ytterhorn@example.com"
NEW_EMAIL = "mjoell@ytterhorn.example"
ORDER_EMAIL = "til.hyttevakta@ytterhorn.example"
NIN = "04918830001"
USER_AGENT = "Mozilla/5.0 (Ytterphone 9; Tangrind) Skarvbrowser/73.1"


def _address(kind: str, street: str, postal_code: str, region: str) -> dict[str, str]:
    place = {"street_address": street, "postal_code": postal_code, "region": region}
    return {"address_type": kind, **place, "country": "NO"}


PERSON = {
    "given_name": "Sølvår Mjøll",
    "family_name": "Ytterhorn-Quist",
    "email": EMAIL,
    "phone_numbers": ["4790000277"],
    "addresses": [
        _address("home", "Skogfaret 77\nH0303", "6789", "YTTERLOEN"),
        _address("work", "Kvernhusgata 5", "6788", "INNERLOEN"),
    ],
}
MOVED = [_address("home", "Nyfaret 9", "6787", "OVERLOEN")]
BIRTHDATE = "1988-03-17"
# Each value is written as `folded` writes it.
VALUES = (
    "sølvår", "mjøll", "ytterhorn", "quist", "solvaar", "mjoell", "hyttevakta", "4790000277", "90000277", "90000288",
    "skogfaret", "h0303", "kvernhus", "nyfaret", "setervegen", "6789ytterloen", "ytterloen", "innerloen", "overloen",
    "nederloen", BIRTHDATE, "skarvbrowser", "tangrind", NIN,
)  # fmt: skip
OWN = {
    "name": "Sølvår Quist", "phone": "900 00 288", "street": "Setervegen 3", "postal_code": "6786",
    "region": "Nederloen", "country": "NO",
}  # fmt: skip


def fill(vipps: VippsPerson) -> int:
    """Make a customer with data in every table, log the browser in, and return the customer's id."""
    app, browser = vipps.app, vipps.browser
    browser.environ_base["HTTP_USER_AGENT"] = USER_AGENT
    vipps.patch("persons/kari", PERSON)
    says_also(vipps, delegatedConsents=delegated(email=True, sms=False), birthdate=BIRTHDATE, nin=NIN)
    put_into_cart(browser, "enamel-mug")
    assert vipps.log_in("kari").status_code == 303
    with app.app_context():
        customer_id = db.session.scalars(select(Customer.id).where(Customer.email == EMAIL)).one()
    set_password_by_mail(app, browser)
    log_in(browser, EMAIL)
    assert place_order(browser, email=ORDER_EMAIL, phone="90000288", address="0", name=OWN["name"]).status_code == 303
    put_into_cart(browser, "enamel-mug")
    change_details(browser)
    vipps.patch("persons/kari", {"addresses": MOVED})
    change_email(app, browser)
    elsewhere = browser_of(app)
    elsewhere.environ_base["HTTP_USER_AGENT"] = USER_AGENT
    vipps.log_in("kari", browser=elsewhere)
    log_in(elsewhere, NEW_EMAIL)
    post(browser, "/account/consents", {"consent": "personal", "answer": "on"}, form_on="/account/consents")
    leave_traces(app, customer_id)
    return customer_id


def set_password_by_mail(app: Flask, browser: FlaskClient) -> None:
    post(browser, "/password/forgot", {"email": EMAIL}, form_on="/password/forgot")
    link = link_in(mails(app, "reset_password", to=EMAIL)[-1], "password/reset")
    assert post(browser, link, {"password": PASSWORD}, form_on=link).status_code == 303


def change_details(browser: FlaskClient) -> None:
    page = open_page(browser, "/account/profile")
    shown = str(page.one('[name="shown"]')["value"])
    response = post(browser, "/account/profile", {**OWN, "shown": shown}, form_on="/account/profile")
    assert response.status_code == 303, response.text[:2000]


def change_email(app: Flask, browser: FlaskClient) -> None:
    assert post(browser, "/account/email", {"email": NEW_EMAIL}, form_on="/account/email").status_code == 303
    link = link_in(mails(app, "change_email", to=NEW_EMAIL)[-1], "account/email")
    assert post(browser, link, form_on=link).status_code == 303


def leave_traces(app: Flask, customer_id: int) -> None:
    """Add data that others cause: an event from Vipps, an audit log entry, an error report, pending links."""
    now = utcnow()
    with app.test_request_context(headers={"User-Agent": USER_AGENT}):
        customer = db.session.get_one(Customer, customer_id)
        link = customer.vipps_links[0]
        staff = Staff(email="staff@shop.example", name="Other Person", password_hash="x")
        db.session.add(staff)
        db.session.flush()
        about: dict[str, Any] = {"customer_id": customer_id, "reference": "ABCD-2345"}
        db.session.add(AuditEntry(staff_id=staff.id, action="customer", **about))
        db.session.add(ErrorReport(code="unexpected_error", status=500, route="/cart", **about))
        for who, number in ((customer_id, 1), (None, 2)):
            hashes = {"subject_hash": secret_hash(link.subject), "body_hash": secret_hash(f"body {number}")}
            db.session.add(WebhookDelivery(outcome="revoked", reference="ABCD-2345", customer_id=who, **hashes))
        for waits_at in (customer_id, another_customer()):
            waiting = _waiting(link, waits_at, now + timedelta(hours=1))
            db.session.add(waiting)
            db.session.flush()
            if waits_at == customer_id:
                email_tokens.issue(customer, NEW_EMAIL, TokenPurpose.CONNECT, waiting.id)
        account_activity.record(customer, Kind.LOGIN_HELD, method="vipps")
        db.session.execute(update(VippsProfile).values(birthdate=date.fromisoformat(BIRTHDATE)))
        db.session.commit()


def another_customer() -> int:
    return db.session.scalars(select(Customer.id).where(Customer.email == "eivind.dahl@example.com")).one()


def _waiting(link: VippsLink, waits_at: int, until: Any) -> PendingLink:
    return PendingLink(
        customer_id=waits_at, browser_hash=secret_hash(secrets.token_urlsafe()), issuer=link.issuer,
        client_id=link.client_id, subject=link.subject,
        claims={"sub": link.subject, "name": "Sølvår Mjøll Ytterhorn-Quist", "phone_number": "4790000277"},
        ways=["mail"], reasons=[], next_path="/", expires_at=until,
    )  # fmt: skip


def walk(app: Flask, values: tuple[str, ...]) -> list[str]:
    """Search every column of every table; return each column that contains one of the values, with that value."""
    found = []
    for table, row in every_row(app):
        for column, value in row.items():
            text = folded(value)
            found += [f"{table.name}.{column}: {each}" for each in values if each in text]
    return sorted(set(found))


def every_row(app: Flask) -> Iterator[tuple[Table, dict[str, Any]]]:
    """Yield every row of the database, also of tables that have no model."""
    with app.app_context(), db.engine.connect() as connection:
        for table in tables_in(connection).sorted_tables:
            for row in connection.execute(select(table)).mappings():
                yield table, dict(row)


def folded(value: Any) -> str:
    """Return a value of any type as one text, in lower case and without blanks."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return re.sub(r"\s|\\n", "", text).casefold()


def digest(text: str) -> str:
    """Return the unkeyed hash of a text: an attacker who can guess the text could confirm the guess by it."""
    return hashlib.sha256(text.encode()).hexdigest()


def tables_about(app: Flask, customer_id: int) -> dict[str, int]:
    """Return how many rows about this customer each table has that refers to customers."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            f"{table.name}.{key.parent.name}": connection.scalar(
                select(func.count()).select_from(table).where(key.parent == customer_id)
            )
            or 0
            for table in tables_in(connection).sorted_tables
            for key in table.foreign_keys
            if key.column.table.name == "customer"
        }
