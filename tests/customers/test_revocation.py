"""A person revokes the sharing: the effect of the event, its order with logins, repeats, and the pages."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import OperationalError

from app.customers.linking import account_links, revocation
from app.customers.models import (
    Activity,
    Customer,
    CustomerSession,
    ProfileChange,
    VippsLink,
    VippsProfile,
    WebhookDelivery,
)
from app.customers.privacy.erasure import erase
from app.customers.profile.from_vipps import addresses_in, delivery_addresses, vipps_profile_of
from app.customers.sessions.session_store import ABSOLUTE_LIMIT, IDLE_LIMIT
from app.database import db, utcnow
from app.vipps import webhook
from tests.conftest import browser_of, open_page, post
from tests.customers import revocation_steps as sharing
from tests.customers import steps
from tests.customers.linking_steps import EMAIL as GUNNARS_EMAIL
from tests.customers.linking_steps import PERSON, add_account, has_email, send_proof
from tests.customers.revocation_steps import MINUTE, SUBJECT
from tests.customers.steps import PASSWORD
from tests.shop.steps import checkout_page, put_into_cart
from tests.shop.test_vipps_checkout import filled_in, offered
from tests.threads import at_once
from tests.vipps.events import event
from tests.vipps_person import VippsPerson, led_on


def test_an_event_marks_the_link_ends_vipps_sessions_and_tells_the_customer(either_app: Flask) -> None:
    customer_id = steps.add_customer(either_app, vipps=True)
    by_vipps, by_password = browser_of(either_app), browser_of(either_app)
    steps.enter(either_app, by_vipps, customer_id)
    steps.log_in_by_form(by_password)
    sharing.proposal(either_app, customer_id)
    at = sharing.now()
    sharing.revoke(either_app, at)
    assert sharing.outcomes(either_app) == [("revoked", 1)]
    assert sharing.link_of(either_app, customer_id).sharing_revoked_at == at
    assert (steps.is_logged_in(by_vipps), steps.is_logged_in(by_password)) == (False, True)
    assert steps.activity_of(either_app, customer_id)[-1] == ("sharing_revoked", "vipps")
    assert [mail.kind for mail in steps.mails(either_app)] == ["sharing_revoked"]
    with either_app.app_context():
        ended = db.session.scalars(select(CustomerSession.ended_reason).where(CustomerSession.method == "vipps")).all()
        row = db.session.scalars(select(WebhookDelivery)).one()
        assert ended == ["sharing_revoked"]
        assert db.session.scalars(select(ProfileChange.state)).all() == ["noted"], "the proposal is withdrawn"
        assert (row.customer_id, row.event_at) == (customer_id, at)
        assert row.subject_hash == revocation.secret_hash(SUBJECT)
        line = db.session.scalars(select(Activity).where(Activity.kind == "sharing_revoked")).one()
        assert line.reference == row.reference
        assert line.user_agent == "", "the entry must not have a browser: Vipps sent the event"


def test_an_event_deletes_and_changes_no_customer_data(app: Flask) -> None:
    customer_id = steps.add_customer(app, vipps=True)
    sharing.told(app, customer_id)
    steps.add_answer(app, customer_id, subject=SUBJECT)
    before = sharing.everything(app, VippsLink)
    sharing.revoke(app)
    assert sharing.everything(app, VippsLink) == before


def test_an_event_affects_only_the_vipps_user_of_this_sales_unit(app: Flask) -> None:
    other, customer_id = steps.add_customer(app, "other@example.com", vipps=True), steps.add_customer(app, vipps=True)
    with app.app_context():
        settings = app.extensions["settings"]
        db.session.execute(
            update(VippsLink).where(VippsLink.customer_id == other).values(subject=SUBJECT, client_id="0")
        )
        db.session.add(
            VippsLink(customer_id=other, issuer="https://other/", client_id=settings.client_id, subject=SUBJECT)
        )
        db.session.commit()
    sharing.revoke(app)
    with app.app_context():
        marked = select(VippsLink.customer_id).where(VippsLink.sharing_revoked_at.is_not(None))
        assert db.session.scalars(marked).all() == [customer_id]


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_the_email_explains_the_effect_and_the_next_steps(app: Flask, password: str | None) -> None:
    steps.add_customer(app, password=password, vipps=True)
    sharing.revoke(app)
    (mail,) = steps.mails(app)
    pages = ["/login\n", "/account/consents", "/account/delete"]
    for words in ("no longer share", "still here", "log in with Vipps again", *pages):
        assert words in mail.body
    assert ("/password/forgot" in mail.body) == (password is None)
    assert ("with your password" in mail.body) == (password is not None)


def test_an_event_about_a_deleted_customer_names_no_customer(app: Flask) -> None:
    customer_id = steps.add_customer(app, vipps=True)
    with app.test_request_context():
        erase(db.session.get_one(Customer, customer_id))
        db.session.commit()
    sharing.revoke(app)
    assert sharing.outcomes(app) == [("unknown_subject", 1)]
    with app.app_context():
        row = db.session.scalars(select(WebhookDelivery)).one()
        assert (row.subject_hash, row.customer_id) == (None, None)
        assert db.session.scalars(select(Customer)).all() == []


@pytest.mark.postgresql
def test_an_account_that_is_deleted_meanwhile_is_unknown(make_app: Callable[..., Flask], postgresql: str) -> None:
    """On SQLite no other connection can delete the account meanwhile: a writer locks the database."""
    app = make_app(DATABASE_URL=postgresql)
    steps.add_customer(app, vipps=True)
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with app.app_context(), db.engine.connect() as other, ThreadPoolExecutor() as threads:
        other.execute(delete(Customer))
        revoked = threads.submit(sharing.revoke, app)
        while not other.scalar(waiting):
            assert not revoked.done(), "the event did not wait"
        other.commit()
        revoked.result()
    assert sharing.outcomes(app) == [("unknown_subject", 1)]


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Later":
            return super().now(tz) + by

    monkeypatch.setattr(webhook, "datetime", Later)


@pytest.mark.parametrize("equal", [True, False])
def test_ten_deliveries_at_once_have_one_effect(either_app: Flask, equal: bool) -> None:
    customer_id, at = steps.add_customer(either_app, vipps=True), sharing.now()
    events = [event(at if equal else at - timedelta(seconds=number), sub=SUBJECT) for number in range(10)]
    at_once(*sharing.sending(either_app, events))
    expected = [("revoked", 10)] if equal else [("revoked", 1), *[("revoked_before", 1)] * 9]
    assert sorted(sharing.outcomes(either_app)) == expected
    assert sharing.link_of(either_app, customer_id).sharing_revoked_at == at, "the latest event counts"
    assert steps.activity_of(either_app, customer_id) == [("sharing_revoked", "vipps")]
    assert len(steps.mails(either_app)) == 1


def test_malformed_deliveries_are_stored_by_their_mistake_and_counted(either_app: Flask) -> None:
    at_once(*[lambda: sharing.send(either_app, b"nonsense", 400)] * 4)
    assert sharing.outcomes(either_app) == [("not_two_or_three_segments", 4)]
    with either_app.app_context():
        row = db.session.scalars(select(WebhookDelivery)).one()
        assert (row.event_at, row.subject_hash, row.customer_id) == (None, None, None)


def test_a_stored_delivery_without_a_response_can_be_repeated(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    customer_id, body = steps.add_customer(app, vipps=True), event(sharing.now(), sub=SUBJECT)
    with monkeypatch.context() as killed:

        def die(*args: Any) -> None:
            raise ConnectionAbortedError

        killed.setattr(webhook, "answer", die)
        sharing.send(app, body, 500)
    sharing.send(app, body)
    assert sharing.outcomes(app) == [("revoked", 2)]
    assert steps.activity_of(app, customer_id) == [("sharing_revoked", "vipps")]
    assert len(steps.mails(app)) == 1


@pytest.mark.parametrize(
    "breaks", ["withdraw_proposals", "account_emails.send", "session_store.end_all", "account_activity.record"]
)
def test_a_failure_changes_nothing_and_the_next_delivery_works(
    either_app: Flask, monkeypatch: Any, breaks: str
) -> None:
    customer_id, body = steps.add_customer(either_app, vipps=True), event(sharing.now(), sub=SUBJECT)
    steps.enter(either_app, browser_of(either_app), customer_id)
    lines = steps.activity_of(either_app, customer_id)
    with monkeypatch.context() as broken:

        def fail(*args: Any, **kwargs: Any) -> None:
            raise OperationalError("UPDATE", {}, Exception("disk full"))

        broken.setattr(f"app.customers.linking.revocation.{breaks}", fail)
        sharing.send(either_app, body, 503)
    assert sharing.outcomes(either_app) == []
    assert sharing.link_of(either_app, customer_id).sharing_revoked_at is None
    assert steps.open_sessions(either_app, customer_id) == 1
    assert (steps.activity_of(either_app, customer_id), steps.mails(either_app)) == (lines, [])
    sharing.send(either_app, body)
    assert sharing.outcomes(either_app) == [("revoked", 1)]


def test_a_repeated_body_is_accepted_however_late(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender without a response retries, perhaps after the event has expired."""
    steps.add_customer(app, vipps=True)
    body = sharing.revoke(app)

    later(monkeypatch, timedelta(days=7))
    sharing.send(app, body)
    assert sharing.outcomes(app) == [("revoked", 2)]
    sharing.send(app, event(sharing.now()), 400)
    assert sharing.outcomes(app)[-1] == ("expired", 1)


