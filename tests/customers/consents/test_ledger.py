"""The ledger of answers, the triggers that protect it, and the audience."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, select, text
from sqlalchemy.exc import DBAPIError

from app.customers.consents import ledger
from app.customers.consents.audience import Recipient, audience
from app.customers.linking import account_links
from app.customers.models import ConsentRecord, Customer, VippsLink
from app.database import db, utcnow
from app.vipps.claims import parse
from tests.conftest import browser_of, post
from tests.customers.consents.steps import delegated, ledger_of, revoked, subject_of
from tests.customers.steps import add_answer, add_customer, log_in, set_values, statements

GIVEN = datetime(2026, 10, 14, 9, 31, 5, tzinfo=UTC)
TODAY = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def deliver(app: Flask, customer_id: int, whole: dict[str, object]) -> None:
    with app.app_context():
        info = parse({"sub": "the-subject", "delegatedConsents": whole})
        ledger.record(db.session.get_one(Customer, customer_id), info)
        db.session.commit()


@time_machine.travel(TODAY, tick=False)
def test_a_row_holds_the_shown_texts_and_the_answer(app: Flask) -> None:
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


def test_the_hash_depends_on_the_contents_and_not_on_their_order() -> None:
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
def test_an_unbelievable_time_is_replaced_by_the_time_of_receipt(app: Flask) -> None:
    customer_id = add_customer(app)
    deliver(app, customer_id, delegated("2031-01-01T00:00:00Z", email=True))
    deliver(app, customer_id, delegated("2026-11-01T12:00:30Z", sms=True))
    email, sms = ledger_of(app)
    assert (email.given_at, email.effective_at) == (None, TODAY)
    assert (sms.given_at, sms.effective_at) == (TODAY + timedelta(seconds=30), TODAY)


def test_the_latest_answer_is_the_one_given_last_not_received_last(app: Flask) -> None:
    customer_id = add_customer(app)
    deliver(app, customer_id, delegated("2026-10-15T09:00:00Z", email=False, sms=True))
    deliver(app, customer_id, delegated("2026-10-14T09:00:00Z", email=True, sms=False))
    deliver(app, customer_id, delegated("2026-10-14T09:00:00Z", email=True, digital=True))
    with app.app_context():
        customer = db.session.get_one(Customer, customer_id)
        answers = {row.consent_id: row.granted for row in ledger.latest(customer)}
        assert answers == {"email": False, "sms": True, "digital": True}
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
def test_an_answer_here_is_kept_with_its_words_and_is_later_than_all_before(app: Flask) -> None:
    """Another computer's clock may be ahead; a no must not be older than the yes that it withdraws."""
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


def test_erasing_keeps_the_words_and_removes_the_person(app: Flask) -> None:
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


def test_every_column_has_room_for_the_longest_values(app: Flask) -> None:
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
    with app.app_context():
        newest = ledger.latest(db.session.get_one(Customer, customer_id))
        return {row.consent_id: row.granted for row in newest}


ERASED = "customer_id = NULL, subject = NULL, evidence = NULL, pseudonym = 'p', keep_until = :until"
LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def row(either_app: Flask) -> int:
    return add_answer(either_app, add_customer(either_app), subject="the-subject")


def run(app: Flask, statement: str, **values: object) -> int:
    with app.app_context(), db.engine.begin() as connection:
        return connection.execute(text(statement), values).rowcount


def refused(app: Flask, statement: str, **values: object) -> None:
    """Check that the database refuses a statement and that the ledger is unchanged."""
    before = [vars(each) | {"_sa_instance_state": None} for each in ledger_of(app)]
    with pytest.raises(DBAPIError, match="append-only"):
        run(app, statement, **values)
    assert [vars(each) | {"_sa_instance_state": None} for each in ledger_of(app)] == before


def on_this(app: Flask, until: datetime) -> object:
    """Return a time in the form in which this database stores it, for raw SQL."""
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


