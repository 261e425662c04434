"""The demo's pages: shown in the demo only, with accounts that work and that can be reset."""

import re
from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.customers.models import Customer, VippsLink
from app.database import db
from app.shop.models import Product
from samples.customers import CUSTOMERS
from tests.conftest import browser_of, open_page, post
from tests.customers.revocation_steps import now, revoke, subject_of
from tests.customers.steps import log_in_by_form
from tests.vipps_person import VippsPerson

REAL = {
    "VIPPS_ENVIRONMENT": "test", "VIPPS_CLIENT_ID": "a-unit", "VIPPS_CLIENT_SECRET": "a-secret", "SECRET_KEY": "k" * 40,
}  # fmt: skip


def test_scenarios_are_shown_in_the_demo_only(make_app: Callable[..., Flask]) -> None:
    assert "Kari Sandvik Nordfjell" in make_app(demo=True).test_client().get("/demo").text
    assert make_app(DEMO="0").test_client().get("/demo").status_code == 404


@pytest.mark.parametrize(("language", "note"), [("en", ""), ("da", "(på engelsk)"), ("fi", "(englanniksi)")])
def test_a_link_to_the_guide_says_that_it_is_in_english(
    make_app: Callable[..., Flask], language: str, note: str
) -> None:
    client = make_app(demo=True).test_client()
    client.get(f"/language/{language}")
    page = open_page(client, "/")
    for place in (".footer__guide", ".hero__demo"):
        assert re.findall(r"\(.+?\)", page.one(place).get_text()) == ([note] if note else [])


def test_reset_restores_the_sample_accounts_and_keeps_others(make_app: Callable[..., Flask]) -> None:
    app = make_app(demo=True)
    with app.app_context():
        kari = db.session.scalars(select(Customer).where(Customer.email == "kari.nordfjell@example.com")).one()
        kari.name, kari.password_hash = "Changed", None
        stock = dict(db.session.execute(select(Product.slug, Product.stock)).all())
        db.session.execute(update(Product).values(stock=0))
        kari.vipps_links.append(VippsLink(issuer="i", client_id="c", subject="kari"))
        created = Customer(name="From a scenario", vipps_links=[VippsLink(issuer="i", client_id="c", subject="new")])
        registered = Customer(email="registered@example.org", name="Registered by form")
        db.session.add_all([created, registered])
        db.session.commit()
    browser = app.test_client()
    answer = post(browser, "/demo/start-over", form_on="/demo")
    assert (answer.status_code, answer.location) == (303, "/demo")
    with app.app_context():
        assert dict(db.session.execute(select(Product.slug, Product.stock)).all()) == stock
        customers = {each.email: each for each in db.session.scalars(select(Customer))}
        assert set(customers) == {row.email for row in CUSTOMERS} | {"registered@example.org"}
        kari = customers["kari.nordfjell@example.com"]
        assert (kari.name, kari.password_hash is not None, kari.vipps_links) == ("Kari Sandvik Nordfjell", True, [])


def test_reset_is_refused_without_the_simulator(make_app: Callable[..., Flask]) -> None:
    browser = make_app(demo=True, DEMO="1", **REAL).test_client()
    assert browser.get("/demo").status_code == 200
    assert post(browser, "/demo/start-over", form_on="/login").status_code == 404


def test_login_page_shows_accounts_that_work(demo_client: FlaskClient) -> None:
    page = open_page(demo_client, "/login")
    codes = [code.get_text() for code in page.select("main code")]
    assert log_in_by_form(demo_client, codes[1], codes[0]).status_code == 303


def test_login_page_shows_no_account_outside_of_the_demo(make_app: Callable[..., Flask]) -> None:
    client = browser_of(make_app(demo=True, DEMO="0", MAIL_URL="smtp://localhost:1"))
    assert not open_page(client, "/login").select("main code")


def test_login_page_links_to_the_guide_after_a_revocation(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    open_page(vipps.browser, "/account")
    _, subject = subject_of(vipps)
    revoke(vipps.app, now(), subject)
    page = open_page(vipps.browser, "/account")
    assert page.h1 == "Log in"
    assert page.select('[role=status] a[href="/guide/revocation-and-privacy"]')


def test_every_page_of_the_demo_has_its_style_sheet_and_links(make_app: Callable[..., Flask]) -> None:
    shop = open_page(browser_of(make_app(demo=True)), "/")
    assert shop.select("link[href*='css/demo.css']")
    assert {"/demo", "http://localhost:8001"} <= {str(link["href"]) for link in shop.select("footer a")}
    assert shop.select(".hero__demo")
    shop = open_page(browser_of(make_app(DEMO="0")), "/")
    assert not shop.select("link[href*='css/demo.css'], footer a[href='/demo'], .hero__demo, a[href^='/guide']")


def test_a_cached_page_changes_its_brand_on_the_day(make_app: Callable[..., Flask]) -> None:
    client = browser_of(make_app(VIPPS_MARKET="DK"))
    for day, brand in (("2027-01-11", "MobilePay"), ("2027-01-12", "Vipps")):
        with time_machine.travel(day, tick=False):
            assert f"A demo of {brand} Login" in client.get("/").text
