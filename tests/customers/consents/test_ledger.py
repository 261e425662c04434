"""The ledger: what a row holds, that one object is one row, and which answer is the latest."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine
from flask import Flask

from app.customers.consents import ledger
from app.customers.models import ConsentRecord, Customer
from app.database import db, utcnow
from app.vipps.claims import parse
from tests.customers.consents.steps import delegated, ledger_of
from tests.customers.steps import add_answer, add_customer

GIVEN = datetime(2026, 10, 14, 9, 31, 5, tzinfo=UTC)
TODAY = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def deliver(app: Flask, customer_id: int, whole: dict[str, object]) -> None:
    """Record what comes with a login."""
    with app.app_context():
        info = parse({"sub": "the-subject", "delegatedConsents": whole})
        ledger.record(db.session.get_one(Customer, customer_id), info)
        db.session.commit()


@time_machine.travel(TODAY, tick=False)
def test_a_row_holds_all_that_was_seen_and_said(app: Flask) -> None:
    customer_id, whole = add_customer(app), delegated(email=True, sms=False)
    deliver(app, customer_id, whole)
    email, sms = ledger_of(app, customer_id)
    assert (email.consent_id, email.granted, sms.consent_id, sms.granted) == ("email", True, "sms", False)
    assert (email.subject, email.source, email.required, email.language) == ("the-subject", "vipps_login", False, "en")
    assert (email.text, email.heading) == ("Receive offers via email", "Stay in touch")
    assert email.description == "We would like to write."
    assert email.links == [{"title": "Terms", "url": "https://example.com/terms"}]
    assert (email.given_at, email.received_at, email.effective_at) == (GIVEN, TODAY, GIVEN)
    assert email.evidence == sms.evidence == whole
    assert email.object_hash == ledger.object_hash(email.evidence)
    assert len(email.object_hash) == 64


def test_the_hash_depends_on_what_is_said_and_not_on_its_order() -> None:
    assert ledger.object_hash({"a": 1, "b": ["é", None]}) == ledger.object_hash({"b": ["é", None], "a": 1})
    assert ledger.object_hash({"a": 1}) != ledger.object_hash({"a": True})


def test_the_same_object_twice_is_recorded_once_and_another_is_not_lost(app: Flask) -> None:
    customer_id = add_customer(app)
    for _ in range(2):
        deliver(app, customer_id, delegated(email=True, sms=True))
    assert len(ledger_of(app)) == 2
    deliver(app, customer_id, delegated("2026-10-15T09:31:05Z", email=True, sms=True))
    assert len(ledger_of(app)) == 4


@time_machine.travel(TODAY, tick=False)
def test_a_time_that_is_not_ours_to_believe_is_replaced_by_the_time_of_receipt(app: Flask) -> None:
    customer_id = add_customer(app)
    deliver(app, customer_id, delegated("2031-01-01T00:00:00Z", email=True))
    deliver(app, customer_id, delegated("2026-11-01T12:00:30Z", sms=True))
    email, sms = ledger_of(app)
    assert (email.given_at, email.effective_at) == (None, TODAY)
    assert (sms.given_at, sms.effective_at) == (TODAY + timedelta(seconds=30), TODAY)


def test_the_latest_answer_is_the_one_that_was_given_last_and_not_the_one_that_came_last(app: Flask) -> None:
    customer_id = add_customer(app)
    deliver(app, customer_id, delegated("2026-10-15T09:00:00Z", email=False, sms=True))
    deliver(app, customer_id, delegated("2026-10-14T09:00:00Z", email=True, sms=False))
    deliver(app, customer_id, delegated("2026-10-14T09:00:00Z", email=True, digital=True))
    with app.app_context():
        customer = db.session.get_one(Customer, customer_id)
        assert {row.consent_id: row.granted for row in ledger.latest(customer)} == {
            "email": False,
            "sms": True,
            "digital": True,
        }
        assert ledger.latest_to(customer, "email") in ledger.latest(customer)
        assert ledger.latest_to(customer, "fax") is None


def test_of_two_answers_at_one_moment_the_later_row_counts(app: Flask) -> None:
    customer_id = add_customer(app)
    for granted in (True, False):
        add_answer(app, customer_id, "email", granted, at=GIVEN)
    with app.app_context():
        customer = db.session.get_one(Customer, customer_id)
        assert [row.granted for row in ledger.latest(customer)] == [False]
        assert ledger.latest_to(customer, "email") == ledger.latest(customer)[0]


@time_machine.travel(TODAY, tick=False)
def test_what_is_said_here_is_kept_with_its_words_and_is_later_than_all_before(app: Flask) -> None:
    """Another computer's clock may be ahead; a no must not be older than the yes that it takes back."""
    customer_id = add_customer(app)
    add_answer(app, customer_id, "email", True, at=TODAY + timedelta(seconds=5))
    with app.app_context():
        customer = db.session.get_one(Customer, customer_id)
        row = ledger.record_answer(customer, "email", False, "Send me mail.", "Email", "nb", ledger.MY_PAGE)
        db.session.commit()
        assert ledger.latest_to(customer, "email") == row
        assert (row.text, row.heading, row.language, row.source) == ("Send me mail.", "Email", "nb", "my_page")
        assert (row.given_at, row.received_at, row.subject) == (None, TODAY, None)
        assert row.evidence is not None
        assert row.evidence["shown"] == {"heading": "Email", "text": "Send me mail.", "language": "nb"}
        assert row.object_hash == ledger.object_hash(row.evidence)


