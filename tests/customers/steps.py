"""What tests of the accounts do over and over: make a customer, log in, read the mail."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select

from app.customers import passwords
from app.customers.models import Customer, CustomerSession, VippsLink
from app.database import db, utcnow
from app.mail import Mail
from tests.conftest import post

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
    """Add a customer and return the id."""
    with app.app_context():
        customer = Customer(
            email=email,
            email_verified_at=utcnow() if confirmed else None,
            name="Tuva Lien",
            password_hash=passwords.make_hash(password) if password else None,
        )
        db.session.add(customer)
        if vipps:
            link = VippsLink(customer=customer, issuer="https://op.test/", client_id="shop", subject=f"sub of {email}")
            db.session.add(link)
        db.session.commit()
        return customer.id


def log_in(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> Any:
    """Send the login form."""
    return post(client, "/login/password", {"email": email, "password": password, **fields})


def register(client: FlaskClient, email: str = EMAIL, password: str = PASSWORD, **fields: str) -> Any:
    """Send the registration form."""
    data = {"name": "Tuva Lien", "email": email, "password": password, **fields}
    return post(client, "/register", data, form_on="/register")


def is_logged_in(client: FlaskClient) -> bool:
    """Tell whether this browser sees its own page."""
    return bool(client.get("/account").status_code == 200)


def mails(app: Flask, kind: str | None = None, to: str = EMAIL) -> list[Mail]:
    """Return what the outbox keeps for an address, the oldest first."""
    with app.app_context():
        kept = db.session.scalars(select(Mail).where(Mail.recipient == to).order_by(Mail.id)).all()
        return [mail for mail in kept if kind in (None, mail.kind)]


def link_in(mail: Mail, about: str) -> str:
    """Return the path of the one link in a mail that leads to these pages."""
    (path,) = re.findall(rf"http://localhost:8000(/{about}/\S+)", mail.body)
    return str(path)


def open_sessions(app: Flask, customer_id: int) -> int:
    """Count the sessions of a customer that have not ended."""
    with app.app_context():
        rows = db.session.scalars(select(CustomerSession).where(CustomerSession.customer_id == customer_id))
        return sum(row.ended_at is None for row in rows)


def get_customer(app: Flask, email: str = EMAIL) -> Customer | None:
    """Return a customer as the database has it."""
    with app.app_context():
        return db.session.scalar(select(Customer).where(Customer.email == email))


def without_token(html: str) -> str:
    """Return a page without what is random in it."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", html)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """Collect the SQL statements of what happens inside."""
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


class CountingHasher:
    """The password hasher, counting how often it is asked to work."""

    def __init__(self, hasher: Any) -> None:
        self._hasher = hasher
        self.calls = 0

    def verify(self, stored: str, password: str) -> bool:
        """Count and verify."""
        self.calls += 1
        return bool(self._hasher.verify(stored, password))

    def hash(self, password: str) -> str:
        """Count and hash."""
        self.calls += 1
        return str(self._hasher.hash(password))

    def check_needs_rehash(self, stored: str) -> bool:
        """Ask the real one."""
        return bool(self._hasher.check_needs_rehash(stored))
