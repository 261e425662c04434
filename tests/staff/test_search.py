"""Support finds a customer by what a caller says, and the query is stored nowhere."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from app import about
from app.customers.models import Activity, Customer, NameWord
from app.database import db, utcnow
from app.shop.models import Order
from app.staff.models import ROWS_PER_PAGE, ErrorReport
from tests.conftest import open_page
from tests.customers.steps import statements
from tests.staff.steps import at_work, audit_entries, found, log_in, search, send

OLA = {"email": "ola@example.com", "phone_number": "4791234567", "name": "Ola Ås-Berg"}


def add(app: Flask, **values: Any) -> int:
    with app.app_context():
        customer = Customer(**values)
        db.session.add(customer)
        db.session.commit()
        return customer.id


FOUND_BY = {
    "email": ["ola@example.com", " OLA@Example.com "], "phone": ["912 34 567", "+47 91234567"],
    "customer_number": ["{id}", "#{id}"],
    "order_number": [f"{about.ORDER_PREFIX}-7K3F-92QD", f"{about.ORDER_PREFIX.lower()}7k3f92qd"],
    "reference": ["K7QF-2M9D", "k7qf2m9d"], "name": ["ola", "ås", "BERG", "Berg Ola"],
}  # fmt: skip


def test_a_customer_is_found_by_each_of_these(app: Flask) -> None:
    add(app, email="other@example.com", phone_number="4799999999", name="Nils Dahl")
    ola, staff = add(app, **OLA), at_work(app)
    order = dict.fromkeys(("name", "email", "phone", "delivery"), "") | {"checkout_key": "k", "language": "nb"}
    with app.app_context():
        db.session.add(Activity(customer_id=ola, kind="logged_in", reference="K7QF-2M9D"))
        db.session.add(Order(number=f"{about.ORDER_PREFIX}-7K3F-92QD", customer_id=ola, total=1, **order))
        db.session.commit()
    for kind, text in ((kind, text) for kind, texts in FOUND_BY.items() for text in texts):
        assert found(search(staff, text.format(id=ola))) == [ola], text
        assert audit_entries(app)[-1] == ("search", None, f"{kind} 1")


PARTS = ("la", "ola@example", "9123", "example.com", "O%a", "_la", "M-7K3F-92QX", "\\", "Ola Nordmann")
ONLY_TEXT = ("' OR 1=1 --", "a\0b", "\ud800x".encode("utf-8", "replace").decode(), "%", "9" * 100, "@", "😀😀")
WITHOUT_A_WORD = ("--", "- -", " - ")


def test_other_text_and_part_of_a_value_find_no_customer(app: Flask) -> None:
    add(app, **OLA)
    client = at_work(app)
    assert send(client, "/staff/search", {"q": "  "}).headers["Location"] == "/staff"
    assert "too short" in search(client, "o").text
    assert audit_entries(app) == []
    for text in (*PARTS, *ONLY_TEXT, *WITHOUT_A_WORD):
        page = search(client, text)
        assert found(page) == [], text
        assert "Ola Ås-Berg" not in page.text


def test_a_reference_finds_its_error_even_without_a_customer(app: Flask) -> None:
    with app.app_context():
        db.session.add(ErrorReport(reference="K7QF-2M9D", code="state_unknown", status=400, route="/login/vipps"))
        db.session.commit()
    page = search(at_work(app), "K7QF-2M9D")
    assert "state_unknown" in page.text
    assert "No customers found" in page.text


def test_a_query_is_in_no_url_and_no_row_and_is_deleted(app: Flask) -> None:
    add(app, **OLA)
    client = at_work(app)
    first = send(client, "/staff/search", {"q": "ola@example.com"}).headers["Location"]
    assert "ola" not in first
    for _ in range(2):
        assert found(open_page(client, first))
    assert audit_entries(app) == [("search", None, "email 1")] * 2
    for _ in range(5):
        last = send(client, "/staff/search", {"q": "ola"}).headers["Location"]
    assert "no longer available" in open_page(client, first).text
    assert found(open_page(client, last))
    send(client, "/staff/logout")
    log_in(client)
    assert "no longer available" in open_page(client, last).text


def test_a_new_name_is_found_and_the_old_one_is_not(app: Flask) -> None:
    ola, client = add(app, **OLA), at_work(app)
    with app.app_context():
        db.session.execute(update(Customer).values(name='Åse "Kaptein" Dahl\\Vik'))
        db.session.commit()
    for text in ("ola", "berg"):
        assert found(search(client, text)) == []
    for text in ("ÅSE dahl", "åse", '"kap', "dahl\\v"):
        assert found(search(client, text)) == [ola], text
    with app.app_context():
        db.session.delete(db.session.get_one(Customer, ola))
        db.session.commit()
        assert db.session.scalars(select(NameWord)).all() == []


@pytest.mark.parametrize("common", [1, 500])
def test_a_common_word_and_a_rare_one_find_the_same(app: Flask, monkeypatch: pytest.MonkeyPatch, common: int) -> None:
    monkeypatch.setattr("app.staff.search.COMMON", common)
    add(app, name="Nils Ås")
    ola, other = add(app, **OLA), add(app, name="Olaug Berge")
    client = at_work(app)
    assert found(search(client, "ola ber")) == [ola, other]
    assert found(search(client, "ås-berg")) == [ola]


def test_many_results_are_shown_page_by_page_each_once(app: Flask) -> None:
    many = 2 * ROWS_PER_PAGE + 3
    with app.app_context():
        db.session.execute(insert(Customer), [{"name": f"Ola {n}", "created_at": utcnow()} for n in range(many)])
        db.session.commit()
    client = at_work(app)
    page, seen, sizes = search(client, "ola"), [], []
    while True:
        seen += found(page)
        sizes.append(len(found(page)))
        following = page.select('a[rel="next"]')
        if not following:
            break
        page = open_page(client, str(following[0]["href"]))
    assert sizes == [ROWS_PER_PAGE, ROWS_PER_PAGE, 3]
    assert len(set(seen)) == many
    assert seen == sorted(seen)
    assert [detail for _, _, detail in audit_entries(app)] == ["name 25+", "name 25+", "name 3"]


def test_a_search_reads_only_the_shown_rows(app: Flask) -> None:
    client = at_work(app)
    with statements(app) as seen:
        search(client, "ola")
        for path in ("/staff/errors", "/staff/deliveries", "/staff/looks"):
            open_page(client, path)
    tables = ("customer", "error_report", "webhook_delivery", "staff_look")
    for table in tables:
        found = [each for each in seen if re.search(rf"FROM {table}\b", each) and "ORDER BY" in each]
        assert found, table
        assert all("LIMIT" in each for each in found)
