"""The audience: exactly those who said yes, last, and can be reached; on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from app.customers.consents import ledger
from app.customers.consents.audience import Recipient, audience
from app.customers.linking import account_links
from app.customers.models import Customer, VippsLink
from app.database import db, utcnow
from app.vipps.claims import parse
from tests.conftest import browser_of, post
from tests.customers.consents.steps import ledger_of, revoked, subject_of
from tests.customers.steps import add_answer, add_customer, log_in, statements

GIVEN = datetime(2026, 10, 14, 9, 31, 5, tzinfo=UTC)


def add_reachable(app: Flask, email: str = "a@example.com", number: str = "") -> int:
    customer_id = add_customer(app, email, vipps=True)
    change(app, customer_id, phone_number=number or f"47900000{98 + customer_id}", phone_verified_at=utcnow())
    return customer_id


def change(app: Flask, customer_id: int, **values: object) -> None:
    with app.app_context():
        db.session.execute(update(Customer).where(Customer.id == customer_id).values(**values))
        db.session.commit()


def reached(app: Flask, consent_id: str = "email", **paging: int | None) -> list[Recipient]:
    with app.app_context():
        return list(audience(consent_id, **paging))  # type: ignore[arg-type]  # each test names a paging argument with its own type


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


def test_the_latest_answer_decides_and_not_the_one_that_came_last(either_app: Flask) -> None:
    on, off = add_reachable(either_app), add_reachable(either_app, "b@example.com")
    for customer_id, granted in ((on, True), (off, False)):
        add_answer(either_app, customer_id, "email", granted, at=GIVEN)
        add_answer(either_app, customer_id, "email", not granted, at=GIVEN - timedelta(days=1))
    assert [r.customer_id for r in reached(either_app)] == [on]
    for customer_id, granted in ((on, False), (off, True)):  # at the same moment, the later row
        add_answer(either_app, customer_id, "email", granted, at=GIVEN)
    assert [r.customer_id for r in reached(either_app)] == [off]
    with either_app.app_context():
        answer = ledger.latest_to(db.session.get_one(Customer, off), "email")
    assert answer is not None
    assert reached(either_app)[0].record_id == answer.id


@pytest.mark.parametrize(
    ("consent_id", "lost"),
    [
        ("email", {"blocked_at": GIVEN}), ("email", {"email": None}), ("email", {"email_verified_at": None}),
        ("sms", {"phone_number": None}), ("sms", {"phone_verified_at": None}),
    ],
)  # fmt: skip
def test_who_cannot_be_reached_is_not_there(app: Flask, consent_id: str, lost: dict[str, object]) -> None:
    customer_id = add_reachable(app)
    add_answer(app, customer_id, consent_id, True)
    assert len(reached(app, consent_id)) == 1
    change(app, customer_id, **lost)
    assert reached(app, consent_id) == []


def test_a_yes_from_vipps_rests_while_sharing_is_revoked(either_app: Flask) -> None:
    customer_id = add_reachable(either_app)
    add_answer(either_app, customer_id, "email", True, subject=subject_of(either_app, customer_id))
    revoked(either_app, customer_id, GIVEN)
    assert reached(either_app) == []
    revoked(either_app, customer_id, None)
    assert len(reached(either_app)) == 1


def test_a_yes_that_was_given_here_does_not_rest(app: Flask) -> None:
    customer_id = add_reachable(app)
    add_answer(app, customer_id, "email", True, source="my_page", subject=subject_of(app, customer_id))
    revoked(app, customer_id, GIVEN)
    assert len(reached(app)) == 1


def test_a_yes_from_another_vipps_user_of_the_customer_does_not_rest(app: Flask) -> None:
    customer_id = add_reachable(app)
    add_answer(app, customer_id, "email", True, subject="an earlier one")
    revoked(app, customer_id, GIVEN)
    assert len(reached(app)) == 1
    with app.app_context():
        db.session.execute(delete(VippsLink))
        db.session.commit()
    assert len(reached(app)) == 1


def test_a_yes_that_rests_is_a_no_when_its_link_is_disconnected(either_app: Flask) -> None:
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
        assert db.session.scalars(gone).all() == [], "and the mark with it"
    assert reached(either_app) == []
    assert len(reached(either_app, "sms")) == 1, "a yes that was given here never rested"
    (row,) = ledger_of(either_app, customer_id)[3:]
    assert (row.consent_id, row.granted, row.source, row.text) == ("email", False, "my_page", "We would like to write.")
    assert row.effective_at > GIVEN


def test_a_yes_that_does_not_rest_outlives_its_link(app: Flask) -> None:
    customer_id, browser = add_reachable(app), browser_of(app)
    add_answer(app, customer_id, "email", True, subject=subject_of(app, customer_id))
    log_in(browser, "a@example.com")
    post(browser, "/account/vipps/unlink", form_on="/account")
    assert len(reached(app)) == 1
    assert len(ledger_of(app, customer_id)) == 1


def test_a_yes_that_rests_is_a_no_when_its_account_is_taken_over(app: Flask) -> None:
    customer_id = add_reachable(app)
    add_answer(app, customer_id, "email", True, subject=subject_of(app, customer_id))
    revoked(app, customer_id, GIVEN)
    with app.test_request_context():
        account_links.take_over(db.session.get_one(Customer, customer_id), parse({"sub": "the owner"}))
        db.session.commit()
    assert reached(app) == []


def test_what_is_no_channel_of_ours_is_used_for_nothing(app: Flask) -> None:
    add_answer(app, add_reachable(app), "cf_newsletter", True)
    assert reached(app, "cf_newsletter") == []


def test_pages_follow_each_other_without_a_gap(app: Flask) -> None:
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


def test_it_is_one_statement(app: Flask) -> None:
    add_answer(app, add_reachable(app), "email", True)
    with statements(app) as seen:
        assert len(reached(app)) == 1
    assert len([each for each in seen if "SELECT" in each]) == 1
