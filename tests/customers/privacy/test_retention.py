"""Retention: in every kind of data an expired row is deleted, and a row that is an hour younger is kept."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import create_engine, func, insert, select, text

from app.customers.models import (
    Activity,
    ConsentRecord,
    Customer,
    CustomerSession,
    EmailToken,
    Kind,
    PendingLink,
    VippsLink,
    WebhookDelivery,
)
from app.customers.privacy import data_sources, retention
from app.database import Base, db, utcnow
from app.mail import Mail
from app.shop.carts import GUEST_CART_LIFE
from app.shop.models import Cart, Order
from app.staff.models import AuditEntry, ErrorReport, Staff, StaffSession
from app.vipps.attempts import RETENTION as ATTEMPT_RETENTION
from app.vipps.attempts import login_attempt
from tests.customers.steps import add_customer
from tests.tables import tables_in

NOW = datetime(2031, 3, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
REFERENCE = "ABCD-2345"
count = iter(range(1_000_000))


def unique() -> str:
    return f"{next(count):064}"


def mail(at: datetime, **rest: Any) -> Mail:
    return Mail(created_at=at, recipient="a@example.com", subject="s", body="b", kind="k")


def session(at: datetime, customer_id: int) -> CustomerSession:
    times = {"created_at": at, "last_seen_at": at, "expires_at": at}
    return CustomerSession(customer_id=customer_id, token_hash=unique(), method="password", **times)


def ended_session(at: datetime, customer_id: int) -> CustomerSession:
    row = session(at + timedelta(hours=12), customer_id)
    row.ended_at = at
    return row


def line(at: datetime, customer_id: int | None, kind: str = Kind.LOGGED_IN, **rest: Any) -> Activity:
    return Activity(at=at, customer_id=customer_id, kind=kind, reference=REFERENCE, user_agent="A browser", **rest)


def proof(at: datetime, customer_id: int) -> EmailToken:
    times = {"created_at": at - HOUR, "expires_at": at}
    return EmailToken(customer_id=customer_id, purpose="reset_password", email="a@b.c", token_hash=unique(), **times)


def pending(at: datetime, customer_id: int) -> PendingLink:
    who = {"issuer": "i", "client_id": "c", "subject": "s", "claims": {}, "ways": [], "reasons": []}
    return PendingLink(customer_id=customer_id, browser_hash=unique(), next_path="/", expires_at=at, **who)


def delivery(at: datetime, **rest: Any) -> WebhookDelivery:
    received = at - timedelta(days=30)  # repeated since, and the last delivery counts
    return WebhookDelivery(received_at=received, latest_at=at, body_hash=unique(), outcome="x", reference=REFERENCE)


def report(at: datetime, **rest: Any) -> ErrorReport:
    return ErrorReport(at=at, reference=REFERENCE, code="x", status=500)


def staff_look(at: datetime, **rest: Any) -> AuditEntry:
    staff = Staff(email=f"{unique()}@shop.example", name="", password_hash="")
    return AuditEntry(at=at, staff=staff, action="search", reference=REFERENCE)


def staff_session(at: datetime, **rest: Any) -> StaffSession:
    staff = Staff(email=f"{unique()}@shop.example", name="", password_hash="")
    return StaffSession(staff=staff, token_hash=unique(), expires_at=at)


def account(at: datetime, customer_id: int = 0, **rest: Any) -> Customer:
    return Customer(email=f"{unique()[-8:]}@example.com", created_at=at, password_hash="x", **rest)


def guest_cart(at: datetime, **rest: Any) -> Cart:
    return Cart(token_hash=unique(), updated_at=at)


# For each kind of data: its maximum age, and a function that adds a row from the given time.
ROWS: dict[str, tuple[timedelta, Callable[..., Base]]] = {
    "mails": (retention.MAILS, mail),
    "sessions": (retention.SESSIONS, session),
    "sessions, ended": (retention.SESSIONS, ended_session),
    "activity lines": (retention.ACTIVITY, line),
    "activity of unknown customers": (retention.UNKNOWN_CUSTOMER_ACTIVITY, lambda at, customer_id: line(at, None)),
    "mailed links": (retention.EMAIL_TOKENS, proof),
    "logins that waited": (timedelta(), pending),
    "webhook deliveries": (retention.DELIVERIES, delivery),
    "error reports": (retention.ERRORS, report),
    "audit log entries": (retention.STAFF_LOOKS, staff_look),
    "sessions of staff": (retention.STAFF_SESSIONS, staff_session),
    "unused accounts": (retention.UNUSED_ACCOUNTS, account),
    "guests’ carts": (GUEST_CART_LIFE, guest_cart),
}


def add(app: Flask, *rows: Base) -> None:
    with app.app_context():
        db.session.add_all(rows)
        db.session.commit()


def run(app: Flask, now: datetime = NOW, *, dry_run: bool = False) -> dict[str, int]:
    with app.app_context():
        return {kind: found for kind, found in retention.run(now, dry_run=dry_run) if found}


def rows_of(app: Flask) -> dict[str, int]:
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in tables_in(connection).sorted_tables
        }


@pytest.mark.parametrize("name", ROWS)
def test_expired_rows_are_deleted_and_younger_ones_stay(app: Flask, name: str) -> None:
    period, make = ROWS[name]
    with time_machine.travel(NOW - retention.UNUSED_ACCOUNTS, tick=False):
        customer_id = add_customer(app)
    before = rows_of(app)
    young, old = (make(NOW - period + each, customer_id=customer_id) for each in (HOUR, -HOUR))
    table = type(old).__tablename__
    add(app, young, old)
    kind = name.partition(",")[0]
    assert run(app, dry_run=True) == {kind: 1}
    assert rows_of(app)[table] == before[table] + 2
    assert run(app) == {kind: 1}
    assert rows_of(app)[table] == before[table] + 1
    assert run(app) == {}
    with app.app_context():
        model = type(old)
        assert db.session.get(model, young.id)
        assert db.session.get(model, old.id) is None


def test_every_kind_has_its_test(app: Flask) -> None:
    others = {"login attempts", "browsers of activity lines", "consent proofs", "names on old orders", "unpaid orders"}
    if find_spec("app.guide"):
        others.add("logins in the inspector")
    with app.app_context():
        kinds = {rule.kind for holder in data_sources.registered() for rule in holder.rules}
    assert kinds == {name.partition(",")[0] for name in ROWS} | others


def test_a_login_in_progress_is_deleted_after_it_has_expired(app: Flask) -> None:
    ends = {"old": NOW - ATTEMPT_RETENTION - HOUR, "young": NOW - ATTEMPT_RETENTION + timedelta(minutes=1)}
    values = {"browser_hash": "b", "nonce": "n", "code_verifier": "v", "purpose": "log_in", "next_path": "/"}
    with app.app_context():
        for name, at in ends.items():
            row = {**values, "state_hash": name, "expires_at": int(at.timestamp())}
            db.session.execute(insert(login_attempt).values(**row))
        db.session.commit()
    assert run(app) == {"login attempts": 1}
    with app.app_context():
        assert db.session.scalars(select(login_attempt.c.state_hash)).all() == ["young"]


def test_explaining_entries_stay_without_their_browser(app: Flask) -> None:
    customer_id, old = add_customer(app), NOW - retention.ACTIVITY - HOUR
    explains = (Kind.VIPPS_CONNECTED, Kind.PASSWORD_SET, Kind.EMAIL_CHANGED, Kind.BLOCKED)
    add(
        app,
        *(line(old, customer_id, kind) for kind in explains),
        line(old, customer_id, Kind.LOGGED_IN, decision="create"),
        line(old, customer_id, Kind.LOGGED_IN, decision="known_subject"),
        line(NOW, customer_id, Kind.PASSWORD_SET),
    )
    assert run(app) == {"activity lines": 1, "browsers of activity lines": 5}
    with app.app_context():
        left = db.session.scalars(select(Activity).order_by(Activity.id)).all()
        assert [(each.kind, each.user_agent) for each in left] == [
            *((kind, "") for kind in (*explains, Kind.LOGGED_IN)),
            (Kind.PASSWORD_SET, "A browser"),
        ]


# Functions that make an account used, by a property or by a row about it.
IN_USE: dict[str, tuple[dict[str, Any], Callable[[int], Base] | None]] = {
    "confirmed": ({"email_verified_at": NOW}, None),
    "blocked": ({"blocked_at": NOW}, None),
    "linked": ({}, lambda number: VippsLink(customer_id=number, issuer="i", client_id="c", subject="s")),
    "ordered": ({}, lambda number: order(NOW, number)),
    "asked again": ({}, lambda number: proof(NOW - timedelta(days=2), number)),
}


@pytest.mark.parametrize("why", IN_USE)
def test_an_account_in_use_is_kept(app: Flask, why: str) -> None:
    values, about_it = IN_USE[why]
    old = account(NOW - timedelta(days=400), **values)
    add(app, old)
    if about_it:
        add(app, about_it(old.id))
    assert run(app) == {}
    with app.app_context():
        assert db.session.get(Customer, old.id)


def test_a_customers_cart_is_kept_however_old(app: Flask) -> None:
    add(app, Cart(customer_id=add_customer(app), updated_at=NOW - timedelta(days=4000)))
    assert run(app) == {}


def test_an_unused_account_is_erased_like_any_other(app: Flask) -> None:
    old = account(NOW - timedelta(days=400))
    add(app, old)
    add(app, Mail(recipient=str(old.email), subject="s", body="b", kind="confirm_address", created_at=NOW))
    assert run(app) == {"unused accounts": 1}
    assert rows_of(app)["mail"] == 0


def order(at: datetime, customer_id: int | None, **rest: Any) -> Order:
    person = {"name": "Tuva Lien", "email": "tuva@example.com", "phone": "+47 900 00 000", "address": ["Bryggen 3"]}
    values = {"delivery": "pickup", "total": 100, "language": "en", "checkout_key": unique()[-20:], **person, **rest}
    return Order(number=f"M-{unique()[-8:]}", customer_id=customer_id, placed_at=at, **values)


@pytest.mark.parametrize(
    ("placed", "today", "goes"),
    [
        ("2025-12-31", "2030-12-31", False),
        ("2025-12-31", "2031-01-02", True),
        ("2025-01-01", "2030-12-30", False),
        ("2023-12-31", "2028-12-31", False),  # two leap years in between
        ("2023-12-31", "2029-01-02", True),
    ],
)
def test_an_order_loses_its_name_five_years_after_its_year(app: Flask, placed: str, today: str, goes: bool) -> None:
    customer_id = add_customer(app)
    add(app, order(datetime.fromisoformat(f"{placed}T10:00:00+00:00"), customer_id))
    assert run(app, datetime.fromisoformat(f"{today}T10:00:00+00:00")).get("names on old orders", 0) == int(goes)
    with app.app_context():
        row = db.session.scalars(select(Order)).one()
        assert row.total == 100
        assert (row.customer_id, row.name, row.email, row.phone, row.address) == (
            (None, "", "", "", []) if goes else (customer_id, "Tuva Lien", "tuva@example.com", row.phone, ["Bryggen 3"])
        )
    assert run(app, NOW - timedelta(days=3000)) == {}


def test_how_long_orders_have_names_is_a_setting(make_app: Callable[..., Flask]) -> None:
    app = make_app(KEEP_ORDERS_DAYS="30")
    add(app, order(datetime(2030, 12, 31, tzinfo=UTC), None), order(datetime(2031, 1, 1, tzinfo=UTC), None))
    assert run(app) == {"names on old orders": 1}


def test_a_proof_is_deleted_on_its_day_and_not_before(either_app: Flask) -> None:
    values = {"consent_id": "email", "granted": True, "text": "t", "language": "en", "source": "my_page"}
    past, future = utcnow() - timedelta(days=1), utcnow() + timedelta(days=1)
    customer_id = add_customer(either_app)
    with either_app.app_context():
        for who, until in ((None, past), (None, future), (customer_id, None), (customer_id, past)):
            row = {**values, "customer_id": who, "keep_until": until, "object_hash": unique()}
            db.session.add(ConsentRecord(**row, pseudonym=None if who else "p"))
        db.session.commit()
    # The database uses its own clock, so the test does not move this machine's.
    assert run(either_app, utcnow())["consent proofs"] == 1
    with either_app.app_context():
        kept = {row.keep_until for row in db.session.scalars(select(ConsentRecord))}
        assert kept == {future, None, past}


def test_more_rows_than_a_batch_are_deleted_in_several_batches(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH_SIZE", 2)
    add(app, *(mail(NOW - timedelta(days=40)) for _ in range(5)), mail(NOW))
    assert run(app) == {"mails": 5}
    assert rows_of(app)["mail"] == 1


def test_a_failing_kind_does_not_undo_the_kinds_before_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    add(app, mail(NOW - timedelta(days=40)), guest_cart(NOW - timedelta(days=40)))

    def breaks(keys: Any) -> None:
        raise RuntimeError

    with app.app_context():
        carts = next(holder for holder in data_sources.registered() if holder.name == "cart")
    monkeypatch.setitem(carts.rules[0].__dict__, "forget", breaks)
    with pytest.raises(RuntimeError):
        run(app)
    assert (rows_of(app)["mail"], rows_of(app)["cart"]) == (0, 1)


@pytest.mark.postgresql
def test_a_locked_account_is_left_for_the_next_run(make_app: Callable[..., Flask], postgresql: str) -> None:
    app = make_app(DATABASE_URL=postgresql)
    old = account(NOW - timedelta(days=400))
    add(app, old)
    engine = create_engine(postgresql)
    with engine.connect() as another:
        another.execute(text("UPDATE customer SET email_verified_at = now() WHERE id = :id"), {"id": old.id})
        assert run(app) == {}
        another.commit()
    assert run(app) == {}
    engine.dispose()


def test_the_command_prints_a_line_per_kind(app: Flask) -> None:
    add(app, mail(utcnow()), guest_cart(utcnow()))
    runner = app.test_cli_runner()
    with time_machine.travel(utcnow() + timedelta(days=31)):
        dry, first, second = (runner.invoke(args=["retention", *more]) for more in (["--dry-run"], [], []))
    assert dry.output.splitlines()[0] == "Would be removed:"
    assert first.output.splitlines()[0] == "Removed:"
    assert dry.output.splitlines()[1:] == first.output.splitlines()[1:]
    assert "      1  mails" in first.output.splitlines()
    assert "      1  guests’ carts" in first.output.splitlines()
    assert "      0  sessions" in first.output.splitlines()
    assert "      1  " not in second.output


def test_retention_deletes_no_data_of_an_active_customer(either_app: Flask) -> None:
    before = rows_of(either_app)
    assert run(either_app, utcnow()) == {}
    assert rows_of(either_app) == before