def test_a_body_that_came_too_early_is_processed_when_repeated(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    customer_id, at = steps.add_customer(app, vipps=True), sharing.now() + 3 * MINUTE
    body = event(at, sub=SUBJECT)
    sharing.send(app, body, 400)
    assert sharing.outcomes(app) == [("not_yet_valid", 1)]

    later(monkeypatch, 3 * MINUTE)
    sharing.send(app, body)
    assert sharing.outcomes(app) == [("revoked", 2)]
    assert sharing.link_of(app, customer_id).sharing_revoked_at == at


def test_a_limited_number_of_rows_is_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation, "MAX_DELIVERIES", 3)
    for number in range(6):
        sharing.revoke(app, subject=f"unknown {number}")
    assert len(sharing.outcomes(app)) == 3


def test_an_event_from_before_the_latest_login_changes_nothing(vipps: VippsPerson) -> None:
    vipps.log_in(PERSON)
    customer_id, subject = sharing.subject_of(vipps)
    shared_at = sharing.link_of(vipps.app, customer_id).shared_at
    assert shared_at is not None
    assert abs(utcnow() - shared_at) < MINUTE
    before, lines = sharing.everything(vipps.app), steps.activity_of(vipps.app, customer_id)
    sharing.revoke(vipps.app, shared_at - timedelta(seconds=1), subject)
    assert sharing.outcomes(vipps.app) == [("older_than_login", 1)]
    assert (sharing.everything(vipps.app), steps.activity_of(vipps.app, customer_id)) == (before, lines)
    assert steps.is_logged_in(vipps.browser)


