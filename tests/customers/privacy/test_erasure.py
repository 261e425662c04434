"""Erasure: afterwards no column of any table identifies the customer, and no request restores the data."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update

from app.customers.consents import unsubscribe
from app.customers.models import ConsentRecord, Customer, EmailToken, PendingLink, VippsLink, VippsProfile
from app.customers.privacy import data_sources
from app.customers.privacy.erasure import erase, pseudonyms
from app.database import begin_write, db, utcnow
from app.mail import Mail
from app.shop.models import Order
from tests.conftest import browser_of, open_page, post
from tests.customers.consents.steps import subject_of
from tests.customers.privacy.steps import (
    EMAIL,
    NEW_EMAIL,
    NIN,
    PASSWORD,
    VALUES,
    digest,
    every_row,
    fill,
    tables_about,
    walk,
)
from tests.customers.steps import add_answer, add_customer, copy_of, link_in, log_in, mails
from tests.vipps_person import VippsPerson

FAREWELL = {"mail.recipient: mjoell", "mail.recipient: ytterhorn"}


def delete_account(vipps: VippsPerson) -> None:
    response = post(vipps.browser, "/account/delete", form_on="/account/delete")
    assert (response.status_code, response.headers["Location"]) == (303, "/")


def test_no_row_names_the_customer_and_only_orders_and_proofs_stay(either_vipps: VippsPerson) -> None:
    app, customer_id = either_vipps.app, fill(either_vipps)
    subject = subject_of(app, customer_id)
    values = (*VALUES, subject, digest(subject), digest(EMAIL), digest(NEW_EMAIL))
    assert {where for where, count in tables_about(app, customer_id).items() if not count} == set()
    assert {each.partition(": ")[2] for each in walk(app, values)} >= {*VALUES} - {NIN}
    assert walk(app, (NIN,)) == [], "the national identity number is never kept"
    with app.app_context():
        order = db.session.scalars(select(Order).where(Order.customer_id == customer_id)).one()
        kept = (order.number, order.placed_at, order.language, order.delivery, order.total, order.status)
        answers = [(row.id, row.consent_id, row.granted, row.text) for row in db.session.scalars(select(ConsentRecord))]
    delete_account(either_vipps)
    gone_at = utcnow()
    assert set(walk(app, values)) == FAREWELL
    assert set(tables_about(app, customer_id).values()) == {0}
    with app.app_context():
        order = db.session.scalars(select(Order).where(Order.number == kept[0])).one()
        assert (order.number, order.placed_at, order.language, order.delivery, order.total, order.status) == kept
        assert [(line.slug, line.quantity) for line in order.lines] == [("enamel-mug", 1)]
        assert (order.customer_id, order.name, order.email, order.phone, order.address) == (None, "", "", "", [])
        assert order.checkout_key == ""
        rows = db.session.scalars(select(ConsentRecord).order_by(ConsentRecord.id)).all()
        assert [(row.id, row.consent_id, row.granted, row.text) for row in rows] == answers
        assert {row.pseudonym for row in rows} == set(pseudonyms(f"email {NEW_EMAIL}"))
        until = utcnow() + timedelta(days=1095)
        assert all(row.keep_until and until - timedelta(minutes=5) < row.keep_until <= until for row in rows)
        assert {row.evidence for row in rows} == {None}
    either_vipps.log_in("kari")
    with app.app_context():
        link = db.session.scalars(select(VippsLink).order_by(VippsLink.id.desc())).first()
        assert link
        assert link.customer_id != customer_id, "a later Vipps login must create a new account (GDPR, article 17)"
        assert link.customer.created_at > gone_at
        assert link.customer.password_hash is None
    assert open_page(either_vipps.browser, "/orders").h1 == "No orders yet"


def test_how_long_the_proof_is_kept_is_a_setting(make_app: Any) -> None:
    app = make_app(KEEP_CONSENT_PROOF_DAYS="400")
    customer_id = add_customer(app)
    add_answer(app, customer_id)
    erase_now(app, customer_id)
    with app.app_context():
        row = db.session.scalars(select(ConsentRecord)).one()
        assert row.keep_until
        assert timedelta(days=399) < row.keep_until - utcnow() < timedelta(days=401)


def erase_now(app: Flask, customer_id: int) -> None:
    with app.app_context():
        begin_write()
        erase(db.session.get_one(Customer, customer_id))
        db.session.commit()


def in_the_file(app: Flask, value: str) -> bool:
    """Tell whether a value is anywhere in the database's file, also in its free pages."""
    with app.app_context():
        with db.engine.connect() as connection:
            connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return value.encode() in Path(str(db.engine.url.database)).read_bytes()


def test_an_erased_customer_is_not_left_readable_in_the_file(app: Flask) -> None:
    customer_id = add_customer(app, EMAIL, vipps=True)
    add_answer(app, customer_id, evidence={"text": "said by post horn"})
    for value in (EMAIL, "said by post horn"):
        assert in_the_file(app, value)
    erase_now(app, customer_id)
    for value in (EMAIL, "said by post horn"):
        assert not in_the_file(app, value)


