"""Steps of the account tests: add a customer, log in, read emails."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

from flask import Flask, session
from flask.testing import FlaskClient
from sqlalchemy import event, select, update

from app.customers.consents.ledger import object_hash
from app.customers.linking.sign_in import sign_in
from app.customers.models import Activity, ConsentRecord, Customer, CustomerSession, LoginMethod, VippsLink
from app.customers.passwords import hashing
from app.database import db, utcnow
from app.mail import Mail
from app.vipps.config import ISSUER_PATH
from tests.conftest import browser_of, post

EMAIL = "tuva.lien@example.com"
PASSWORD = "seven small boats"
OTHER_PASSWORD = "a red wooden house"


def add_customer(
    app: Flask,
    email: str | None = EMAIL,
    password: str | None = PASSWORD,
    *,
    confirmed: bool = True,
    vipps: bool = False,
) -> int:
    settings = app.extensions["settings"]
    with app.app_context():
        customer = Customer(
            email=email,
            email_verified_at=utcnow() if confirmed else None,
            name="Tuva Lien",
            password_hash=hashing.make_hash(password) if password else None,
        )
        db.session.add(customer)
        if vipps:
            issuer, subject = settings.provider_url + ISSUER_PATH, f"sub of {email}"
            link = VippsLink(customer=customer, issuer=issuer, client_id=settings.client_id, subject=subject)
            db.session.add(link)
        db.session.commit()
        return customer.id


def add_answer(
    app: Flask, customer_id: int, consent_id: str = "email", granted: bool = True, text: str = "By email", **fields: Any
) -> int:
    """Add an answer from Vipps to the consent ledger, and return its id."""
    at = fields.pop("at", None) or utcnow()
    evidence = fields.pop("evidence", {"timeOfConsent": at.isoformat(), "accepted": granted, "text": text})
    values = {
        "customer_id": customer_id, "consent_id": consent_id, "granted": granted, "text": text, "language": "en",
        "given_at": at, "effective_at": at, "source": "vipps_login", "evidence": evidence,
        "object_hash": object_hash(evidence),
    }  # fmt: skip
    with app.app_context():
        record = ConsentRecord(**{**values, **fields})
        db.session.add(record)
        db.session.commit()
        return record.id


def log_in(client: FlaskClient, email: str = EMAIL) -> Any:
    """Log in with a recent re-authentication, without the password form, which a shop may not have."""
    app = client.application
    cookies = "; ".join(f"{each.key}={each.value}" for each in client._cookies.values())
    environ = {**client.environ_base, "HTTP_COOKIE": cookies}
    with app.test_request_context("/login", method="POST", environ_base=environ):
        customer = db.session.scalars(select(Customer).where(Customer.email == email)).one()
        response = sign_in(customer, LoginMethod.PASSWORD, "/")
        app.session_interface.save_session(app, session, response)
    for header in response.headers.getlist("Set-Cookie"):
        name, _, value = header.partition(";")[0].partition("=")
        if value:
            client.set_cookie(name, value)
        else:
            client.delete_cookie(name)
    return response


def log_in_by_form(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> Any:
    return post(client, "/login/password", {"email": email, "password": password, **fields})


def enter(app: Flask, client: FlaskClient, customer_id: int) -> None:
    """Log a customer in as a Vipps login does: without a re-authentication."""
    with app.test_request_context():
        response = sign_in(db.session.get_one(Customer, customer_id), "vipps", "/", confirmed=False)
    client.set_cookie("session", response.headers["Set-Cookie"].partition(";")[0].partition("=")[2])


def forget_confirmations(app: Flask) -> None:
    """End the re-authentication of every session."""
    with app.app_context():
        db.session.execute(update(CustomerSession).values(confirmed_at=None))
        db.session.commit()


def register(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> Any:
    data = {"name": "Tuva Lien", "email": email, "password": password, **fields}
    return post(client, "/register", data, form_on="/register")


def is_logged_in(client: FlaskClient) -> bool:
    return bool(client.get("/account").status_code == 200)


def mails(app: Flask, kind: str | None = None, to: str = EMAIL) -> list[Mail]:
    """Return the emails in the outbox to an address, the oldest first."""
    with app.app_context():
        kept = db.session.scalars(select(Mail).where(Mail.recipient == to).order_by(Mail.id)).all()
        return [mail for mail in kept if kind in (None, mail.kind)]


def link_in(mail: Mail, about: str) -> str:
    """Return the path of the only link in an email that leads to these pages."""
    (path,) = re.findall(rf"http://localhost:8000(/{about}/\S+)", mail.body)
    return str(path)


def activity_of(app: Flask, customer_id: int) -> list[tuple[str, str | None]]:
    """Return kind and method of a customer's activity, the oldest first."""
    with app.app_context():
        lines = db.session.scalars(select(Activity).where(Activity.customer_id == customer_id).order_by(Activity.id))
        return [(line.kind, line.method) for line in lines]


def copy_of(app: Flask, client: FlaskClient) -> FlaskClient:
    """Return another browser with this browser's session cookie, as an attacker who stole it has."""
    cookie = client.get_cookie("session")
    assert cookie is not None
    other = browser_of(app)
    other.set_cookie("session", cookie.value)
    return other


def open_sessions(app: Flask, customer_id: int) -> int:
    with app.app_context():
        rows = db.session.scalars(select(CustomerSession).where(CustomerSession.customer_id == customer_id))
        return sum(row.ended_at is None for row in rows)


def get_customer(app: Flask, email: str = EMAIL) -> Customer | None:
    with app.app_context():
        return db.session.scalar(select(Customer).where(Customer.email == email))


def set_values(app: Flask, customer_id: int, **values: Any) -> None:
    """Change columns of a customer."""
    with app.app_context():
        db.session.execute(update(Customer).where(Customer.id == customer_id).values(**values))
        db.session.commit()


def verified_holders(app: Flask, number: str) -> list[int]:
    """Return the customers who have this number as verified."""
    held = (Customer.phone_number == number, Customer.phone_verified_at.is_not(None))
    with app.app_context():
        return list(db.session.scalars(select(Customer.id).where(*held)))


def without_token(html: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]*"', "", html)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def while_it_is_checked(monkeypatch: Any, model: Any = Customer, **changes: Any) -> None:
    """Change every row of a table in another connection while a password is compared with its hash."""
    matches = hashing.matches

    def change_meanwhile(password: str, stored: str | None) -> bool:
        answer = matches(password, stored)
        with db.engine.begin() as elsewhere:
            elsewhere.execute(update(model).values(**changes))
        return answer

    monkeypatch.setattr(hashing, "matches", change_meanwhile)


def hashes_made(hasher: Mock) -> int:
    """Return how many slow computations a wrapped hasher has made."""
    return int(hasher.verify.call_count + hasher.hash.call_count)
