"""The export has exactly the customers whose latest answer is yes, with the proof, and is safe in a spreadsheet."""

import csv
import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update

from app import about
from app.customers.consents import ledger
from app.customers.models import ConsentRecord, Customer
from app.database import db, utcnow
from app.staff import export
from tests.conftest import browser_of, open_page
from tests.customers.steps import EMAIL, add_answer, add_customer
from tests.staff.steps import at_work, audit_entries, send

HEADINGS = ["customer", "name", "address", "since", "proof", "proof_sha256", "unsubscribe"]


def exported(client: FlaskClient, channel: str = "email", after: int = 0) -> list[dict[str, str]]:
    """Export an audience, check the file's form, and return its rows."""
    response = send(client, "/staff/audience", {"channel": channel, "after": str(after)})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert response.headers["Content-Disposition"].startswith(f'attachment; filename="{about.SLUG}-')
    assert response.headers["Cache-Control"] == "no-store"
    text = response.data.decode("utf-8")
    assert text.startswith("\ufeff")
    assert text.count("\r\n") == text.count("\n")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))


def numbers(client: FlaskClient, channel: str = "email") -> list[int]:
    """Return the customers in an export, and check that the page shows the same number."""
    rows = [int(row["customer"]) for row in exported(client, channel)]
    page = open_page(client, f"/staff/audience?channel={channel}")
    assert page.one("#people").get_text().split()[0] == str(len(rows))
    return rows


def test_the_audience_follows_each_step(app: Flask) -> None:
    customer_id = add_customer(app, vipps=True)
    add_customer(app, "silent@example.com")
    client = at_work(app)
    assert numbers(client) == []
    add_answer(app, customer_id, "email", True, subject=f"sub of {EMAIL}")
    assert numbers(client) == [customer_id]
    assert numbers(client, "sms") == []
    add_answer(app, customer_id, "email", False)
    assert numbers(client) == []


def _set(app: Flask, model: Any, **values: Any) -> None:
    with app.app_context():
        db.session.execute(update(model).values(values))
        db.session.commit()


def test_a_row_names_its_proof_and_the_link_that_ends_it(app: Flask) -> None:
    customer_id = add_customer(app)
    record = add_answer(app, customer_id, "email")
    client = at_work(app)
    (row,) = exported(client)
    assert list(row) == HEADINGS
    assert (row["customer"], row["address"], row["proof"]) == (str(customer_id), EMAIL, str(record))
    with app.app_context():
        assert row["proof_sha256"] == db.session.get_one(ConsentRecord, record).object_hash
    path = row["unsubscribe"].removeprefix("http://localhost:8000")
    send(browser_of(app), path, form_on=path)
    assert exported(client) == []
    with app.app_context():
        latest = ledger.latest(db.session.get_one(Customer, customer_id))
        assert [(each.granted, each.source) for each in latest] == [(False, "unsubscribe")]


def test_messages_by_sms_have_no_link(app: Flask) -> None:
    customer_id = add_customer(app)
    _set(app, Customer, phone_number="4791234567", phone_verified_at=utcnow(), name="Åse Ødegård")
    add_answer(app, customer_id, "sms")
    client = at_work(app)
    (row,) = exported(client, "sms")
    assert (list(row), row["name"], row["address"]) == (HEADINGS[:-1], "Åse Ødegård", "4791234567")
    open_page(client, "/staff/audience")
    open_page(client, "/staff/audience?channel=sms")
    assert audit_entries(app) == [("export", None, "sms 1"), ("audience", None, "sms 1")], "each view is recorded"


def test_an_export_of_another_channel_or_range_is_refused(app: Flask) -> None:
    client = at_work(app)
    for form in ({"channel": "post"}, {}, {"channel": "digital"}, {"channel": "email", "after": "-1"}):
        assert send(client, "/staff/audience", form).status_code == 404
    assert client.get("/staff/audience?channel=digital").status_code == 200
    assert audit_entries(app) == []


def test_a_large_audience_is_several_files_with_each_person_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "PER_FILE", 10)
    now = utcnow()
    with app.app_context():
        people = [
            {"email": f"c{n}@example.com", "email_verified_at": now, "name": f"C {n}", "created_at": now}
            for n in range(25)
        ]
        db.session.execute(insert(Customer), people)
        db.session.commit()
        ids = [each.id for each in db.session.query(Customer)]
    for each in ids:
        add_answer(app, each, "email")
    client = at_work(app)
    page = open_page(client, "/staff/audience?channel=email")
    assert "25 people" in page.text
    assert len(page.select("tbody tr")) == 10
    parts = [int(str(field["value"])) for field in page.select('input[name="after"]')]
    assert len(parts) == 3
    found = [int(row["customer"]) for after in parts for row in exported(client, after=after)]
    assert found == ids


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"), ("+47", "'+47"), ("-2", "'-2"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "\t'=1"),
        ("\r=1", "\r'=1"), ("  =1", "  '=1"), ("＝1", "'＝1"), ("a;=1", "a;'=1"), ('a",=1', "a\",'=1"),
        ("a\n@x", "a\n'@x"), ("Anne-Marie O’Hara", "Anne-Marie O’Hara"), ("a=b", "a=b"), ("", ""),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(name: str, cell: str) -> None:
    assert export.plain(name) == cell


@given(st.text(alphabet='=+-@\t\r\n;,|" aÅ＝', max_size=12))
def test_no_text_becomes_a_formula_however_the_file_is_cut(text: str) -> None:
    cell = export.plain(text)
    for separator in '\t\r\n;,|"':
        for piece in cell.split(separator):
            assert not piece.strip().startswith(("=", "+", "-", "@", "＝"))
    assert cell.replace("'", "") == text


def test_formulas_and_quotes_go_through_the_file(app: Flask) -> None:
    customer_id = add_customer(app, "=cmd@example.com")
    _set(app, Customer, name='=HYPERLINK("http://evil.example";"Tuva")')
    add_answer(app, customer_id, "email")
    client = at_work(app)
    raw = send(client, "/staff/audience", {"channel": "email"}).data.decode()
    (row,) = exported(client)
    assert row["name"] == '\'=HYPERLINK("http://evil.example";"Tuva")'
    assert row["address"] == "<=cmd@example.com>"  # a quote before it would change the address
    assert '""http://evil.example""' in raw
    assert all(line.startswith('"') and line.endswith('"') for line in raw.removeprefix("\ufeff").splitlines())
