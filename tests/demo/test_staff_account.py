"""The published passwords of the demo open accounts in the demo only."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select, update

from app.customers.models import Customer
from app.customers.passwords import hashing, policy
from app.database import db
from app.doctor import Level
from app.staff.models import Staff
from demo.checks import demo_accounts
from demo.staff import DEMO_EMAIL, DEMO_PASSWORD, load
from samples.customers import CUSTOMERS, PASSWORD
from tests.conftest import browser_of, open_page, post
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


def test_a_customer_of_the_demo_cannot_log_in_elsewhere(demo_app: Flask, make_app: Callable[..., Flask]) -> None:
    sample = {"email": CUSTOMERS[0].email, "password": PASSWORD}
    assert post(browser_of(demo_app), "/login/password", sample).status_code == 303
    real = make_app(DEMO="0")  # the same database
    assert post(browser_of(real), "/login/password", sample).status_code == 422
    with real.app_context():
        customer = db.session.scalars(select(Customer).where(Customer.email == sample["email"])).one()
        assert not hashing.matches(PASSWORD, customer.password_hash), "the password must not work elsewhere"
        assert policy.problem(PASSWORD) is policy.IS_COMMON
        assert demo_accounts().level is Level.WARNING
        assert str(len(CUSTOMERS)) in demo_accounts().said
        db.session.execute(update(Customer).values(email=None))
        assert demo_accounts().level is Level.OK


def test_setup_makes_no_customer_of_the_demo_elsewhere(make_app: Callable[..., Flask]) -> None:
    for demo, expected in (("0", 0), ("1", len(CUSTOMERS))):
        app = make_app(DEMO=demo)
        assert app.test_cli_runner().invoke(args=["setup", "--demo"]).exit_code == 0
        with app.app_context():
            assert db.session.scalar(select(func.count()).select_from(Customer)) == expected
