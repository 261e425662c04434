"""The sample customers: loading them is safe to repeat, and the simulator's persons match them as intended."""

from flask import Flask
from sqlalchemy import select

from app.customers.models import Activity, Customer, VippsLink
from app.customers.passwords import policy
from app.database import db
from samples.customers import CUSTOMERS, PASSWORD, load
from tests.conftest import browser_of
from tests.vipps_person import VippsPerson


def sample_customer(email: str) -> Customer:
    return db.session.scalars(select(Customer).where(Customer.email == email)).one()


def test_loading_twice_adds_nothing_and_overwrites_nothing(app: Flask) -> None:
    with app.app_context():
        load(db.session())
        db.session.commit()
        sample_customer("kari.nordfjell@example.com").name = "Changed by hand"
        db.session.delete(sample_customer("ola.at.the.cabin@example.com"))
        db.session.commit()
        load(db.session())
        db.session.commit()
        assert len(db.session.scalars(select(Customer)).all()) == len(CUSTOMERS)
        assert sample_customer("kari.nordfjell@example.com").name == "Changed by hand"
        assert len(db.session.scalars(select(VippsLink)).all()) == 1


def test_the_published_password_is_one_that_the_shop_accepts() -> None:
    for row in CUSTOMERS:
        assert policy.problem(PASSWORD, row.email) is None


def test_each_person_is_matched_for_the_intended_reasons(vipps: VippsPerson) -> None:
    expected = {
        "amalie": {"number_changed_hands", "nothing_matches"},
        "jonas": {"no_verified_email", "nothing_matches"},
        "ola": {"phone_verified_on_both_sides", "email_does_not_match"},
        "malik": {"email_verified_on_both_sides", "phone_differs"},
        "anne": {"email_not_confirmed_here"},
        "soren": {"name_differs"},
        "paivi": {"name_agrees", "email_verified_on_both_sides", "phone_verified_on_both_sides"},
    }
    for person, reasons in expected.items():
        vipps.log_in(person, browser=browser_of(vipps.app))
        with vipps.app.app_context():
            lines = select(Activity.reasons).where(Activity.decision.is_not(None)).order_by(Activity.id.desc())
            assert reasons <= set(db.session.scalars(lines).first() or ()), person
