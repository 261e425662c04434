"""Consents that come with a login, and the shop's own question after a first login."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from app.customers.consents import consent_prompt, ledger
from app.customers.consents.channels import ALL
from app.customers.models import ConsentRecord, Customer, CustomerSession, PendingLink
from app.database import begin_write, db, utcnow
from app.vipps.claims import parse
from app.vipps.matching import Decision, Verdict
from tests.conftest import browser_of, open_page, post
from tests.customers import steps
from tests.customers.callback_steps import OUTSIDE, WRITES
from tests.customers.consents.steps import answers_of, delegated, everything, ledger_of, says_also
from tests.customers.linking_steps import add_account, has_email
from tests.threads import at_once
from tests.vipps_person import VippsPerson

ASKED = "/account/consents/asked"
CARD = "section.ask"
NO_CONSENTS = {"delegatedConsents": None}


def is_asked(client: FlaskClient, path: str = "/") -> bool:
    return bool(open_page(client, path).select(CARD))


def asked_at(app: Flask, customer_id: int) -> Any:
    with app.app_context():
        return db.session.get_one(Customer, customer_id).consents_asked_at


def test_a_first_login_by_password_asks_on_the_next_page_and_only_there(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    steps.log_in(client)
    assert asked_at(app, customer_id)
    assert is_asked(client)
    assert not is_asked(client)
    again = browser_of(app)
    steps.log_in(again)
    assert not is_asked(again)


def test_a_registration_asks_when_its_link_logs_in(app: Flask, client: FlaskClient) -> None:
    steps.register(client)
    path = steps.link_in(steps.mails(app, "confirm_address")[0], "confirm")
    post(client, path, form_on=path)
    assert is_asked(client)


def test_nothing_is_ticked_and_both_buttons_weigh_the_same(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    steps.log_in(client)
    page = open_page(client, "/account")
    boxes = page.select(f"{CARD} input[type=checkbox]")
    assert [(box["name"], box["value"]) for box in boxes] == [("consent", channel.id) for channel in ALL]
    assert not [box for box in boxes if box.has_attr("checked")]
    save, none = page.select(f"{CARD} button")
    assert save["class"] == none["class"]
    assert [each["value"] for each in (save, none)] == ["save", "none"]
    assert page.one(f"{CARD} form")["action"] == ASKED
    assert "You can shop here whether you say" in page.text
    assert page.one(f"{CARD} input[name=next]")["value"] == "/account"


@pytest.mark.parametrize(
    ("verdict", "asked_before", "asks"),
    [
        (Verdict.CREATE, False, True), (Verdict.LINK_AND_LOG_IN, False, True), (Verdict.LINK, False, True),
        (Verdict.LINK, True, False),
        (Verdict.KNOWN_SUBJECT, False, False), (Verdict.LINK_AND_LOG_IN, True, False),
    ],
)  # fmt: skip
def test_a_vipps_login_asks_an_account_once(app: Flask, verdict: Verdict, asked_before: bool, asks: bool) -> None:
    customer_id = steps.add_customer(app)
    with app.test_request_context():
        customer = db.session.get_one(Customer, customer_id)
        customer.consents_asked_at = utcnow() if asked_before else None
        assert consent_prompt.is_due(customer, Decision(verdict, customer_id, ())) is asks
        assert (customer.consents_asked_at is not None) is (asks or asked_before)


def test_a_customer_who_has_answered_before_is_not_asked(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    steps.add_answer(app, customer_id, "email", False)
    steps.log_in(client)
    assert not is_asked(client)
    assert asked_at(app, customer_id) is None


def test_a_vipps_login_without_a_consent_screen_asks_once_but_not_in_the_cart_or_checkout(vipps: VippsPerson) -> None:
    says_also(vipps, **NO_CONSENTS)
    post(vipps.browser, "/cart/add", {"slug": "enamel-mug", "quantity": "1"})
    vipps.log_in("gunnar", "/checkout")
    assert not is_asked(vipps.browser, "/checkout")
    assert not is_asked(vipps.browser, "/cart")
    assert not is_asked(vipps.browser, "/account/consents")
    assert is_asked(vipps.browser, "/")
    again = browser_of(vipps.app)
    vipps.log_in("gunnar", browser=again)
    assert not is_asked(again)


def test_a_failed_login_does_not_count_as_asked(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    """The login's own transaction records that the customer was asked."""
    from app.customers import account_activity

    customer_id = steps.add_customer(app)
    monkeypatch.setattr(account_activity, "record", lambda *a, **k: 1 / 0)
    assert steps.log_in_by_form(client).status_code == 500
    monkeypatch.undo()
    assert asked_at(app, customer_id) is None
    steps.log_in(client)
    assert is_asked(client)


