"""Both databases: migrations and setup, writing rows, functions after a commit, and readiness."""

import contextlib

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import delete, func, inspect, select, text
from sqlalchemy.orm.exc import StaleDataError

from app.customers.models import Customer
from app.database import UtcDateTime, db, insert_row, is_in_models, on_commit, update_row, utcnow
from app.shop.models import Product
from app.vipps.attempts import metadata as vipps_metadata


def test_the_migrations_make_exactly_the_models(either_app: Flask) -> None:
    with either_app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": is_in_models})
        assert compare_metadata(context, [db.metadata, vipps_metadata]) == []


def test_the_migrations_go_down_and_up_again(either_app: Flask) -> None:
    with either_app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        assert "customer" in inspect(db.engine).get_table_names()


def test_setup_can_be_repeated_and_adds_no_row_twice(either_app: Flask) -> None:
    counts = []
    for _ in range(2):
        result = either_app.test_cli_runner().invoke(args=["setup", "--demo"])
        assert result.exit_code == 0, result.output
        with either_app.app_context():
            counts.append([db.session.scalar(select(func.count()).select_from(m)) for m in (Product, Customer)])
    assert counts[0] == counts[1]
    assert counts[0][0] >= 24


def test_setup_does_not_show_the_password_of_the_database(either_app: Flask) -> None:
    either_app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql+psycopg://me:hidden@host/shop"
    assert "hidden" not in either_app.test_cli_runner().invoke(args=["setup"]).output


def test_times_come_back_in_utc_and_a_naive_one_is_refused(either_app: Flask) -> None:
    with either_app.app_context():
        customer = Customer(created_at=utcnow())
        db.session.add(customer)
        db.session.commit()
        assert customer.created_at.tzinfo is not None
        with pytest.raises(ValueError, match="without a time zone"):
            UtcDateTime().process_bind_param(utcnow().replace(tzinfo=None), db.engine.dialect)


def test_insert_row_leaves_the_row_as_a_flush_would(either_app: Flask) -> None:
    with either_app.app_context():
        customer = insert_row(Customer(name="Kari", address={"street": "Fjordveien 1"}))
        assert customer.id
        assert customer.refresh_policy == "ask", "a column's default"
        assert customer.created_at.tzinfo is not None
        customer.given_name = "Kari"  # and it can be changed like any other row
        db.session.commit()
        kept = select(Customer.given_name, Customer.address).where(Customer.id == customer.id)
        assert db.session.execute(kept).one() == ("Kari", {"street": "Fjordveien 1"})


def test_update_row_changes_the_database_and_the_object(either_app: Flask) -> None:
    with either_app.app_context():
        other, customer = insert_row(Customer(name="Ola")), insert_row(Customer(name="Kari"))
        update_row(customer, name="Kari Nordfjell", email="kari@example.com")
        assert (customer.name, customer.email) == ("Kari Nordfjell", "kari@example.com")
        assert not db.session.dirty
        named = select(Customer.name).where(Customer.id >= other.id).order_by(Customer.id)
        assert list(db.session.scalars(named)) == ["Ola", "Kari Nordfjell"]


@pytest.mark.parametrize("meanwhile", ["not written yet", "deleted"])
def test_update_row_raises_if_the_database_does_not_have_the_row(either_app: Flask, meanwhile: str) -> None:
    with either_app.app_context():
        customer = Customer(name="Kari")
        if meanwhile == "deleted":
            db.session.execute(delete(Customer).where(Customer.id == insert_row(customer).id))
        with pytest.raises(StaleDataError):
            update_row(customer, name="Kari Nordfjell")


def test_an_inserted_row_is_rolled_back_with_its_transaction(either_app: Flask) -> None:
    with either_app.app_context():
        number = insert_row(Customer(name="Kari")).id
        db.session.rollback()
        assert db.session.get(Customer, number) is None


def test_a_row_may_get_the_id_of_one_that_was_rolled_back_and_is_still_referenced(either_app: Flask) -> None:
    with either_app.app_context():
        gone = insert_row(Customer(name="Kari"))
        db.session.rollback()
        again = insert_row(Customer(name="Ola"))  # on SQLite with the same id
        db.session.commit()
        assert gone is not again
        assert db.session.get_one(Customer, again.id).name == "Ola"


def test_readyz_needs_a_database_with_its_tables(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    with app.app_context():
        db.session.execute(text("DROP TABLE alembic_version"))
        db.session.commit()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_a_function_is_called_once_after_the_commit_and_never_after_a_rollback(either_app: Flask) -> None:
    called: list[str] = []
    with either_app.app_context():
        on_commit(lambda: called.append("rolled back"))
        db.session.rollback()
        db.session.commit()
        on_commit(lambda: called.append("first"))
        on_commit(lambda: called.append("second"))
        assert called == []
        db.session.commit()
        db.session.commit()
    assert called == ["first", "second"]


def test_a_savepoint_that_is_rolled_back_drops_its_own_functions_only(either_app: Flask) -> None:
    called: list[str] = []
    with either_app.app_context():
        on_commit(lambda: called.append("before"))
        with db.session.begin_nested():
            on_commit(lambda: called.append("released"))
        with contextlib.suppress(ZeroDivisionError), db.session.begin_nested():
            with db.session.begin_nested():
                on_commit(lambda: called.append("inside"))
            raise ZeroDivisionError
        assert called == []
        db.session.commit()
    assert called == ["before", "released"]