def test_a_row_accepts_only_the_update_of_an_erasure_and_only_once(either_app: Flask, row: int) -> None:
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


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(days=365), timedelta(seconds=-2)])
def test_an_anonymous_proof_stays_until_its_day(either_app: Flask, row: int, ahead: timedelta) -> None:
    until = on_this(either_app, utcnow() + ahead)
    run(either_app, f"UPDATE consent_record SET {ERASED} WHERE id = :id", id=row, until=until)
    if ahead > timedelta():
        refused(either_app, "DELETE FROM consent_record WHERE id = :id", id=row)
    else:
        assert run(either_app, "DELETE FROM consent_record WHERE id = :id", id=row) == 1


def test_a_customer_with_proofs_cannot_be_deleted_over_them(either_app: Flask, row: int) -> None:
    (record,) = ledger_of(either_app)
    with pytest.raises(DBAPIError):
        run(either_app, "DELETE FROM customer WHERE id = :id", id=record.customer_id)
    assert len(ledger_of(either_app)) == 1


def add_reachable(app: Flask, email: str = "a@example.com", number: str = "") -> int:
    customer_id = add_customer(app, email, vipps=True)
    set_values(app, customer_id, phone_number=number or f"47900000{98 + customer_id}", phone_verified_at=utcnow())
    return customer_id


def reached(app: Flask, consent_id: str = "email", **paging: int | None) -> list[Recipient]:
    with app.app_context():
        return list(audience(consent_id, **paging))


def test_a_recipient_comes_with_the_proof(either_app: Flask) -> None:
    customer_id = add_reachable(either_app)
    add_answer(either_app, customer_id, "email", True, at=GIVEN)
    (row,) = ledger_of(either_app)
    expected = Recipient(customer_id, "Tuva Lien", "a@example.com", row.id, row.object_hash, GIVEN)
    assert reached(either_app) == [expected]


@pytest.mark.parametrize(
    ("consent_id", "address"),
    [("email", "a@example.com"), ("sms", "4790000099"), ("digital", "a@example.com"), ("personal", "a@example.com")],
)
def test_each_channel_has_its_own_address_and_its_own_yes(app: Flask, consent_id: str, address: str) -> None:
    customer_id = add_reachable(app)
    add_answer(app, customer_id, consent_id, True)
    for each in ("email", "sms", "digital", "personal"):
        assert [r.address for r in reached(app, each)] == ([address] if each == consent_id else [])


def test_the_latest_answer_decides_not_the_last_received(either_app: Flask) -> None:
    on, off = add_reachable(either_app), add_reachable(either_app, "b@example.com")
    for customer_id, granted in ((on, True), (off, False)):
        add_answer(either_app, customer_id, "email", granted, at=GIVEN)
        add_answer(either_app, customer_id, "email", not granted, at=GIVEN - timedelta(days=1))
    assert [r.customer_id for r in reached(either_app)] == [on]
    for customer_id, granted in ((on, False), (off, True)):  # of two answers with the same time, the later row counts
        add_answer(either_app, customer_id, "email", granted, at=GIVEN)
    assert [r.customer_id for r in reached(either_app)] == [off]
    with either_app.app_context():
        answer = ledger.latest_to(db.session.get_one(Customer, off), "email")
    assert reached(either_app)[0].record_id == answer.id


@pytest.mark.parametrize(
    ("consent_id", "lost"),
    [
        ("email", {"blocked_at": GIVEN}), ("email", {"email": None}), ("email", {"email_verified_at": None}),
        ("sms", {"phone_number": None}), ("sms", {"phone_verified_at": None}),
    ],
)  # fmt: skip
def test_a_customer_who_cannot_be_reached_is_left_out(app: Flask, consent_id: str, lost: dict[str, object]) -> None:
    customer_id = add_reachable(app)
    add_answer(app, customer_id, consent_id, True)
    assert len(reached(app, consent_id)) == 1
    set_values(app, customer_id, **lost)
    assert reached(app, consent_id) == []


def test_a_yes_from_vipps_is_suspended_while_sharing_is_revoked(either_app: Flask) -> None:
    customer_id = add_reachable(either_app)
    add_answer(either_app, customer_id, "email", True, subject=subject_of(either_app, customer_id))
    revoked(either_app, customer_id, GIVEN)
    assert reached(either_app) == []
    revoked(either_app, customer_id, None)
    assert len(reached(either_app)) == 1