def answer(client: FlaskClient, **data: Any) -> Any:
    return post(client, ASKED, data, form_on="/account/consents")


@pytest.fixture
def customer_id(app: Flask, client: FlaskClient) -> int:
    customer_id = steps.add_customer(app)
    steps.log_in(client)
    return customer_id


def test_a_ticked_channel_is_a_yes_and_any_other_is_a_no(app: Flask, client: FlaskClient, customer_id: int) -> None:
    for _ in range(2):
        response = answer(client, answer="save", consent=["sms", "personal", "fax"], next="/orders")
        assert response.headers["Location"] == "/orders"
    answers = {"email": False, "sms": True, "digital": False, "personal": True}
    assert answers_of(app, customer_id) == [(name, granted, "my_page") for name, granted in answers.items()]
    assert [kind for kind, _method in steps.activity_of(app, customer_id)][-1] == "consent_given"


def test_no_thank_you_is_a_no_to_each_even_with_ticks(app: Flask, client: FlaskClient, customer_id: int) -> None:
    assert answer(client, answer="none", consent=["sms"], next="https://evil.example").headers["Location"] == "/account"
    assert [granted for _id, granted, _source in answers_of(app, customer_id)] == [False] * 4
    assert [kind for kind, _method in steps.activity_of(app, customer_id)][-1] == "consent_withdrawn"


def test_another_customer_in_the_same_browser_is_not_asked(app: Flask, client: FlaskClient, customer_id: int) -> None:
    other = steps.add_customer(app, "other@example.com")
    steps.add_answer(app, other, "email", False)
    steps.log_in(client, "other@example.com")
    assert not is_asked(client)


ALL_FOUR = delegated(email=True, sms=False, digital=True, personal=False)
NIN = "01019012345"
MORE_THAN_A_LOGIN_WRITES = 60


@contextmanager
def nth_write_fails(app: Flask, n: int) -> Iterator[list[str]]:
    """Make the nth write of a login's transaction fail; yield the writes that were tried."""
    writes: list[str] = []

    def spoil(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> tuple[str, Any]:
        if statement.startswith(WRITES) and not any(table in statement for table in OUTSIDE):
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
    """Log in with a new browser while the nth write fails; return the callback's answer and the writes."""
    browser = browser_of(vipps.app)
    callback = vipps.approve(vipps.start(browser=browser), "gunnar")
    with nth_write_fails(vipps.app, n) as writes:
        return browser.get(callback), writes


def test_a_failure_at_any_write_leaves_no_change_and_the_next_login_works(either_vipps: VippsPerson) -> None:
    says_also(either_vipps, delegatedConsents=ALL_FOUR)
    before, failed = everything(either_vipps.app), []
    for n in range(1, MORE_THAN_A_LOGIN_WRITES):
        response, writes = come_back(either_vipps, n)
        if response.status_code == 303:
            break
        assert response.status_code == 503, response.text[:500]
        assert "session=" not in str(response.headers.getlist("Set-Cookie"))
        assert everything(either_vipps.app) == before, f"half-written after {writes[-1]}"
        failed.append(writes[-1])
    assert len(writes) < n, "the login must fail if a write failed"
    for table in ("customer", "vipps_link", "vipps_profile", "consent_record", "customer_session", "activity"):
        assert any(each.endswith(f" {table}") for each in failed), f"no failure at {table}: {failed}"
    assert len([each for each in failed if each.endswith("consent_record")]) == 4
    with either_vipps.app.app_context():
        rows = db.session.scalars(select(ConsentRecord)).all()
        answers = {"email": True, "sms": False, "digital": True, "personal": False}
        assert {row.consent_id: row.granted for row in rows} == answers
        assert len(rows) == 4
        (customer_id,) = {row.customer_id for row in rows}
        sessions = select(func.count()).where(CustomerSession.customer_id == customer_id)
        assert db.session.scalar(sessions) == 1


def test_two_concurrent_deliveries_both_succeed(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither login sees the other login's row; the unique constraint decides, and both logins succeed."""
    customer_id, info = steps.add_customer(either_app), parse({"sub": "the-subject", "delegatedConsents": ALL_FOUR})
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


def test_only_the_error_of_a_duplicate_object_is_ignored(app: Flask) -> None:
    from sqlalchemy.exc import IntegrityError

    info = parse({"sub": "the-subject", "delegatedConsents": ALL_FOUR})
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
