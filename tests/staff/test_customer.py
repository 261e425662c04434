"""The customer's page in the back office: its contents, its audit entry, and data that it never shows."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from app.customers.linking.revocation import Outcome
from app.customers.models import Activity, Customer, CustomerSession, VippsLink, WebhookDelivery
from app.database import db, utcnow
from app.shop.models import Order
from app.staff.models import AuditEntry, ErrorReport
from tests.conftest import browser_of, open_page
from tests.customers import steps as customers
from tests.pages import check_page, token_in
from tests.staff.steps import NAME, at_work, audit_entries, search, send

HERS = {"subject": f"sub of {customers.EMAIL}"}


def furnish(app: Flask, customer_id: int) -> None:
    """Give a customer one row of each kind that the page shows."""
    customers.add_answer(app, customer_id, "email", text="News by post horn", heading="Would you like to", **HERS)
    customers.add_answer(app, customer_id, "cf_terms", text="The club’s terms")
    order = {"checkout_key": "k", "language": "nb", "name": "", "email": "", "phone": "", "delivery": "pickup"}
    with app.app_context():
        db.session.add_all(
            [
                Activity(
                    customer_id=customer_id, kind="logged_in", method="vipps", decision="known_subject",
                    reasons=["subject_known"], reference="AAAA-2222",
                ),
                Order(number="M-7K3F-92QD", customer_id=customer_id, total=129900, **order),
                WebhookDelivery(customer_id=customer_id, body_hash="b", outcome="revoked", reference="BBBB-3333"),
                ErrorReport(customer_id=customer_id, reference="CCCC-4444", code="access_denied", status=403),
            ]
        )  # fmt: skip
        db.session.execute(update(VippsLink).values(sharing_revoked_at=utcnow()))
        db.session.commit()


def test_the_page_of_a_customer_has_the_data_that_support_needs(app: Flask) -> None:
    customer_id = customers.add_customer(app, vipps=True)
    furnish(app, customer_id)
    customers.log_in(browser_of(app))
    page = open_page(at_work(app), f"/staff/customers/{customer_id}")
    assert page.h1 == "Tuva Lien"
    for words in (
        customers.EMAIL, f"sub of {customers.EMAIL}", "Password Set", "Stopped sharing", "News by post horn",
        "Would you like to", "Yes, but paused",  # its Vipps user has revoked the sharing
        "cf_terms", "not used", "This is your account, so you were logged in.",
        "You have logged in here with Vipps before.", "M-7K3F-92QD", "1 299,00",
        "Sharing ended", "BBBB-3333", "The login was cancelled", "CCCC-4444", "in 1 browser",
    ):  # fmt: skip
        assert " ".join(words.split()) in page.text.replace("\xa0", " "), words


def test_a_customer_without_password_and_vipps_user_and_the_proof_of_a_consent_by_number_and_hash(app: Flask) -> None:
    customer_id = customers.add_customer(app, password=None)
    record = customers.add_answer(app, customer_id, "email", object_hash="ab" * 32)
    page = open_page(at_work(app), f"/staff/customers/{customer_id}")
    assert "Password Not set Vipps Not connected" in page.text
    assert page.one(f'a[href="#proof-{record}"]').get_text() == str(record)
    assert "ab" * 32 in page.one(f"#proof-{record}").get_text()


def test_no_secret_is_on_any_page(app: Flask) -> None:
    customer_id = customers.add_customer(app, vipps=True)
    browser = browser_of(app)
    customers.log_in(browser)
    token = browser.get_cookie("session")
    with app.app_context():
        customer = db.session.get_one(Customer, customer_id)
        session = db.session.scalars(select(CustomerSession)).one()
        secrets = [customer.password_hash, session.token_hash, token and token.value, "argon2"]
    client = at_work(app)
    pages = [client.get(f"/staff/customers/{customer_id}").text, search(client, "Tuva").html]
    for text in pages:
        assert "Tuva Lien" in text
        for secret in secrets:
            assert secret
            assert secret not in text


def test_each_view_is_in_the_audit_log(app: Flask) -> None:
    customer_id = customers.add_customer(app)
    client = at_work(app)
    search(client, "Tuva")
    open_page(client, f"/staff/customers/{customer_id}")
    open_page(client, f"/staff/customers/{customer_id}/activity")
    expected = [("search", None, "name 1"), ("customer", customer_id, ""), ("activity", customer_id, "")]
    assert audit_entries(app) == expected
    with app.app_context():
        entries = db.session.scalars(select(AuditEntry)).all()
        assert [(len(each.reference), each.staff.name) for each in entries] == [(9, NAME)] * 3
    page = open_page(client, "/staff/looks")
    assert [row.get_text(" ", strip=True).count(NAME) for row in page.select("tbody tr")] == [1, 1, 1]
    assert "Tuva" not in page.text
    assert "Earlier actions by staff" in open_page(client, f"/staff/customers/{customer_id}").text


PATHS = ("/staff/customers/{id}", "/staff/customers/{id}/activity", "{search}", "/staff/audience?channel=email")


@pytest.mark.parametrize("moment", ["insert", "commit"])
def test_a_page_that_cannot_be_recorded_is_not_shown(app: Flask, moment: str) -> None:
    customer_id = customers.add_customer(app)
    customers.add_answer(app, customer_id, "email")
    client = at_work(app)
    address = send(client, "/staff/search", {"q": "Tuva"}).headers["Location"]
    form = {"channel": "email", "csrf_token": token_in(client.get("/staff").text)}
    asks = [partial(client.get, path.format(id=customer_id, search=address)) for path in PATHS]
    for ask in (*asks, partial(client.post, "/staff/audience", data=form)):
        assert "Tuva" in ask().text
        with breaking(app, moment):
            response = ask()
        assert response.status_code == 503, ask
        assert "Tuva" not in response.text


@contextmanager
def breaking(app: Flask, moment: str) -> Iterator[None]:
    """Make the database fail when an audit entry is inserted, or when a transaction is committed."""

    def at_insert(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("INSERT INTO staff_look"):
            raise OperationalError(statement, {}, Exception("disk full"))

    def at_commit(connection: Any) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    name, listener = ("before_cursor_execute", at_insert) if moment == "insert" else ("commit", at_commit)
    with app.app_context():
        engine = db.engine
    event.listen(engine, name, listener)
    try:
        yield
    finally:
        event.remove(engine, name, listener)


def test_a_missing_customer_is_not_found_in_the_back_offices_layout(app: Flask) -> None:
    client = at_work(app)
    for path in ("/staff/customers/77", "/staff/customers/77/activity"):
        response = client.get(path)
        assert response.status_code == 404
        assert check_page(response).select(".office__head")
    assert client.get(f"/staff/customers/{10**12}").status_code == 404
    assert audit_entries(app) == []


def test_the_activity_list_is_read_page_by_page(app: Flask) -> None:
    customer_id = customers.add_customer(app)
    with app.app_context():
        rows = [Activity(customer_id=customer_id, kind="logged_in", reference=f"R-{n}") for n in range(30)]
        db.session.add_all(rows)
        db.session.commit()
    client = at_work(app)
    first = open_page(client, f"/staff/customers/{customer_id}")
    second = open_page(client, str(first.one('a[rel="next"]')["href"]))
    numbers = [cell.get_text() for page in (first, second) for cell in page.select("td .number")]
    assert [each for each in numbers if each.startswith("R-")] == [f"R-{n}" for n in reversed(range(30))]


def test_a_customers_page_makes_as_many_queries_for_many_rows_as_for_few(app: Flask) -> None:
    customer_id = customers.add_customer(app, vipps=True)
    furnish(app, customer_id)
    client = at_work(app)
    counts = []
    for _ in range(2):
        with customers.statements(app) as seen:
            open_page(client, f"/staff/customers/{customer_id}")
        counts.append(len(seen))
        written = next(number for number, each in enumerate(seen) if each.startswith("INSERT INTO staff_look"))
        assert not seen[written + 1 :]  # no statement reads after the audit entry is written
        for _ in range(10):
            customers.add_answer(app, customer_id, "sms")
            with app.app_context():
                db.session.add(ErrorReport(customer_id=customer_id, reference="R", code="x", status=500))
                db.session.add(Activity(customer_id=customer_id, kind="logged_in", reference="R"))
                db.session.commit()
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_every_outcome_of_a_delivery_has_words(app: Flask) -> None:
    with app.app_context():
        for number, outcome in enumerate((*Outcome, "not_base64url")):
            db.session.add(WebhookDelivery(body_hash=str(number), outcome=outcome, reference="R"))
        db.session.commit()
    shown = [badge.get_text() for badge in open_page(at_work(app), "/staff/deliveries").select("td .badge")]
    assert shown.pop(0) == "not_base64url"
    assert not [words for words in shown if "_" in words]
