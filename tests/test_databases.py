"""Both databases: migrations and setup, writing rows, functions after a commit, and readiness."""

import contextlib
from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import downgrade, upgrade
from sqlalchemy import create_engine, delete, func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError

from app import database
from app.customers.consents import ledger
from app.customers.models import Customer, VippsLink, VippsProfile
from app.customers.profile import from_vipps
from app.database import UtcDateTime, db, insert_row, on_commit, update_row, utcnow
from app.doctor import own
from app.shop.models import Product
from app.vipps.attempts import metadata as vipps_metadata
from app.vipps.claims import parse
from app.vipps.return_path import MAX_LENGTH
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import PASSWORD
from tests.pages import check_page
from tests.shop.steps import add_logged_in_customer, add_product, checkout_page, order_form, put_into_cart


def test_the_migrations_make_exactly_the_models(either_app: Flask) -> None:
    with either_app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_name": database.is_in_models}
        )
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
        customer.given_name = "Kari"  # the row can be changed like any other row
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


def test_update_row_raises_if_the_database_does_not_have_the_row(either_app: Flask) -> None:
    with either_app.app_context():
        customer = Customer(name="Kari")
        with pytest.raises(StaleDataError):
            update_row(customer, name="Kari Nordfjell")
        db.session.execute(delete(Customer).where(Customer.id == insert_row(customer).id))
        with pytest.raises(StaleDataError):
            update_row(customer, name="Kari Nordfjell")


def test_a_row_may_get_the_id_of_one_that_was_rolled_back_and_is_still_referenced(either_app: Flask) -> None:
    with either_app.app_context():
        gone = insert_row(Customer(name="Kari"))
        db.session.rollback()
        again = insert_row(Customer(name="Ola"))  # on SQLite with the same id
        db.session.commit()
        assert gone is not again
        assert db.session.get_one(Customer, again.id).name == "Ola"
        number = insert_row(Customer(name="Nils")).id
        db.session.rollback()
        assert db.session.get(Customer, number) is None