def test_a_forged_event_is_undone_by_the_next_login_and_a_new_one_counts(vipps: VippsPerson) -> None:
    has_email(vipps)
    vipps.log_in(PERSON)
    customer_id, subject = sharing.subject_of(vipps)
    before = sharing.everything(vipps.app, VippsLink, VippsProfile)
    body = sharing.revoke(vipps.app, sharing.now(), subject)
    assert not steps.is_logged_in(vipps.browser)
    assert sharing.link_of(vipps.app, customer_id).sharing_revoked_at
    assert vipps.log_in(PERSON).status_code == 303
    assert steps.is_logged_in(vipps.browser)
    link = sharing.link_of(vipps.app, customer_id)
    assert (link.sharing_revoked_at, link.customer_id) == (None, customer_id)
    assert sharing.everything(vipps.app, VippsLink, VippsProfile) == before
    assert len(steps.mails(vipps.app, "sharing_revoked", GUNNARS_EMAIL)) == 1
    sharing.send(vipps.app, body)
    assert sharing.outcomes(vipps.app) == [("revoked", 2)]
    assert sharing.link_of(vipps.app, customer_id).sharing_revoked_at is None, "the same event changes nothing"
    assert steps.is_logged_in(vipps.browser)
    sharing.revoke(vipps.app, sharing.now(), subject, jti="another")
    assert sharing.outcomes(vipps.app) == [("revoked", 2), ("revoked", 1)]
    assert sharing.link_of(vipps.app, customer_id).sharing_revoked_at


