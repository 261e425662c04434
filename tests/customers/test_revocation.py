"""A person stops sharing in the app: what that does here, and what it leaves alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import delete, select, text, update

from app.customers.linking import revocation
from app.customers.models import Activity, Customer, CustomerSession, ProfileChange, VippsLink, WebhookDelivery
from app.customers.privacy.erasure import erase
from app.database import db
from app.mail import Mail
from app.vipps.config import ISSUER_PATH
from tests.conftest import browser_of
from tests.customers.revocation_steps import SUBJECT, everything, link_of, now, outcomes, proposal, revoke, told
from tests.customers.steps import (
    PASSWORD,
    activity_of,
    add_answer,
    add_customer,
    enter,
    is_logged_in,
    log_in_by_form,
    mails,
)


def test_it_marks_the_link_ends_the_sessions_of_vipps_and_tells_the_customer(either_app: Flask) -> None:
    customer_id = add_customer(either_app, vipps=True)
    by_vipps, by_password = browser_of(either_app), browser_of(either_app)
    enter(either_app, by_vipps, customer_id)
    log_in_by_form(by_password)
    at = now()
    revoke(either_app, at)
    assert outcomes(either_app) == [("revoked", 1)]
    assert link_of(either_app, customer_id).sharing_revoked_at == at
    assert (is_logged_in(by_vipps), is_logged_in(by_password)) == (False, True)
    assert activity_of(either_app, customer_id)[-1] == ("sharing_revoked", "vipps")
    assert [mail.kind for mail in mails(either_app)] == ["sharing_revoked"]
    with either_app.app_context():
        ended = db.session.scalars(select(CustomerSession.ended_reason).where(CustomerSession.method == "vipps")).all()
        row = db.session.scalars(select(WebhookDelivery)).one()
        assert ended == ["sharing_revoked"]
        assert (row.customer_id, row.event_at) == (customer_id, at)
        assert row.subject_hash == revocation.secret_hash(SUBJECT)
        line = db.session.scalars(select(Activity).where(Activity.kind == "sharing_revoked")).one()
        assert line.reference == row.reference
        assert line.user_agent == "", "the sender is no browser of the customer's"


def test_it_deletes_withdraws_and_changes_nothing_of_the_customers(app: Flask) -> None:
    customer_id = add_customer(app, vipps=True)
    told(app, customer_id)
    add_answer(app, customer_id, subject=SUBJECT)
    before = everything(app, VippsLink)
    revoke(app)
    assert everything(app, VippsLink) == before


def test_what_was_asked_about_vipps_is_asked_no_longer(app: Flask) -> None:
    customer_id = add_customer(app, vipps=True)
    proposal(app, customer_id)
    revoke(app)
    with app.app_context():
        assert db.session.scalars(select(ProfileChange.state)).all() == ["noted"]


def test_only_the_vipps_user_of_this_sales_unit_is_meant(app: Flask) -> None:
    other, customer_id = add_customer(app, "other@example.com", vipps=True), add_customer(app, vipps=True)
    with app.app_context():
        settings = app.extensions["settings"]
        db.session.execute(
            update(VippsLink).where(VippsLink.customer_id == other).values(subject=SUBJECT, client_id="0")
        )
        db.session.add(
            VippsLink(customer_id=other, issuer="https://other/", client_id=settings.client_id, subject=SUBJECT)
        )
        db.session.commit()
    revoke(app)
    with app.app_context():
        marked = select(VippsLink.customer_id).where(VippsLink.sharing_revoked_at.is_not(None))
        assert db.session.scalars(marked).all() == [customer_id]


def test_a_customer_without_an_address_to_write_to_is_marked_all_the_same(app: Flask) -> None:
    with app.app_context():
        settings = app.extensions["settings"]
        who = {"issuer": settings.provider_url + ISSUER_PATH, "client_id": settings.client_id, "subject": SUBJECT}
        db.session.add(VippsLink(customer=Customer(name="No Mail"), **who))
        db.session.commit()
    revoke(app)
    assert outcomes(app) == [("revoked", 1)]
    with app.app_context():
        assert db.session.scalars(select(Mail)).all() == []


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_the_mail_says_what_it_means_and_what_else_they_can_do(app: Flask, password: str | None) -> None:
    add_customer(app, password=password, vipps=True)
    revoke(app)
    (mail,) = mails(app)
    pages = ["/login\n", "/account/consents", "/account/delete"]
    for words in ("no longer share", "still here", "log in with Vipps again", *pages):
        assert words in mail.body
    assert ("/password/forgot" in mail.body) == (password is None)
    assert ("with your password" in mail.body) == (password is not None)


def test_an_event_about_a_deleted_customer_names_no_customer(app: Flask) -> None:
    customer_id = add_customer(app, vipps=True)
    with app.test_request_context():
        erase(db.session.get_one(Customer, customer_id))
        db.session.commit()
    revoke(app)
    assert outcomes(app) == [("unknown_subject", 1)]
    with app.app_context():
        row = db.session.scalars(select(WebhookDelivery)).one()
        assert (row.subject_hash, row.customer_id) == (None, None)
        assert db.session.scalars(select(Customer)).all() == []


@pytest.mark.postgresql
def test_an_account_that_is_deleted_meanwhile_is_unknown(make_app: Callable[..., Flask], postgresql: str) -> None:
    """On SQLite no other connection can delete it meanwhile: a writer locks the database."""
    app = make_app(DATABASE_URL=postgresql)
    add_customer(app, vipps=True)
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with app.app_context(), db.engine.connect() as other, ThreadPoolExecutor() as threads:
        other.execute(delete(Customer))
        revoked = threads.submit(revoke, app)
        while not other.scalar(waiting):
            assert not revoked.done(), "it did not wait"
        other.commit()
        revoked.result()
    assert outcomes(app) == [("unknown_subject", 1)]
