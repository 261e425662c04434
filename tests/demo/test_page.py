"""The demo's pages: shown in the demo only, with accounts that work and that can be reset."""

import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
import time_machine
from flask import Flask, render_template
from flask.testing import FlaskClient
from sqlalchemy import select, update
from urllib3 import PoolManager

from app.customers.models import Customer, VippsLink
from app.database import db
from app.shop.models import Product
from demo import simulator
from samples.customers import CUSTOMERS, PASSWORD
from tests.conftest import browser_of, open_page, post
from tests.customers.revocation_steps import now, revoke, subject_of
from tests.customers.steps import log_in_by_form, statements
from tests.vipps_person import VippsPerson
from wsgi import CONTROL_TOKEN

REAL = {
    "VIPPS_ENVIRONMENT": "test", "VIPPS_CLIENT_ID": "a-unit", "VIPPS_CLIENT_SECRET": "a-secret", "SECRET_KEY": "k" * 40,
}  # fmt: skip


@pytest.mark.parametrize(("language", "note"), [("en", ""), ("da", "(på engelsk)"), ("fi", "(englanniksi)")])
def test_a_link_to_the_guide_says_that_it_is_in_english(
    make_app: Callable[..., Flask], language: str, note: str
) -> None:
    client = make_app(demo=True).test_client()
    client.get(f"/language/{language}")
    page = open_page(client, "/")
    assert re.findall(r"\(.+?\)", page.one(".footer__guide").get_text()) == ([note] if note else [])


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
    assert "Only the shop is reset" in browser.get("/demo").text, "no simulator runs in this test"
    with app.app_context():
        assert dict(db.session.execute(select(Product.slug, Product.stock)).all()) == stock
        customers = {each.email: each for each in db.session.scalars(select(Customer))}
        assert set(customers) == {row.email for row in CUSTOMERS} | {"registered@example.org"}
        kari = customers["kari.nordfjell@example.com"]
        assert (kari.name, kari.password_hash is not None, kari.vipps_links) == ("Kari Sandvik Nordfjell", True, [])


@pytest.mark.parametrize(("elsewhere", "is_sent"), [({}, True), ({"VIPPS_BASE_URL": "http://localhost:9"}, False)])
def test_the_control_token_goes_to_the_own_simulator_only(
    make_app: Callable[..., Flask],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    elsewhere: dict[str, str],
    is_sent: bool,
) -> None:
    (tmp_path / CONTROL_TOKEN).write_text("secret")
    monkeypatch.setattr(simulator, "INSTANCE", tmp_path)
    sent = []
    monkeypatch.setattr(PoolManager, "request", lambda self, *where, **more: sent.append(more) or Mock(status=200))
    with make_app(demo=True, **elsewhere).app_context():
        assert simulator.reset()
    assert sent[0]["headers"] == ({"Authorization": "Bearer secret"} if is_sent else {})


def test_a_client_cannot_keep_all_others_from_writing_with_resets(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulator, "reset", lambda: True)
    browser = make_app(demo=True).test_client()
    answers = [post(browser, "/demo/start-over", form_on="/demo").status_code for _ in range(7)]
    assert answers == [303] * 6 + [429]


def test_a_page_that_asks_a_customer_for_the_password_shows_it(demo_client: FlaskClient) -> None:
    log_in_by_form(demo_client, CUSTOMERS[0].email, PASSWORD)
    assert PASSWORD in open_page(demo_client, "/account/password").one("form .demo__password").get_text()


def test_the_page_after_logging_out_leads_to_the_phone(demo_client: FlaskClient) -> None:
    assert "Open the phone of a test person" in open_page(demo_client, "/logged-out").text


def test_the_bar_says_who_you_are_and_leads_to_the_last_login(vipps: VippsPerson) -> None:
    bar = open_page(vipps.browser, "/cart").one(".demobar")
    assert "You are not logged in." in bar.get_text()
    assert not bar.select("a[href^='/guide/inspector']")
    vipps.log_in("kari")
    bar = open_page(vipps.browser, "/cart").one(".demobar")
    assert "You are Kari Sandvik." in bar.get_text()
    assert "logged in" not in bar.get_text()
    assert bar.select("a[href='/guide/inspector/latest']")[0].get_text() == "See it step by step"
    assert {"/demo", "/demo#again"} <= {str(link["href"]) for link in bar.select("a")}


@pytest.mark.parametrize(("customer", "most"), [(None, 0), ({"given_name": "Kari"}, 1)])
def test_the_bar_asks_the_database_next_to_nothing(app: Flask, customer: dict[str, str] | None, most: int) -> None:
    with app.test_request_context("/"), statements(app) as seen:
        assert "demobar" in render_template("demo/bar.html", customer=customer)
    assert len(seen) <= most


def test_a_login_proposes_a_person_of_the_demo_and_no_other(vipps: VippsPerson) -> None:
    for person, hint in (("kari", "&login_hint=kari"), ("nora", ""), ("", ""), ("kari&x", "")):
        url = vipps.browser.get("/login/vipps", query_string={"person": person}).location
        assert url.endswith(f"&market=NO{hint}")
    vipps.browser.get(vipps.approve(vipps.browser.get("/login/vipps?person=kari").location))
    recorded = open_page(vipps.browser, vipps.browser.get("/guide/inspector/latest").location)
    assert "Vipps documents no such parameter" in recorded.text


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


@pytest.mark.parametrize(("environ", "status"), [({"DEMO": "0"}, 404), ({"DEMO": "1", **REAL}, 200)])
def test_a_real_shop_has_no_demo_and_a_real_provider_no_simulator(
    make_app: Callable[..., Flask], environ: dict[str, str], status: int
) -> None:
    shop = make_app(demo=True, **environ)
    browser = browser_of(shop)
    for path in ("/demo", "/guide/teaching/", "/guide/errors"):
        assert browser.get(path).status_code == status, path
    for path in ("/demo/tour", "/demo/missions"):
        assert browser.get(path).status_code == 404, path
    for path in ("/demo/start-over", "/guide/errors/server_error/try"):
        assert post(browser, path, form_on="/login").status_code == 404, path
    assert simulator.propose_person not in shop.after_request_funcs[None]
    with shop.test_request_context("/"):
        assert "tour" not in shop.jinja_env.get_template("demo/tour_next.html").render()
    if status == 200:
        assert not open_page(browser, "/guide/errors").select(".fault form")
    else:
        assert not open_page(browser, "/login").select(".demo, main code")
        front = open_page(browser, "/")
        assert not front.select("link[href*='css/demo.css'], footer a[href='/demo'], .demobar, a[href^='/guide']")
        assert front.one(".hero .button").get_text() == "Browse the shop"


def test_a_cached_page_changes_its_brand_on_the_day(make_app: Callable[..., Flask]) -> None:
    client = browser_of(make_app(VIPPS_MARKET="DK"))
    for day, brand in (("2027-01-11", "MobilePay"), ("2027-01-12", "Vipps")):
        with time_machine.travel(day, tick=False):
            assert f"integrates {brand} Login" in client.get("/").text
