"""Events that come twice, ten at a time, in the middle of a failure or too early: one effect each."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.customers.linking import revocation
from app.customers.models import WebhookDelivery
from app.database import db
from app.vipps import webhook
from tests.conftest import browser_of
from tests.customers.revocation_steps import MINUTE, SUBJECT, link_of, now, outcomes, revoke, send, sending
from tests.customers.steps import activity_of, add_customer, enter, mails, open_sessions
from tests.threads import at_once
from tests.vipps.events import event


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Move the clock of the webhook on."""

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Later":
            return super().now(tz) + by

    monkeypatch.setattr(webhook, "datetime", Later)


def test_ten_equal_deliveries_at_once_have_one_effect(either_app: Flask) -> None:
    customer_id = add_customer(either_app, vipps=True)
    at_once(*sending(either_app, [event(now(), sub=SUBJECT)] * 10))
    assert outcomes(either_app) == [("revoked", 10)]
    assert activity_of(either_app, customer_id) == [("sharing_revoked", "vipps")]
    assert len(mails(either_app)) == 1


def test_ten_different_deliveries_at_once_have_one_effect(either_app: Flask) -> None:
    customer_id, at = add_customer(either_app, vipps=True), now()
    at_once(*sending(either_app, [event(at - timedelta(seconds=number), sub=SUBJECT) for number in range(10)]))
    assert sorted(outcomes(either_app)) == [("revoked", 1), *[("revoked_before", 1)] * 9]
    assert link_of(either_app, customer_id).sharing_revoked_at == at, "the latest counts"
    assert activity_of(either_app, customer_id) == [("sharing_revoked", "vipps")]
    assert len(mails(either_app)) == 1


def test_malformed_deliveries_are_stored_by_what_is_wrong_and_counted(either_app: Flask) -> None:
    at_once(*[lambda: send(either_app, b"nonsense", 400)] * 4)
    assert outcomes(either_app) == [("not_two_or_three_segments", 4)]
    with either_app.app_context():
        row = db.session.scalars(select(WebhookDelivery)).one()
        assert (row.event_at, row.subject_hash, row.customer_id) == (None, None, None)


def test_what_was_stored_but_not_answered_is_harmless(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    customer_id, body = add_customer(app, vipps=True), event(now(), sub=SUBJECT)
    with monkeypatch.context() as killed:

        def die(*args: Any) -> None:
            raise ConnectionAbortedError

        killed.setattr(webhook, "answer", die)
        send(app, body, 500)
    send(app, body)
    assert outcomes(app) == [("revoked", 2)]
    assert activity_of(app, customer_id) == [("sharing_revoked", "vipps")]
    assert len(mails(app)) == 1


@pytest.mark.parametrize(
    "breaks", ["withdraw_proposals", "emails.send", "session_store.end_all", "account_activity.record"]
)
def test_a_failure_in_the_middle_leaves_nothing_and_the_next_delivery_works(
    either_app: Flask, monkeypatch: pytest.MonkeyPatch, breaks: str
) -> None:
    customer_id, body = add_customer(either_app, vipps=True), event(now(), sub=SUBJECT)
    enter(either_app, browser_of(either_app), customer_id)
    lines = activity_of(either_app, customer_id)
    with monkeypatch.context() as broken:

        def fail(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("UPDATE", {}, Exception("disk full"))

        broken.setattr(f"app.customers.linking.revocation.{breaks}", fail)
        send(either_app, body, 503)
    assert outcomes(either_app) == []
    assert link_of(either_app, customer_id).sharing_revoked_at is None
    assert open_sessions(either_app, customer_id) == 1
    assert (activity_of(either_app, customer_id), mails(either_app)) == (lines, [])
    send(either_app, body)
    assert outcomes(either_app) == [("revoked", 1)]


def test_a_body_that_was_understood_is_understood_for_ever(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that heard no answer asks again, maybe when the event has expired."""
    add_customer(app, vipps=True)
    body = revoke(app)

    later(monkeypatch, timedelta(days=7))
    send(app, body)
    assert outcomes(app) == [("revoked", 2)]
    send(app, event(now()), 400)
    assert outcomes(app)[-1] == ("expired", 1)


def test_a_body_that_came_too_early_is_done_when_it_comes_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    customer_id, at = add_customer(app, vipps=True), now() + 3 * MINUTE
    body = event(at, sub=SUBJECT)
    send(app, body, 400)
    assert outcomes(app) == [("not_yet_valid", 1)]

    later(monkeypatch, 3 * MINUTE)
    send(app, body)
    assert outcomes(app) == [("revoked", 2)]
    assert link_of(app, customer_id).sharing_revoked_at == at


def test_only_so_many_rows_are_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "MAX_DELIVERIES", 3)
    for number in range(6):
        revoke(app, subject=f"unknown {number}")
    assert len(outcomes(app)) == 3