def test_the_pseudonym_is_a_keyed_hash_and_differs_between_shops(make_app: Any) -> None:
    names = set()
    for key in ("k" * 40, "l" * 40):
        with make_app(SECRET_KEY=key).app_context():
            names |= {*pseudonyms(f"email {EMAIL}"), *pseudonyms(f"email {EMAIL}")}
    assert len(names) == 2
    assert digest(f"email {EMAIL}") not in names


def test_without_an_address_the_subject_names_the_proof(app: Flask) -> None:
    customer_id = add_customer(app, email=None, password=None, vipps=True)
    add_answer(app, customer_id)
    erase_now(app, customer_id)
    with app.app_context():
        assert db.session.scalars(select(ConsentRecord.pseudonym)).all() == pseudonyms("subject sub of None")


def test_a_failure_half_way_erases_no_data(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(vipps)
    before = dump(vipps.app)

    def breaks(customer: Customer) -> None:
        raise RuntimeError

    broken = data_sources.DataSource(name="broken", erase=breaks)
    registry = vipps.app.extensions[data_sources.REGISTRY]
    monkeypatch.setitem(vipps.app.extensions, data_sources.REGISTRY, [*registry, broken])
    assert post(vipps.browser, "/account/delete", form_on="/account/delete").status_code == 500
    assert dump(vipps.app) == before


def dump(app: Flask) -> list[str]:
    return sorted(json.dumps([t.name, row], default=str) for t, row in every_row(app) if t.name != "error_report")


def test_other_customers_lose_no_data(vipps: VippsPerson) -> None:
    customer_id = fill(vipps)
    with vipps.app.app_context():
        others = set(db.session.scalars(select(Customer.id).where(Customer.id != customer_id)))
        # Another customer has this customer's former address, and a receipt was sent there too.
        new = Customer(email=EMAIL, email_verified_at=utcnow(), name="Other Person")
        db.session.add_all([new, Mail(recipient=EMAIL, subject="Hello", body="For them", kind="password_set")])
        mine = db.session.scalars(select(PendingLink)).all()
        assert len(mine) == 2
        values = {"issuer": mine[1].issuer, "client_id": mine[1].client_id, "claims": {}, "ways": [], "reasons": []}
        rest: dict[str, Any] = {"subject": "another", "browser_hash": "b", "next_path": "/", "expires_at": utcnow()}
        db.session.add(PendingLink(customer_id=mine[1].customer_id, **values, **rest))
        db.session.commit()
        others.add(new.id)
    delete_account(vipps)
    with vipps.app.app_context():
        assert set(db.session.scalars(select(Customer.id))) == others
        assert "For them" in db.session.scalars(select(Mail.body).where(Mail.recipient == EMAIL)).all()
        assert db.session.scalars(select(PendingLink.subject)).all() == ["another"], "the other login stays"


def test_an_old_cookie_an_emailed_link_and_a_password_no_longer_work(vipps: VippsPerson) -> None:
    fill(vipps)
    browser, app = vipps.browser, vipps.app
    stolen = copy_of(app, browser)
    post(browser_of(app), "/password/forgot", {"email": NEW_EMAIL}, form_on="/password/forgot")
    reset = link_in(mails(app, "reset_password", to=NEW_EMAIL)[-1], "password/reset")
    with app.app_context():
        customer = db.session.scalars(select(Customer).where(Customer.email == NEW_EMAIL)).one()
        with app.test_request_context():
            leave = unsubscribe.address(customer, "email").removeprefix("http://localhost:8000")
        # Only the history has the former address.
        db.session.execute(delete(EmailToken).where(EmailToken.email == EMAIL))
        db.session.execute(update(VippsProfile).values(email=None))
        db.session.commit()
    assert mails(app, to=EMAIL)
    delete_account(vipps)
    assert stolen.get("/account").headers["Location"] == "/login?next=/account"
    assert browser_of(app).get(reset).status_code == 410
    answer = browser_of(app).get(leave)
    assert NEW_EMAIL not in answer.text
    with app.app_context():
        assert db.session.scalars(select(EmailToken)).all() == []
    assert mails(app, to=EMAIL) == []
    response = post(browser_of(app), "/login/password", {"email": NEW_EMAIL, "password": PASSWORD})
    assert response.status_code == 422
    sent = len(mails(app, to=NEW_EMAIL))
    post(browser_of(app), "/password/forgot", {"email": NEW_EMAIL}, form_on="/password/forgot")
    assert len(mails(app, to=NEW_EMAIL)) == sent


# What the page says.


def test_the_page_names_the_deleted_and_the_kept_data_beforehand(vipps: VippsPerson, make_app: Any) -> None:
    fill(vipps)
    page = open_page(vipps.browser, "/account/delete")
    assert page.h1 == "Delete your account"
    headings = ("What is deleted", "What we keep, without your details", "Companies with access")
    for words in (*headings, "for 3 years", "after 30 days"):
        assert words in page.text
    assert page.select('main a[href="/account/export"]')
    other = make_app(KEEP_CONSENT_PROOF_DAYS="400", SIMULATOR_URL=vipps.simulator)
    browser = browser_of(other)
    log_in(browser, NEW_EMAIL)
    assert "for 400 days" in open_page(browser, "/account/delete").text