def test_history_and_latest_are_the_customers_own(app: Flask) -> None:
    mine, other = add_customer(app), add_customer(app, "other@example.com")
    deliver(app, mine, delegated(email=True))
    with app.app_context():
        assert [row.consent_id for row in ledger.history(db.session.get_one(Customer, mine))] == ["email"]
        assert not ledger.history(db.session.get_one(Customer, other))


def test_erasing_leaves_the_words_and_takes_the_person(app: Flask) -> None:
    mine, other = add_customer(app), add_customer(app, "other@example.com")
    for customer_id in (mine, other):
        deliver(app, customer_id, delegated(email=True))
    until = utcnow() + timedelta(days=1)
    with app.app_context():
        ledger.erase(db.session.get_one(Customer, mine), "a pseudonym", until)
        db.session.commit()
    gone, kept = ledger_of(app)
    assert (gone.customer_id, gone.subject, gone.evidence) == (None, None, None)
    assert (gone.pseudonym, gone.keep_until, gone.text) == ("a pseudonym", until, "Receive offers via email")
    assert (kept.customer_id, kept.subject, kept.evidence is None) == (other, "the-subject", False)


def test_every_column_has_room_for_what_may_come(app: Flask) -> None:
    columns = ConsentRecord.__table__.columns
    lengths = {name: columns[name].type.length for name in ("consent_id", "text", "heading", "description", "language")}
    assert lengths == {"consent_id": 100, "text": 2000, "heading": 500, "description": 4000, "language": 10}


def test_a_yes_without_a_usable_time_never_beats_a_newer_no(either_app: Flask) -> None:
    customer_id = add_customer(either_app)
    add_answer(either_app, customer_id, "email", False)
    for at in ("", "2026-10-14T09:31:05", "soon"):
        deliver(either_app, customer_id, delegated(at=at, email=True, sms=True))
    assert latest_of(either_app, customer_id) == {"email": False, "sms": True}
    deliver(either_app, customer_id, delegated(at="", sms=False))
    assert latest_of(either_app, customer_id) == {"email": False, "sms": False}


def test_a_merchants_own_consent_id_answers_for_its_channel(make_app: Callable[..., Flask]) -> None:
    app = make_app(VIPPS_CONSENT_CHANNELS="cf_newsletter=email, cf_texts=sms")
    customer_id = add_customer(app)
    deliver(app, customer_id, delegated(cf_newsletter=True, cf_texts=True, cf_accept_terms=True))
    assert latest_of(app, customer_id) == {"email": True, "sms": True, "cf_accept_terms": True}
    other = add_customer(app, "other@example.com")
    deliver(app, other, delegated(cf_newsletter=False, email=True))
    assert latest_of(app, other) == {"email": False}, "of two answers to one channel, the no counts"


def latest_of(app: Flask, customer_id: int) -> dict[str, bool]:
    """Return the newest answer to each question."""
    with app.app_context():
        newest = ledger.latest(db.session.get_one(Customer, customer_id))
        return {row.consent_id: row.granted for row in newest}