def test_the_later_of_two_events_is_the_time_of_the_revocation(app: Flask) -> None:
    customer_id, at = steps.add_customer(app, vipps=True), sharing.now()
    second = timedelta(seconds=1)
    for moment in (at, at + second, at - second):
        sharing.revoke(app, moment)
    assert sharing.link_of(app, customer_id).sharing_revoked_at == at + second
    assert sharing.outcomes(app) == [("revoked", 1), ("revoked_before", 1), ("revoked_before", 1)]


def test_a_confirmation_shares_again(vipps: VippsPerson) -> None:
    has_email(vipps)
    vipps.patch(f"merchants/{vipps.app.extensions['settings'].client_id}", {"plan": "advanced"})
    vipps.log_in(PERSON)
    customer_id, subject = sharing.subject_of(vipps)
    sharing.revoke(vipps.app, sharing.now(), subject)
    steps.log_in(vipps.browser, GUNNARS_EMAIL)
    response = post(vipps.browser, "/account/confirm/vipps", form_on="/account")
    assert vipps.browser.get(vipps.approve(led_on(vipps.browser, response), PERSON)).status_code == 303
    assert sharing.link_of(vipps.app, customer_id).sharing_revoked_at is None


def test_a_login_from_before_the_event_that_ends_after_it_does_not_share_again(either_app: Flask) -> None:
    customer_id, at = steps.add_customer(either_app, vipps=True), sharing.now()
    sharing.revoke(either_app, at)
    sharing.settle(either_app, at - timedelta(seconds=1), name="Too Late")
    link = sharing.link_of(either_app, customer_id)
    assert (link.sharing_revoked_at, link.shared_at) == (at, None)
    with either_app.app_context():
        assert db.session.scalars(select(VippsProfile.name).where(VippsProfile.link_id == link.id)).all() == []
    sharing.settle(either_app, at, name="In Time")
    link = sharing.link_of(either_app, customer_id)
    assert (link.sharing_revoked_at, link.shared_at) == (None, at)


def test_the_later_of_two_logins_counts_whatever_their_order(app: Flask) -> None:
    customer_id, at = steps.add_customer(app, vipps=True), sharing.now()
    sharing.settle(app, at)
    sharing.settle(app, at - MINUTE)
    assert sharing.link_of(app, customer_id).shared_at == at


