"""The schema on both databases: the migrations make exactly the models, both ways, and setup can be repeated."""

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


def test_setup_can_be_repeated_and_gives_nothing_twice(either_app: Flask) -> None:
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


def test_a_row_that_is_written_now_is_as_a_flush_would_leave_it(either_app: Flask) -> None:
    with either_app.app_context():
        customer = insert_row(Customer(name="Kari", address={"street": "Fjordveien 1"}))
        assert customer.id
        assert customer.refresh_policy == "ask", "a column's default"
        assert customer.created_at.tzinfo is not None
        customer.given_name = "Kari"  # and it goes on like any other row
        db.session.commit()
        kept = select(Customer.given_name, Customer.address).where(Customer.id == customer.id)
        assert db.session.execute(kept).one() == ("Kari", {"street": "Fjordveien 1"})


def test_a_row_that_is_changed_now_is_changed_in_the_database_and_in_hand(either_app: Flask) -> None:
    with either_app.app_context():
        other, customer = insert_row(Customer(name="Ola")), insert_row(Customer(name="Kari"))
        update_row(customer, name="Kari Nordfjell", email="kari@example.com")
        assert (customer.name, customer.email) == ("Kari Nordfjell", "kari@example.com")
        assert not db.session.dirty
        named = select(Customer.name).where(Customer.id >= other.id).order_by(Customer.id)
        assert list(db.session.scalars(named)) == ["Ola", "Kari Nordfjell"]


@pytest.mark.parametrize("meanwhile", ["not written yet", "deleted"])
def test_a_row_that_is_not_there_is_not_changed_in_silence(either_app: Flask, meanwhile: str) -> None:
    with either_app.app_context():
        customer = Customer(name="Kari")
        if meanwhile == "deleted":
            db.session.execute(delete(Customer).where(Customer.id == insert_row(customer).id))
        with pytest.raises(StaleDataError):
            update_row(customer, name="Kari Nordfjell")


def test_what_was_written_now_is_gone_with_its_transaction(either_app: Flask) -> None:
    with either_app.app_context():
        number = insert_row(Customer(name="Kari")).id
        db.session.rollback()
        assert db.session.get(Customer, number) is None


def test_a_row_may_get_the_number_of_one_that_was_rolled_back_and_is_still_held(either_app: Flask) -> None:
    with either_app.app_context():
        gone = insert_row(Customer(name="Kari"))
        db.session.rollback()
        again = insert_row(Customer(name="Ola"))  # on SQLite with the same number
        db.session.commit()
        assert gone is not again
        assert db.session.get_one(Customer, again.id).name == "Ola"


def test_ready_means_that_the_database_answers_and_is_set_up(app: Flask) -> None:
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
