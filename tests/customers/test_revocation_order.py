"""Events before, after and in the middle of logins: the later of the two holds, by Vipps' own clock."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.customers.linking import account_links, revocation
from app.customers.models import Customer, VippsLink, VippsProfile
from app.customers.passwords import hashing
from app.database import db, utcnow
from tests.conftest import browser_of, post
from tests.customers.linking_steps import EMAIL as GUNNARS_EMAIL
from tests.customers.linking_steps import PERSON, add_account, has_email, send_proof
from tests.customers.revocation_steps import (
    MINUTE,
    everything,
    link_of,
    now,
    outcomes,
    revoke,
    send,
    sending,
    settle,
    subject_of,
)
from tests.customers.steps import PASSWORD, activity_of, add_customer, is_logged_in, log_in, mails
from tests.threads import at_once
from tests.vipps.events import event
from tests.vipps_person import VippsPerson, led_on


def test_an_event_from_before_the_latest_login_changes_nothing(vipps: VippsPerson) -> None:
    vipps.log_in(PERSON)
    customer_id, subject = subject_of(vipps)
    shared_at = link_of(vipps.app, customer_id).shared_at
    assert shared_at is not None
    assert abs(utcnow() - shared_at) < MINUTE
    before, lines = everything(vipps.app), activity_of(vipps.app, customer_id)
    revoke(vipps.app, shared_at - timedelta(seconds=1), subject)
    assert outcomes(vipps.app) == [("older_than_login", 1)]
    assert (everything(vipps.app), activity_of(vipps.app, customer_id)) == (before, lines)
    assert is_logged_in(vipps.browser)


def test_a_forged_event_is_undone_by_the_next_login(vipps: VippsPerson) -> None:
    has_email(vipps)
    vipps.log_in(PERSON)
    customer_id, subject = subject_of(vipps)
    before = everything(vipps.app, VippsLink, VippsProfile)
    revoke(vipps.app, now(), subject)
    assert not is_logged_in(vipps.browser)
    assert link_of(vipps.app, customer_id).sharing_revoked_at
    assert vipps.log_in(PERSON).status_code == 303
    assert is_logged_in(vipps.browser)
    link = link_of(vipps.app, customer_id)
    assert (link.sharing_revoked_at, link.customer_id) == (None, customer_id)
    assert everything(vipps.app, VippsLink, VippsProfile) == before
    assert len(mails(vipps.app, "sharing_revoked", GUNNARS_EMAIL)) == 1


def test_after_the_next_login_the_same_event_changes_nothing_and_a_new_one_counts(vipps: VippsPerson) -> None:
    vipps.log_in(PERSON)
    customer_id, subject = subject_of(vipps)
    body = revoke(vipps.app, now(), subject)
    vipps.log_in(PERSON)
    send(vipps.app, body)
    assert outcomes(vipps.app) == [("revoked", 2)]
    assert link_of(vipps.app, customer_id).sharing_revoked_at is None
    assert is_logged_in(vipps.browser)
    revoke(vipps.app, now(), subject, jti="another")
    assert outcomes(vipps.app) == [("revoked", 2), ("revoked", 1)]
    assert link_of(vipps.app, customer_id).sharing_revoked_at


def test_of_two_events_the_later_is_when_the_sharing_ended_whatever_their_order(app: Flask) -> None:
    customer_id, at = add_customer(app, vipps=True), now()
    second = timedelta(seconds=1)
    for moment in (at, at + second, at - second):
        revoke(app, moment)
    assert link_of(app, customer_id).sharing_revoked_at == at + second
    assert outcomes(app) == [("revoked", 1), ("revoked_before", 1), ("revoked_before", 1)]


@pytest.mark.parametrize("path", ["/account/vipps/refresh", "/account/confirm/vipps"])
def test_whatever_login_it_is_they_share_again(vipps: VippsPerson, path: str) -> None:
    has_email(vipps)
    vipps.patch(f"merchants/{vipps.app.extensions['settings'].client_id}", {"plan": "advanced"})
    vipps.log_in(PERSON)
    customer_id, subject = subject_of(vipps)
    with vipps.app.app_context():
        db.session.get_one(Customer, customer_id).password_hash = hashing.make_hash(PASSWORD)
        db.session.commit()
    revoke(vipps.app, now(), subject)
    log_in(vipps.browser, GUNNARS_EMAIL)
    response = post(vipps.browser, path, form_on="/account")
    assert vipps.browser.get(vipps.approve(led_on(vipps.browser, response), PERSON)).status_code == 303
    assert link_of(vipps.app, customer_id).sharing_revoked_at is None


def test_a_login_from_before_the_event_that_ends_after_it_does_not_share_again(either_app: Flask) -> None:
    customer_id, at = add_customer(either_app, vipps=True), now()
    revoke(either_app, at)
    settle(either_app, at - timedelta(seconds=1), name="Too Late")
    link = link_of(either_app, customer_id)
    assert (link.sharing_revoked_at, link.shared_at) == (at, None)
    with either_app.app_context():
        assert db.session.scalars(select(VippsProfile.name).where(VippsProfile.link_id == link.id)).all() == []
    settle(either_app, at, name="In Time")
    link = link_of(either_app, customer_id)
    assert (link.sharing_revoked_at, link.shared_at) == (None, at)


def test_of_two_logins_the_later_is_the_latest_whatever_their_order(app: Flask) -> None:
    customer_id, at = add_customer(app, vipps=True), now()
    settle(app, at)
    settle(app, at - MINUTE)
    assert link_of(app, customer_id).shared_at == at


def test_the_times_of_a_login_are_vipps_own(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    validate = vipps.app.extensions["vipps"].client.validate
    seen: list[datetime] = []

    def watched(*args: Any) -> Any:
        token = validate(*args)
        seen.append(token.issued_at)
        return token

    monkeypatch.setattr(vipps.app.extensions["vipps"].client, "validate", watched)
    vipps.log_in(PERSON)
    assert link_of(vipps.app, subject_of(vipps)[0]).shared_at == seen[0]
    assert seen[0].tzinfo is UTC


def test_a_login_that_waited_for_proof_shares_since_it_began_to_wait(vipps: VippsPerson) -> None:
    has_email(vipps)
    account = add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    assert send_proof(vipps.browser, password=PASSWORD).status_code == 303
    shared_at = link_of(vipps.app, account).shared_at
    assert shared_at is not None
    assert utcnow() - MINUTE < shared_at <= utcnow()


def test_an_event_waits_for_the_login_that_it_crosses(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is newer than the login; whichever commits first, the mark stands in the end."""
    customer_id, at = add_customer(either_app, vipps=True), now()
    event_sent = threading.Thread(target=lambda: revoke(either_app, at + timedelta(seconds=5)))
    keep = account_links.record_vipps_data

    def meanwhile(*args: Any) -> Any:
        event_sent.start()
        event_sent.join(0.5)
        assert event_sent.is_alive(), "the event has to wait for the customer"
        return keep(*args)

    monkeypatch.setattr(account_links, "record_vipps_data", meanwhile)
    settle(either_app, at)
    event_sent.join()
    link = link_of(either_app, customer_id)
    assert (link.shared_at, link.sharing_revoked_at) == (at, at + timedelta(seconds=5))


