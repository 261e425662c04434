"""The back office's data about a customer: exported, erased with the customer, and deleted in time."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.customers.models import Customer
from app.customers.privacy import data_sources, retention
from app.customers.privacy.erasure import erase
from app.database import db
from app.staff.models import AuditEntry, ErrorReport, StaffSession
from tests.conftest import open_page
from tests.customers.steps import add_customer
from tests.staff.steps import NAME, at_work, audit_entries


def looked_at(app: Flask) -> int:
    """Let staff open a customer with an error report; return the customer's id."""
    customer_id = add_customer(app)
    with app.app_context():
        db.session.add(ErrorReport(customer_id=customer_id, reference="K7QF-2M9D", code="access_denied", status=403))
        db.session.commit()
    open_page(at_work(app), f"/staff/customers/{customer_id}")
    return customer_id


def test_a_customer_may_know_when_staff_looked_but_not_who(app: Flask) -> None:
    customer_id = looked_at(app)
    with app.test_request_context():
        customer = db.session.get_one(Customer, customer_id)
        copy: dict[str, Any] = {each.name: each.export(customer) for each in data_sources.registered() if each.export}
    (look,) = copy["looked_at_by_staff"]
    assert look["what"] == "Opened a customer"
    assert set(look) == {"at", "what", "reference"}
    assert copy["errors"][0]["code"] == "access_denied"
    assert NAME not in str(copy)


def test_erasing_a_customer_removes_them_from_the_audit_log(app: Flask) -> None:
    customer_id = looked_at(app)
    with app.test_request_context():
        erase(db.session.get_one(Customer, customer_id))
        db.session.commit()
        assert db.session.scalars(select(ErrorReport.customer_id)).all() == [None]
    assert audit_entries(app) == [("customer", None, "")]


@pytest.mark.parametrize(
    ("table", "moment", "period"),
    [
        (AuditEntry, AuditEntry.at, retention.STAFF_LOOKS),
        (ErrorReport, ErrorReport.at, retention.ERRORS),
        (StaffSession, StaffSession.expires_at, retention.STAFF_SESSIONS),
    ],
)
def test_each_kind_is_deleted_in_time(app: Flask, table: Any, moment: Any, period: timedelta) -> None:
    looked_at(app)
    with app.test_request_context():
        then = db.session.scalars(select(moment)).one()
        list(retention.run(then + period - timedelta(seconds=1)))
        assert len(db.session.scalars(select(table.id)).all()) == 1
        list(retention.run(then + period + timedelta(seconds=1)))
        assert db.session.scalars(select(table.id)).all() == []
