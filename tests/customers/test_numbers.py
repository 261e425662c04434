"""The number of a customer, a session or a waiting login is given out once, and the way there loses nothing."""

from typing import Any

import pytest
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import MetaData, delete, inspect, select, update
from sqlalchemy.exc import IntegrityError

from app.customers.models import ConsentRecord, Customer, CustomerSession, PendingLink, VippsLink
from app.database import Base, db, utcnow
from tests.conftest import browser_of
from tests.customers.steps import EMAIL, add_answer, add_customer, log_in


def contents(app: Flask) -> dict[str, list[Any]]:
    with app.app_context(), db.engine.connect() as connection:
        there = MetaData()
        there.reflect(connection, only=lambda name, _metadata: name in Base.metadata.tables)
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in there.sorted_tables
        }


def indexes(app: Flask) -> dict[str, set[str | None]]:
    with app.app_context():
        found = inspect(db.engine)
        return {name: {each["name"] for each in found.get_indexes(name)} for name in found.get_table_names()}


def test_a_database_with_customers_keeps_every_row_both_ways(either_app: Flask) -> None:
    customer_id = add_customer(either_app, vipps=True)
    log_in(browser_of(either_app))
    add_answer(either_app, customer_id)
    with either_app.app_context():
        downgrade(revision="0005")
    before, indexed = contents(either_app), indexes(either_app)
    assert before["customer_session"]
    assert before["consent_record"]
    for change in (lambda: downgrade(revision="0004"), lambda: upgrade(revision="0005")):
        with either_app.app_context():
            change()
        assert contents(either_app) == before
        assert indexes(either_app) == indexed


def test_afterwards_the_ledger_is_guarded_and_orphan_rows_are_refused(app: Flask) -> None:
    add_answer(app, add_customer(app, vipps=True))
    with app.app_context():
        downgrade(revision="0004")
        upgrade()
        for refused in (delete(ConsentRecord), update(VippsLink).values(customer_id=4711)):
            with pytest.raises(IntegrityError):
                db.session.execute(refused)
            db.session.rollback()


def a_row(model: type[Any], customer_id: int) -> Any:
    """Return a row for a table whose numbers are given out once."""
    now = utcnow()
    match model.__name__:
        case "Customer":
            return Customer(email="another@example.com")
        case "CustomerSession":
            return CustomerSession(customer_id=customer_id, token_hash="t", method="password", expires_at=now)
    said = {"issuer": "i", "client_id": "c", "subject": "s", "claims": {}, "ways": [], "reasons": [], "next_path": "/"}
    return PendingLink(customer_id=customer_id, browser_hash="b", expires_at=now, **said)


@pytest.mark.parametrize("model", [Customer, CustomerSession, PendingLink])
def test_the_number_of_a_deleted_row_is_not_given_out_again(either_app: Flask, model: type[Any]) -> None:
    customer_id, numbers = add_customer(either_app, EMAIL), []
    with either_app.app_context():
        for _ in range(2):
            row = a_row(model, customer_id)
            db.session.add(row)
            db.session.flush()
            numbers.append(row.id)
            db.session.delete(row)
            db.session.commit()
    assert numbers[1] > numbers[0]
