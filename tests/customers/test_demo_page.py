"""The demo's page of stories: there for everybody in the demo, for nobody outside it; and it can begin again."""

from collections.abc import Callable

from flask import Flask
from sqlalchemy import select

from app.customers.models import Customer, VippsLink
from app.database import db
from samples.customers import CUSTOMERS
from tests.customers.steps import post


def test_the_stories_are_there_in_the_demo_only(make_app: Callable[..., Flask]) -> None:
    assert "Kari Sandvik Nordfjell" in make_app(demo=True).test_client().get("/demo").text
    assert make_app(DEMO="0").test_client().get("/demo").status_code == 404


def test_beginning_again_makes_the_accounts_as_they_were(make_app: Callable[..., Flask]) -> None:
    app = make_app(demo=True)
    with app.app_context():
        kari = db.session.scalars(select(Customer).where(Customer.email == "kari.nordfjell@example.com")).one()
        kari.name, kari.password_hash = "Changed", None
        kari.vipps_links.append(VippsLink(issuer="i", client_id="c", subject="kari"))
        stranger = Customer(name="Made by a story", vipps_links=[VippsLink(issuer="i", client_id="c", subject="new")])
        somebody = Customer(email="somebody.else@example.org", name="Registered by themselves")
        db.session.add_all([stranger, somebody])
        db.session.commit()
    browser = app.test_client()
    answer = post(browser, "/demo/start-over", form_on="/demo")
    assert (answer.status_code, answer.location) == (303, "/demo")
    with app.app_context():
        customers = {each.email: each for each in db.session.scalars(select(Customer))}
        assert set(customers) == {row.email for row in CUSTOMERS} | {"somebody.else@example.org"}
        kari = customers["kari.nordfjell@example.com"]
        assert (kari.name, kari.password_hash is not None, kari.vipps_links) == ("Kari Sandvik Nordfjell", True, [])


def test_only_the_simulators_accounts_can_be_made_anew(make_app: Callable[..., Flask]) -> None:
    app = make_app(
        demo=True,
        VIPPS_ENVIRONMENT="test",
        DEMO="1",
        VIPPS_CLIENT_ID="a-unit",
        VIPPS_CLIENT_SECRET="a-secret",
        SECRET_KEY="k" * 40,
    )
    browser = app.test_client()
    assert browser.get("/demo").status_code == 200
    assert post(browser, "/demo/start-over", form_on="/login").status_code == 404