def test_a_login_waits_for_the_event_that_it_crosses(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login is newer than the event; it must see the mark in order to take it away."""
    customer_id, at = add_customer(either_app, vipps=True), now()
    login = threading.Thread(target=lambda: settle(either_app, at))
    rest = revocation.withdraw_proposals

    def meanwhile(customer: Customer) -> None:
        rest(customer)
        db.session.flush()
        login.start()
        login.join(0.5)
        assert login.is_alive(), "the login has to wait for the customer"

    monkeypatch.setattr(revocation, "withdraw_proposals", meanwhile)
    revoke(either_app, at - timedelta(seconds=5))
    login.join()
    assert outcomes(either_app) == [("revoked", 1)]
    link = link_of(either_app, customer_id)
    assert (link.shared_at, link.sharing_revoked_at) == (at, None)


def test_logins_and_events_at_once_all_come_to_an_end(either_vipps: VippsPerson) -> None:
    either_vipps.log_in(PERSON)
    customer_id, subject = subject_of(either_vipps)
    browsers = [browser_of(either_vipps.app) for _ in range(4)]
    callbacks = [either_vipps.approve(either_vipps.start(browser=browser), PERSON) for browser in browsers]
    events = [event(now(), sub=subject, jti=str(number)) for number in range(4)]
    logins = [lambda b=b, c=c: b.get(c).status_code for b, c in zip(browsers, callbacks, strict=True)]  # type: ignore[misc]
    results = at_once(*logins, *sending(either_vipps.app, events))
    assert results[:4] == [303] * 4
    either_vipps.log_in(PERSON)
    assert link_of(either_vipps.app, customer_id).sharing_revoked_at is None
