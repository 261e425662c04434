"""The demo's customers."""

from flask import Flask
from sqlalchemy import select

from app.customers import passwords
from app.customers.models import Customer
from app.customers.seed import DEMO_CUSTOMERS, DEMO_PASSWORD, load_demo
from app.database import db


def test_loading_twice_adds_nothing_and_overwrites_nothing(app: Flask) -> None:
    with app.app_context():
        load_demo(db.session())
        db.session.commit()
        kari = db.session.scalars(select(Customer).where(Customer.email == "kari.nordfjell@example.com")).one()
        kari.name = "Changed by hand"
        db.session.commit()
        load_demo(db.session())
        db.session.commit()
        assert len(db.session.scalars(select(Customer)).all()) == len(DEMO_CUSTOMERS)
        assert kari.name == "Changed by hand"


def test_the_published_password_is_one_that_the_shop_accepts() -> None:
    for email, *_rest in DEMO_CUSTOMERS:
        assert passwords.problem(DEMO_PASSWORD, email) is None
