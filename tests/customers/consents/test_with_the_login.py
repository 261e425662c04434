"""No login without its consents and no consents without their login, whatever fails, also under concurrency."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from app.customers.consents import ledger
from app.customers.models import ConsentRecord, Customer, CustomerSession, PendingLink
from app.database import begin_write, db
from app.vipps.claims import parse
from tests.conftest import browser_of
from tests.customers.consents.steps import delegated, everything, ledger_of, says_also
from tests.customers.linking_steps import add_account, has_email
from tests.customers.steps import add_customer
from tests.threads import at_once
from tests.vipps_person import VippsPerson

ALL = delegated(email=True, sms=False, digital=True, personal=False)
NIN = "01019012345"
MORE_THAN_A_LOGIN_WRITES = 60
# Taken before, or written after, each in a transaction of its own.
OUTSIDE = ("login_attempt", "error_report", "inspected_login")


@contextmanager
def nth_write_fails(app: Flask, n: int) -> Iterator[list[str]]:
    """Let the database refuse the nth write of a login's transaction; yields the writes that were tried."""
    writes: list[str] = []

    def spoil(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> tuple[str, Any]:
        verb, _, what = statement.partition(" ")
        if verb in ("INSERT", "UPDATE", "DELETE") and not any(table in what for table in OUTSIDE):
            writes.append(" ".join(statement.split()[:3]))
            if len(writes) == n:
                return "SELECT * FROM a_table_that_is_not_there", ()
        return statement, parameters

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", spoil, retval=True)
    try:
        yield writes
    finally:
        event.remove(engine, "before_cursor_execute", spoil)


def come_back(vipps: VippsPerson, n: int) -> tuple[Any, list[str]]:
    """Log in with a new browser while the nth write fails; returns the callback's answer and the writes."""
    browser = browser_of(vipps.app)
    callback = vipps.approve(vipps.start(browser=browser), "gunnar")
    with nth_write_fails(vipps.app, n) as writes:
        return browser.get(callback), writes


def test_a_failure_at_any_write_leaves_nothing_and_the_next_login_has_it_all(either_vipps: VippsPerson) -> None:
    says_also(either_vipps, delegatedConsents=ALL)
    before, failed = everything(either_vipps.app), []
    for n in range(1, MORE_THAN_A_LOGIN_WRITES):
        response, writes = come_back(either_vipps, n)
        if response.status_code == 303:
            break
        assert response.status_code == 503, response.text[:500]
        assert "session=" not in str(response.headers.getlist("Set-Cookie"))
        assert everything(either_vipps.app) == before, f"half-written after {writes[-1]}"
        failed.append(writes[-1])
    assert len(writes) < n, "the login succeeded because nothing failed"
    for table in ("customer", "vipps_link", "vipps_profile", "consent_record", "customer_session", "activity"):
        assert any(each.endswith(f" {table}") for each in failed), f"no failure at {table}: {failed}"
    assert len([each for each in failed if each.endswith("consent_record")]) == 4
    with either_vipps.app.app_context():
        rows = db.session.scalars(select(ConsentRecord)).all()
        assert [(row.consent_id, row.granted) for row in rows] == [
            ("email", True),
            ("sms", False),
            ("digital", True),
            ("personal", False),
        ]
        (customer_id,) = {row.customer_id for row in rows}
        sessions = select(func.count()).where(CustomerSession.customer_id == customer_id)
        assert db.session.scalar(sessions) == 1


def test_of_two_deliveries_that_both_looked_before_one_wrote_each_ends_well(
    either_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither sees the other's row; the unique constraint decides, and no login fails for it."""
    customer_id, info = add_customer(either_app), parse({"sub": "the-subject", "delegatedConsents": ALL})
    gate, look, waited = threading.Barrier(2, timeout=3), ledger._is_recorded, threading.local()

    def look_and_wait(*about: Any) -> bool:
        found = look(*about)
        if not getattr(waited, "once", False) and db.engine.dialect.name == "postgresql":
            waited.once = True
            gate.wait()
        return found

    monkeypatch.setattr(ledger, "_is_recorded", look_and_wait)

    def deliver() -> None:
        with either_app.app_context():
            begin_write()
            ledger.record(db.session.get_one(Customer, customer_id), info)
            db.session.commit()

    at_once(deliver, deliver)
    assert sorted(row.consent_id for row in ledger_of(either_app)) == ["digital", "email", "personal", "sms"]


def test_another_broken_rule_than_the_one_of_one_object_is_not_swallowed(app: Flask) -> None:
    from sqlalchemy.exc import IntegrityError

    info = parse({"sub": "the-subject", "delegatedConsents": ALL})
    with app.app_context(), pytest.raises(IntegrityError):
        ledger.record(Customer(id=4711), info)


def test_the_national_identity_number_does_not_wait_for_proof(vipps: VippsPerson) -> None:
    has_email(vipps)
    add_account(vipps, phone_verified_at=None, email_verified_at=None)
    says_also(vipps, nin=NIN, delegatedConsents=delegated(email=True) | {"nin": NIN})
    vipps.log_in("gunnar")
    with vipps.app.app_context():
        waits = db.session.scalars(select(PendingLink)).one()
        assert waits.claims["delegatedConsents"]["consents"]
    assert NIN not in str(everything(vipps.app))