def test_the_times_of_a_login_are_vipps_own(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    validate = vipps.app.extensions["vipps"].client.validate
    seen: list[datetime] = []

    def watched(*args: Any) -> Any:
        token = validate(*args)
        seen.append(token.issued_at)
        return token

    monkeypatch.setattr(vipps.app.extensions["vipps"].client, "validate", watched)
    vipps.log_in(PERSON)
    assert sharing.link_of(vipps.app, sharing.subject_of(vipps)[0]).shared_at == seen[0]
    assert seen[0].tzinfo is UTC


def test_a_pending_login_shares_from_the_time_of_its_login(vipps: VippsPerson) -> None:
    has_email(vipps)
    account = add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    assert send_proof(vipps.browser, password=PASSWORD).status_code == 303
    shared_at = sharing.link_of(vipps.app, account).shared_at
    assert shared_at is not None
    assert utcnow() - MINUTE < shared_at <= utcnow()


def test_an_event_waits_for_the_login_that_it_crosses(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The event is newer than the login. Whichever commits first, the sharing is revoked in the end."""
    customer_id, at = steps.add_customer(either_app, vipps=True), sharing.now()
    event_sent = threading.Thread(target=lambda: sharing.revoke(either_app, at + timedelta(seconds=5)))
    keep = account_links.record_vipps_data

    def meanwhile(*args: Any) -> Any:
        event_sent.start()
        event_sent.join(0.5)
        assert event_sent.is_alive(), "the event must wait for the customer's lock"
        return keep(*args)

    monkeypatch.setattr(account_links, "record_vipps_data", meanwhile)
    sharing.settle(either_app, at)
    event_sent.join()
    link = sharing.link_of(either_app, customer_id)
    assert (link.shared_at, link.sharing_revoked_at) == (at, at + timedelta(seconds=5))


def test_a_login_waits_for_the_event_that_it_crosses(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login is newer than the event. It must read the revocation in order to remove it."""
    customer_id, at = steps.add_customer(either_app, vipps=True), sharing.now()
    login = threading.Thread(target=lambda: sharing.settle(either_app, at))
    rest = revocation.withdraw_proposals

    def meanwhile(customer: Customer) -> None:
        rest(customer)
        db.session.flush()
        login.start()
        login.join(0.5)
        assert login.is_alive(), "the login must wait for the customer's lock"

    monkeypatch.setattr(revocation, "withdraw_proposals", meanwhile)
    sharing.revoke(either_app, at - timedelta(seconds=5))
    login.join()
    assert sharing.outcomes(either_app) == [("revoked", 1)]
    link = sharing.link_of(either_app, customer_id)
    assert (link.shared_at, link.sharing_revoked_at) == (at, None)


def test_concurrent_logins_and_events_all_finish(either_vipps: VippsPerson) -> None:
    either_vipps.log_in(PERSON)
    customer_id, subject = sharing.subject_of(either_vipps)
    browsers = [browser_of(either_vipps.app) for _ in range(4)]
    callbacks = [either_vipps.approve(either_vipps.start(browser=browser), PERSON) for browser in browsers]
    events = [event(sharing.now(), sub=subject, jti=str(number)) for number in range(4)]
    logins = [lambda b=b, c=c: b.get(c).status_code for b, c in zip(browsers, callbacks, strict=True)]
    results = at_once(*logins, *sharing.sending(either_vipps.app, events))
    assert results[:4] == [303] * 4
    either_vipps.log_in(PERSON)
    assert sharing.link_of(either_vipps.app, customer_id).sharing_revoked_at is None


def test_no_value_from_vipps_is_offered_or_filled_in(app: Flask) -> None:
    customer_id = steps.add_customer(app, vipps=True)
    sharing.told(app, customer_id)
    own = {"street": "Hytteveien 8", "postal_code": "2900", "region": "Fagernes", "country": "NO"}
    with app.app_context():
        db.session.get_one(Customer, customer_id).address = own
        db.session.commit()

    def known() -> tuple[bool, int, list[str]]:
        with app.test_request_context():
            customer = db.session.get_one(Customer, customer_id)
            profile = vipps_profile_of(customer)
            return bool(profile), len(addresses_in(profile)), [a.type for a in delivery_addresses(customer, profile)]

    assert known() == (True, 1, ["own", "home"])
    sharing.revoke(app)
    assert known() == (False, 0, ["own"])


def test_the_checkout_uses_own_values_and_none_from_vipps(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    customer_id, subject = sharing.subject_of(vipps)
    with vipps.app.app_context():
        customer = db.session.get_one(Customer, customer_id)
        customer.name, customer.email, customer.phone_number = "Kari Selv", None, None
        db.session.commit()
    put_into_cart(vipps.browser, "enamel-mug")
    page = checkout_page(vipps.browser)
    assert len(offered(page)) > 1
    assert all(filled_in(page))
    sharing.revoke(vipps.app, sharing.now(), subject)
    steps.enter(vipps.app, vipps.browser, customer_id)
    page = checkout_page(vipps.browser)
    assert offered(page) == []
    assert filled_in(page) == ("Kari Selv", "", "")
    vipps.log_in("kari")
    assert all(filled_in(checkout_page(vipps.browser)))


def test_the_pages_explain_the_revocation_and_the_next_steps(vipps: VippsPerson) -> None:
    has_email(vipps)
    vipps.log_in(PERSON)
    customer_id, subject = sharing.subject_of(vipps)
    for path in ("/account", "/account/profile"):
        assert "ended the sharing" not in open_page(vipps.browser, path).text
    sharing.revoke(vipps.app, sharing.now(), subject)
    steps.enter(vipps.app, vipps.browser, customer_id)
    for path in ("/account", "/account/profile"):
        page = open_page(vipps.browser, path)
        assert "Vipps told us that you stopped sharing in its app" in page.text
        assert len(page.select('main form[action="/account/vipps/refresh"]')) == 1
        assert page.select('main a[href="/account/password"]')
        assert "Addresses from Vipps" not in page.text
    assert "connected" in open_page(vipps.browser, "/account").one(".account").get_text()
    again = post(vipps.browser, "/account/vipps/refresh", form_on="/account")
    vipps.browser.get(vipps.approve(led_on(vipps.browser, again), PERSON))
    assert "ended the sharing" not in open_page(vipps.browser, "/account").text


def test_the_login_page_says_why_the_customer_is_logged_out(vipps: VippsPerson) -> None:
    vipps.log_in(PERSON)
    assert open_page(vipps.browser, "/account").h1 == "My page"  # this page shows the greeting, only once
    _, subject = sharing.subject_of(vipps)
    sharing.revoke(vipps.app, sharing.now(), subject)
    page = open_page(vipps.browser, "/account")
    assert page.h1 == "Log in"
    assert "you stopped sharing in its app" in page.one("[role=status]").get_text()
    assert "no longer logged in" not in page.text
    assert not open_page(browser_of(vipps.app), "/login").select("[role=status]")


@pytest.mark.parametrize(
    ("revoked", "seen", "is_told"),
    [
        (timedelta(), ABSOLUTE_LIMIT - timedelta(hours=1), True),
        (timedelta(), ABSOLUTE_LIMIT + timedelta(hours=1), False),
        (IDLE_LIMIT + timedelta(minutes=1), IDLE_LIMIT + timedelta(minutes=2), False),
    ],
)
def test_the_login_page_says_so_for_half_a_day_and_not_after_expiry(
    vipps: VippsPerson, revoked: timedelta, seen: timedelta, is_told: bool
) -> None:
    vipps.log_in(PERSON)
    _, subject = sharing.subject_of(vipps)
    begun = sharing.now()
    with time_machine.travel(begun + revoked):
        sharing.revoke(vipps.app, sharing.now(), subject)
    with time_machine.travel(begun + seen):
        assert ("you stopped sharing" in open_page(vipps.browser, "/login").text) == is_told


def test_the_activity_list_shows_the_revocation_without_a_browser(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app, vipps=True)
    sharing.revoke(app)
    steps.log_in(client)
    page = open_page(client, "/account/activity")
    (line,) = [each.get_text(" ") for each in page.select("main li") if "no longer share" in each.get_text()]
    assert "device" not in line