@pytest.mark.parametrize("given_here", [True, False])
def test_a_yes_that_is_not_of_this_vipps_user_is_not_suspended(app: Flask, given_here: bool) -> None:
    customer_id = add_reachable(app)
    how = (
        {"source": "my_page", "subject": subject_of(app, customer_id)} if given_here else {"subject": "an earlier one"}
    )
    add_answer(app, customer_id, "email", True, **how)
    revoked(app, customer_id, GIVEN)
    assert len(reached(app)) == 1
    with app.app_context():
        db.session.execute(delete(VippsLink))
        db.session.commit()
    assert len(reached(app)) == 1


def test_a_suspended_yes_becomes_a_no_when_its_link_is_disconnected(either_app: Flask) -> None:
    customer_id, browser = add_reachable(either_app), browser_of(either_app)
    subject = subject_of(either_app, customer_id)
    add_answer(either_app, customer_id, "email", True, "We would like to write.", subject=subject, at=GIVEN)
    add_answer(either_app, customer_id, "sms", True, source="my_page", subject=None)
    add_answer(either_app, customer_id, "cf_terms", True, required=True, subject=subject)
    revoked(either_app, customer_id, GIVEN)
    log_in(browser, "a@example.com")
    assert post(browser, "/account/vipps/unlink", form_on="/account").headers["Location"] == "/account"
    with either_app.app_context():
        gone = select(VippsLink).where(VippsLink.customer_id == customer_id)
        assert db.session.scalars(gone).all() == [], "the deleted account's link is deleted too"
    assert reached(either_app) == []
    assert len(reached(either_app, "sms")) == 1, "a yes that was given here is never suspended"
    (row,) = ledger_of(either_app, customer_id)[3:]
    assert (row.consent_id, row.granted, row.source, row.text) == ("email", False, "my_page", "We would like to write.")
    assert row.effective_at > GIVEN


def test_a_yes_that_is_not_suspended_outlives_its_link(app: Flask) -> None:
    customer_id, browser = add_reachable(app), browser_of(app)
    add_answer(app, customer_id, "email", True, subject=subject_of(app, customer_id))
    log_in(browser, "a@example.com")
    post(browser, "/account/vipps/unlink", form_on="/account")
    assert len(reached(app)) == 1
    assert len(ledger_of(app, customer_id)) == 1


def test_a_suspended_yes_becomes_a_no_when_its_account_is_taken_over(app: Flask) -> None:
    customer_id = add_reachable(app)
    add_answer(app, customer_id, "email", True, subject=subject_of(app, customer_id))
    revoked(app, customer_id, GIVEN)
    with app.test_request_context():
        account_links.take_over(db.session.get_one(Customer, customer_id), parse({"sub": "the owner"}))
        db.session.commit()
    assert reached(app) == []


def test_an_answer_without_a_channel_is_not_used(app: Flask) -> None:
    add_answer(app, add_reachable(app), "cf_newsletter", True)
    assert reached(app, "cf_newsletter") == []


def test_pages_of_the_audience_have_no_gap(app: Flask) -> None:
    ids = []
    for n in range(5):
        ids.append(add_reachable(app, f"{n}@example.com"))
        add_answer(app, ids[-1], "email", n != 2)
    seen: list[int] = []
    after = 0
    for expected in (2, 2, 0):
        found = reached(app, after_id=after, limit=2)
        assert len(found) == expected
        seen += [each.customer_id for each in found]
        after = seen[-1]
    assert seen == [ids[0], ids[1], ids[3], ids[4]]
    assert [each.customer_id for each in reached(app, limit=None)] == seen


def test_the_audience_is_one_statement(app: Flask) -> None:
    add_answer(app, add_reachable(app), "email", True)
    with statements(app) as seen:
        assert len(reached(app)) == 1
    assert len([each for each in seen if "SELECT" in each]) == 1