def test_readyz_needs_a_database_with_its_tables(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    with app.app_context():
        db.session.execute(text("DROP TABLE alembic_version"))
        db.session.commit()
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def set_read_only(url: str, state: str) -> None:
    """Make a PostgreSQL database read-only, as a failover leaves it, or writable again, for new connections."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as admin:
        admin.execute(text("SET default_transaction_read_only = off"))
        name = admin.execute(text("SELECT current_database()")).scalar_one()
        admin.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = {state}"))
    engine.dispose()


@pytest.mark.postgresql
def test_a_read_only_database_is_a_503_page_until_it_can_be_written_again(
    make_app: Callable[..., Flask], postgresql: str
) -> None:
    app = make_app(DATABASE_URL=postgresql)
    add_product(app)
    guest, buyer = browser_of(app), browser_of(app)
    add_logged_in_customer(app, buyer)
    put_into_cart(buyer)
    order = order_form(checkout_page(buyer))
    posts = {
        "/cart/add": (guest, {"product": "mittens", "quantity": "1"}),
        "/register": (guest, {"name": "Ola Berg", "email": "ola@example.com", "password": PASSWORD}),
        "/checkout": (buyer, order), "/logout": (buyer, {}),
    }  # fmt: skip
    for browser, _fields in posts.values():
        post(browser, "/cart/update")  # get a form token while the database can be written
    set_read_only(postgresql, "on")
    with app.app_context():
        db.engine.dispose()
    for path, (browser, fields) in posts.items():
        response = post(browser, path, fields)
        assert response.status_code == 503, path
        assert int(response.headers["Retry-After"]) > 0
        assert "can’t reach its database" in check_page(response).text
    ready = guest.get("/readyz")
    assert (ready.status_code, ready.json["database"]) == (503, "read-only")
    with app.test_request_context():
        assert own.database().said == "postgresql is read-only."
    assert guest.get("/healthz").status_code == 200
    assert buyer.get("/").status_code == 200, "pages that only read must still work"

    set_read_only(postgresql, "off")  # the pool's connections are still read-only
    assert guest.get("/readyz").status_code == 503
    assert guest.get("/readyz").status_code == 200
    assert post(guest, "/cart/add", {"product": "mittens", "quantity": "1"}).status_code == 303
    assert post(buyer, "/logout").status_code == 303


@pytest.mark.parametrize(
    ("statement", "unavailable"),
    [
        ("SELECT 1 FROM no_such_table", False),  # a mistake in the statement
        ("SELECT 1 / 0", False),
        ("SELECT pg_terminate_backend(pg_backend_pid())", True),  # 57P01
        ("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)", True),  # 57014
        ("SET LOCAL transaction_read_only = on; CREATE TABLE new (id int)", True),  # 25006
        ("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$", True),
        ("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$", True),
    ],
)
@pytest.mark.postgresql
def test_the_sqlstate_tells_an_unavailable_database_from_a_mistake(
    postgresql: str, statement: str, unavailable: bool
) -> None:
    engine = create_engine(postgresql)
    with engine.connect() as connection, pytest.raises(SQLAlchemyError) as failed:
        connection.exec_driver_sql(statement)
    assert database.is_unavailable(failed.value) == unavailable
    assert database.is_conflict(failed.value) == ("deadlock" in statement), "of these errors only a deadlock is retried"
    engine.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize(("path", "status"), [("/page-is-ready", 200), ("/view-fails", 500)])
def test_a_connection_that_is_lost_before_the_request_ends_does_not_replace_the_page(
    postgresql: str, make_app: Callable[..., Flask], path: str, status: int
) -> None:
    app = make_app(DATABASE_URL=postgresql)

    @app.get(path)
    def view() -> str:
        db.session.execute(text("SELECT 1"))
        engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with engine.connect() as administrator:
            administrator.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
        engine.dispose()
        return {200: "ready"}[status]  # any other status raises KeyError

    response = browser_of(app).get(path)
    assert response.status_code == status
    assert response.text == "ready" or check_page(response)


def test_a_database_without_a_server_is_unavailable(unused_port: int) -> None:
    engine = create_engine(f"postgresql+psycopg://shop@127.0.0.1:{unused_port}/shop")
    with pytest.raises(SQLAlchemyError) as failed:
        engine.connect()
    assert database.is_unavailable(failed.value)


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


# The longest value of each field, and a longer one. No other typed value has a column of limited length.
LONGEST_EMAIL = f"{'x' * 64}@{'a' * 63}.{'b' * 63}.{'c' * 57}.com"
LONGEST = {
    "name": "å" * 200,
    "email": LONGEST_EMAIL,
    "phone": "+7 8108 9567 340 187",  # 15 digits, and 20 characters as an order keeps it
    "street": "ø" * 200,
    "postal_code": "0603",
    "region": "æ" * 100,
}
LONGER = {
    "name": "å" * 201,
    "email": f"x{LONGEST_EMAIL}",
    "phone": "+49 181 12345678901",  # 16 digits, and the library calls it valid
    "street": "ø" * 201,
    "postal_code": "06030",
    "region": "æ" * 101,
}
# Columns of limited length for values from outside.
TYPED = {
    "customer": {"name", "given_name", "family_name", "email", "phone_number"}, "customer_name_word": {"word"},
    "mailed_proof": {"email"}, "mail": {"recipient", "subject"}, "shop_order": {"name", "email", "phone"},
    "vipps_link": {"subject"}, "vipps_profile": {"name", "given_name", "family_name", "email", "phone_number"},
    "consent_record": {"subject", "consent_id", "text", "heading", "description", "language"},
    "pending_link": {"subject", "next_path"}, "login_attempt": {"next_path"},
}  # fmt: skip
# Columns for the shop's own codes, hashes and words, or for texts that are shortened before they are stored.
OURS = {
    "activity": {"decision", "kind", "method", "reference", "user_agent"}, "cart": {"token_hash"}, "category": {"slug"},
    "category_text": {"intro", "language", "name"}, "consent_record": {"object_hash", "pseudonym", "source"},
    "customer": {"locale", "password_hash", "refresh_policy"},
    "customer_session": {"ended_reason", "method", "token_hash", "user_agent"},
    "error_report": {"code", "reference", "route"},
    "login_attempt": {"browser_hash", "code_verifier", "nonce", "outcome", "owner", "purpose", "state_hash"},
    "mail": {"kind", "last_error", "message_id", "reference"},
    "mailed_proof": {"purpose", "token_hash"},
    "order_line": {"name", "slug"},
    "pending_link": {"browser_hash", "client_id", "issuer", "purpose"},
    "product": {"picture", "slug"},
    "product_text": {"language", "name", "summary"},
    "profile_change": {"field", "source", "state"},
    "shop_order": {"checkout_key", "delivery", "language", "number", "status"},
    "staff": {"email", "name", "password_hash"}, "staff_look": {"action", "detail", "reference"},
    "staff_session": {"token_hash", "user_agent"}, "vipps_link": {"client_id", "issuer"},
    "webhook_delivery": {"body_hash", "outcome", "reference", "subject_hash"},
}  # fmt: skip


def send_form(client: FlaskClient, form: str, values: dict[str, str]) -> int:
    """Send one of the three forms that store typed values; return the status."""
    if form == "register":
        fields = {name: values[name] for name in ("name", "email")}
        return post(client, "/register", {**fields, "password": PASSWORD}).status_code
    page = open_page(client, "/account/profile" if form == "profile" else "/checkout")
    if form == "profile":
        fields = {"country": "NO", "shown": page.one('[name="shown"]')["value"], **values}
        return post(client, "/account/profile", fields).status_code
    return client.post("/checkout", data=order_form(page, **values)).status_code


@pytest.mark.parametrize("form", ["register", "profile", "checkout"])
def test_the_longest_values_are_stored_and_longer_ones_are_refused(either_app: Flask, form: str) -> None:
    client = browser_of(either_app)
    if form != "register":
        add_product(either_app, "long-socks")
        add_logged_in_customer(either_app, client, "someone@example.com")
        put_into_cart(client, "long-socks")
    fields = ["name", "email"] if form == "register" else list(LONGER)
    if form == "profile":
        fields.remove("email")
    for name in fields:
        assert send_form(client, form, {**LONGEST, name: LONGER[name]}) in (400, 422), name
    assert send_form(client, form, LONGEST) == 303
    table = "shop_order" if form == "checkout" else "customer"
    with either_app.app_context():
        kept = db.session.execute(text(f"SELECT * FROM {table} WHERE name = :name"), {"name": LONGEST["name"]}).one()
    assert form == "profile" or kept.email == LONGEST_EMAIL
    assert form != "profile" or kept.phone_number == "781089567340187"
    assert form != "checkout" or kept.phone == LONGEST["phone"]


def test_the_longest_claims_are_stored_and_longer_ones_are_cut_or_absent(either_app: Flask) -> None:
    longest = {"name": 200, "given_name": 200, "family_name": 200}
    claims = dict.fromkeys(longest, "å" * 300) | {"sub": "s" * 255, "email_verified": True}
    claims |= {"email": LONGEST_EMAIL, "phone_number": "781089567340187", "phone_number_verified": True}
    too_long = parse({**claims, "email": f"x{LONGEST_EMAIL}", "phone_number": "7810895673401870"})
    assert (too_long.email, too_long.phone_number) == (None, None)
    question = {"id": "q" * 100, "accepted": True, "required": False, "textDisplayedToUser": "t" * 2000}
    screen = {"heading": "h" * 500, "text": "d" * 4000, "language": "abc-ABCDEF", "consents": [question]}
    told = parse({**claims, "delegatedConsents": {**screen, "timeOfConsent": "2026-01-01T00:00:00Z"}})
    with either_app.test_request_context():
        customer = Customer(name="", email=None)
        link = VippsLink(customer=customer, issuer="https://op.test/", client_id="shop", subject=told.subject)
        db.session.add(link)
        db.session.flush()
        from_vipps.refresh(link, told)
        ledger.record(customer, told)
        db.session.commit()
        kept = db.session.execute(select(VippsProfile).where(VippsProfile.link_id == link.id)).scalar_one()
        assert {name: len(getattr(kept, name)) for name in longest} == longest
        assert (kept.email, kept.phone_number) == (LONGEST_EMAIL, claims["phone_number"])
        (answer,) = ledger.history(customer)
        assert [len(getattr(answer, name)) for name in ("consent_id", "text", "heading")] == [100, 2000, 500]
        assert (len(answer.description), len(answer.language)) == (4000, 10)


def test_every_column_of_limited_length_is_tested_or_holds_own_values() -> None:
    """Add a new column for values from outside to `TYPED`, and its longest value to the tests above."""
    limited = {
        table.name: {column.name for column in table.columns if getattr(column.type, "length", None)}
        for metadata in (db.metadata, vipps_metadata)
        for table in metadata.sorted_tables
    }
    rest = {table: names - TYPED.get(table, set()) for table, names in limited.items()}
    assert {table: names for table, names in rest.items() if names} == OURS
    assert all(names <= limited[table] for table, names in TYPED.items())
    paths = [vipps_metadata.tables["login_attempt"].c.next_path, db.metadata.tables["pending_link"].c.next_path]
    assert {path.type.length for path in paths} == {MAX_LENGTH}
