"""The database refuses to change or delete a proof, except to erase a person, once."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database import db, utcnow
from tests.customers.consents.steps import ledger_of
from tests.customers.steps import add_answer, add_customer

ERASED = "customer_id = NULL, subject = NULL, evidence = NULL, pseudonym = 'p', keep_until = :until"
LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def row(either_app: Flask) -> int:
    return add_answer(either_app, add_customer(either_app), subject="the-subject")


def run(app: Flask, statement: str, **values: object) -> int:
    with app.app_context(), db.engine.begin() as connection:
        return connection.execute(text(statement), values).rowcount


def refused(app: Flask, statement: str, **values: object) -> None:
    """Expect the database to refuse a statement, and the ledger to be as before."""
    before = [vars(each) | {"_sa_instance_state": None} for each in ledger_of(app)]
    with pytest.raises(DBAPIError, match="append-only"):
        run(app, statement, **values)
    assert [vars(each) | {"_sa_instance_state": None} for each in ledger_of(app)] == before


def on_this(app: Flask, until: datetime) -> object:
    """Return a moment as the database takes it from raw SQL."""
    sqlite = app.extensions["settings"].database.startswith("sqlite")
    return until.strftime("%Y-%m-%d %H:%M:%S.%f") if sqlite else until


CHANGES = (
    "granted = NOT granted", "text = 'other words'", "heading = 'x'", "description = 'x'", "language = 'xx'",
    "links = '[{}]'", "required = NOT required", "consent_id = 'sms'", "source = 'staff'", "object_hash = 'x'",
    "given_at = NULL", "received_at = :until", "effective_at = :until", "id = 999999", "evidence = '{}'",
    "subject = 'another'", "customer_id = NULL", "customer_id = 1", "pseudonym = 'p'", "keep_until = :until",
    "text = text",
)  # fmt: skip


def test_no_column_of_a_proof_can_be_changed(either_app: Flask, row: int) -> None:
    for change in CHANGES:
        values = {"until": on_this(either_app, LATER)} if ":until" in change else {}
        refused(either_app, f"UPDATE consent_record SET {change} WHERE id = :id", id=row, **values)


def test_a_proof_cannot_be_deleted(either_app: Flask, row: int) -> None:
    refused(either_app, "DELETE FROM consent_record WHERE id = :id", id=row)
    refused(either_app, "DELETE FROM consent_record")


@pytest.mark.postgresql
def test_the_ledger_cannot_be_emptied_at_once(either_app: Flask, row: int) -> None:
    if not either_app.extensions["settings"].database.startswith("sqlite"):
        refused(either_app, "TRUNCATE consent_record")


def test_a_person_is_erased_once_and_by_its_shape_only(either_app: Flask, row: int) -> None:
    until, erase = on_this(either_app, LATER), f"UPDATE consent_record SET {ERASED}"
    for more in ("granted = NOT granted", "text = ''", "effective_at = :until", "object_hash = ''"):
        refused(either_app, f"{erase}, {more} WHERE id = :id", id=row, until=until)
    for less in ("subject = NULL, ", "evidence = NULL, ", "customer_id = NULL, ", ", keep_until = :until"):
        values = {"id": row} if "until" in less else {"id": row, "until": until}
        refused(either_app, f"{erase.replace(less, '')} WHERE id = :id", **values)
    assert run(either_app, f"{erase} WHERE id = :id", id=row, until=until) == 1
    refused(either_app, f"{erase} WHERE id = :id", id=row, until=until)
    refused(either_app, "UPDATE consent_record SET customer_id = 1 WHERE id = :id", id=row)
    refused(either_app, "UPDATE consent_record SET keep_until = NULL WHERE id = :id", id=row)


@pytest.mark.parametrize("day", [timedelta(hours=1), timedelta(days=365)])
def test_anonymous_proofs_stay_until_their_day(either_app: Flask, row: int, day: timedelta) -> None:
    until = on_this(either_app, utcnow() + day)
    run(either_app, f"UPDATE consent_record SET {ERASED} WHERE id = :id", id=row, until=until)
    refused(either_app, "DELETE FROM consent_record WHERE id = :id", id=row)


def test_anonymous_proofs_may_be_deleted_after_their_day(either_app: Flask, row: int) -> None:
    until = on_this(either_app, utcnow() - timedelta(seconds=2))
    run(either_app, f"UPDATE consent_record SET {ERASED} WHERE id = :id", id=row, until=until)
    assert run(either_app, "DELETE FROM consent_record WHERE id = :id", id=row) == 1
    assert ledger_of(either_app) == []


def test_a_customer_with_proofs_cannot_be_deleted_over_them(either_app: Flask, row: int) -> None:
    (record,) = ledger_of(either_app)
    with pytest.raises(DBAPIError):
        run(either_app, "DELETE FROM customer WHERE id = :id", id=record.customer_id)
    assert len(ledger_of(either_app)) == 1
