"""The demo's staff account opens in the demo only."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select, update

from app.database import db
from app.staff.models import Staff
from demo.staff import DEMO_EMAIL, DEMO_PASSWORD, load
from tests.conftest import browser_of, open_page
from tests.staff.steps import log_in

LOGIN = "/staff/login"


def test_the_published_password_opens_the_account_in_the_demo_only(
    demo_app: Flask, make_app: Callable[..., Flask]
) -> None:
    with demo_app.app_context():
        load(db.session())
        load(db.session())
        db.session.commit()
    client = browser_of(demo_app)
    page = open_page(client, LOGIN)
    assert DEMO_EMAIL in page.text
    assert DEMO_PASSWORD in page.text
    assert log_in(client, DEMO_EMAIL, DEMO_PASSWORD).status_code == 303
    real = make_app(DEMO="0")  # the same database
    client = browser_of(real)
    page = open_page(client, LOGIN)
    assert DEMO_EMAIL not in page.text
    assert DEMO_PASSWORD not in page.text
    assert log_in(client, DEMO_EMAIL, DEMO_PASSWORD).status_code == 422
    with real.app_context():
        db.session.execute(update(Staff).values(email="another@example.com"))
        load(db.session())
        assert db.session.scalars(select(Staff.email)).all() == ["another@example.com"]
