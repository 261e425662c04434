"""Email addresses: their normal form, the links that prove them, and the change to another one."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.customers import email_tokens, lookup
from app.customers.models import Customer, CustomerSession, EmailToken, TokenPurpose
from app.database import db, utcnow
from app.tokens import secret_hash
from app.vipps.values import normal_email
from tests.conftest import browser_of, open_page, post
from tests.customers import steps
from tests.customers.steps import EMAIL, OTHER_PASSWORD, PASSWORD
from tests.threads import at_once

FORM = "/account/email"
NEW = "tuva.berg@example.com"


def ask(client: FlaskClient, email: str = NEW) -> Any:
    return post(client, FORM, {"email": email}, form_on=FORM)


def link_for(app: Flask, client: FlaskClient, email: str = NEW) -> str:
    assert ask(client, email).status_code == 303
    return steps.link_in(steps.mails(app, "change_email", to=email)[-1], "account/email")


def use(client: FlaskClient, link: str) -> Any:
    return post(client, link, form_on=link)


@pytest.fixture
def tuva(app: Flask, client: FlaskClient) -> int:
    customer_id = steps.add_customer(app)
    steps.log_in(client)
    return customer_id


def test_the_address_changes_when_the_link_is_used_and_not_before(app: Flask, client: FlaskClient, tuva: int) -> None:
    other, thief = browser_of(app), steps.copy_of(app, client)
    steps.log_in(other)
    link = link_for(app, client)
    for browser, location in ((browser_of(app), f"/login?next={link}"), (client, None)):
        assert browser.get(link).location == location
    assert open_page(client, link).one("main input[autocomplete=username]")["value"] == NEW
    assert steps.get_customer(app, NEW) is None
    response = use(client, link)
    assert (response.status_code, response.headers["Location"]) == (303, "/account")
    changed = steps.get_customer(app, NEW)
    assert changed.id == tuva
    assert changed.email_verified_at is not None
    assert [steps.is_logged_in(each) for each in (client, other, thief)] == [True, False, False]
    assert steps.open_sessions(app, tuva) == 1
    assert [mail.kind for mail in steps.mails(app, to=EMAIL)] == ["email_changed"]
    assert [mail.kind for mail in steps.mails(app, to=NEW)] == ["change_email"]
    assert NEW not in steps.mails(app, to=EMAIL)[0].body
    assert steps.activity_of(app, tuva)[-2:] == [("email_change_asked", None), ("email_changed", "mail")]
    assert steps.log_in_by_form(browser_of(app), NEW).status_code == 303
    assert steps.log_in_by_form(browser_of(app), EMAIL).status_code == 422
    assert use(client, link).status_code == 410


def test_a_taken_address_gets_the_same_page_and_its_owner_an_email(app: Flask, client: FlaskClient, tuva: int) -> None:
    taken, free = "taken@example.com", "free@example.com"
    owner = steps.add_customer(app, taken)
    answers = set()
    for email in (taken, free):
        response = ask(client, email)
        shown = steps.without_token(open_page(client, "/account").html)
        answers.add((response.status_code, response.headers["Location"], shown.replace(email, "")))
    assert len(answers) == 1
    assert [mail.kind for mail in steps.mails(app, to=taken)] == ["address_in_use"]
    assert "/account/email/" not in steps.mails(app, to=taken)[0].body
    assert EMAIL not in steps.mails(app, to=taken)[0].body
    assert [kind for kind, _ in steps.activity_of(app, tuva)].count("email_change_asked") == 2
    assert steps.activity_of(app, owner) == []


def test_an_address_that_was_taken_meanwhile_is_not_moved(app: Flask, client: FlaskClient, tuva: int) -> None:
    link = link_for(app, client)
    owner = steps.add_customer(app, NEW)
    response = use(client, link)
    assert response.status_code == 410
    assert "This link no longer works" in response.text
    assert steps.is_logged_in(client)
    assert getattr(steps.get_customer(app), "id", None) == tuva
    assert getattr(steps.get_customer(app, NEW), "id", None) == owner
    assert steps.mails(app, to=EMAIL) == []


def test_only_one_of_two_accounts_gets_an_address(either_app: Flask, monkeypatch: Any) -> None:
    emails = ["first@example.com", "second@example.com"]
    browsers = [browser_of(either_app) for _ in emails]
    for browser, email in zip(browsers, emails, strict=True):
        steps.add_customer(either_app, email)
        steps.log_in(browser, email)
    links = [link_for(either_app, browser) for browser in browsers]
    tokens = [open_page(b, link).csrf_token() for b, link in zip(browsers, links, strict=True)]
    find, both_have_looked = lookup.find_by_email, threading.Barrier(2)

    def find_and_wait(email: str, *, lock: bool = False) -> Customer | None:
        found = find(email, lock=lock)
        with suppress(threading.BrokenBarrierError):  # SQLite admits only one writer at a time
            both_have_looked.wait(timeout=1)
        return found

    monkeypatch.setattr(lookup, "find_by_email", find_and_wait)
    calls = [
        lambda b=b, link=link, t=t: b.post(link, data={"csrf_token": t}).status_code
        for b, link, t in zip(browsers, links, tokens, strict=True)
    ]
    assert sorted(at_once(*calls)) == [303, 410]
    left = [email for email in emails if steps.get_customer(either_app, email)]
    assert len(left) == 1
    assert steps.get_customer(either_app, NEW) is not None
    assert steps.mails(either_app, "email_changed", to=left[0]) == []
    assert sorted(map(steps.is_logged_in, browsers)) == [True, True]


def test_the_link_works_only_for_the_account_that_requested_it(app: Flask, client: FlaskClient, tuva: int) -> None:
    other = browser_of(app)
    steps.add_customer(app, "other@example.com")
    steps.log_in(other, "other@example.com")
    link = link_for(app, client)
    assert other.get(link).status_code == 410
    assert post(other, link, form_on="/account").status_code == 410
    assert steps.get_customer(app, NEW) is None
    assert use(client, link).status_code == 303


@pytest.mark.parametrize("what", ["a taken address", "a new password"])
def test_a_later_link_or_password_makes_a_link_void(app: Flask, client: FlaskClient, tuva: int, what: str) -> None:
    link = link_for(app, client)
    if what == "a taken address":
        steps.add_customer(app, "taken@example.com")
        ask(client, "taken@example.com")
    else:
        data = {"current": PASSWORD, "password": OTHER_PASSWORD}
        assert post(client, "/account/password", data, form_on="/account/password").status_code == 303
    assert use(client, link).status_code == 410
    assert steps.get_customer(app) is not None


def test_a_changed_address_makes_every_other_link_void(app: Flask, client: FlaskClient, tuva: int) -> None:
    link = link_for(app, client)
    post(client, "/password/forgot", {"email": EMAIL}, form_on="/account")
    reset = steps.link_in(steps.mails(app, "reset_password")[0], "password/reset")
    use(client, link)
    assert browser_of(app).get(reset).status_code == 410


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("", "Enter your email"),
        ("no address", "such as name@example.com"),
        (EMAIL.upper(), "That is already your email address"),
    ],
)
def test_a_wrong_new_address_is_named(app: Flask, client: FlaskClient, tuva: int, email: str, words: str) -> None:
    response = ask(client, email)
    assert response.status_code == 422
    assert words in response.text
    assert ("email_change_asked", None) not in steps.activity_of(app, tuva)
    assert steps.mails(app) == []


def test_a_first_address_is_added_in_the_same_way(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app, None, password=None, vipps=True)
    steps.enter(app, client, customer_id)
    with app.app_context():
        db.session.execute(update(CustomerSession).values(confirmed_at=utcnow()))
        db.session.commit()
    use(client, link_for(app, client))
    with app.app_context():
        assert db.session.get_one(Customer, customer_id).email == NEW
    assert [mail.kind for mail in steps.mails(app, to=NEW)] == ["change_email"]


def test_a_customer_can_confirm_their_own_unconfirmed_address(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app, confirmed=False, vipps=True)
    steps.enter(app, client, customer_id)
    post(client, "/account/confirm", {"password": PASSWORD, "next": FORM}, form_on="/account")
    assert use(client, link_for(app, client, EMAIL)).status_code == 303
    customer = steps.get_customer(app)
    assert (customer.id, bool(customer.email_verified_at)) == (customer_id, True)
    assert [mail.kind for mail in steps.mails(app)] == ["change_email"]


def test_an_unconfirmed_registration_does_not_keep_an_address(app: Flask, client: FlaskClient, tuva: int) -> None:
    """An attacker could otherwise block any address for ever; the mailbox proves who owns it."""
    steps.register(browser_of(app), NEW)
    stranger = steps.get_customer(app, NEW)
    ask(client)
    sent = steps.mails(app, to=NEW)
    assert [mail.kind for mail in sent] == ["confirm_address", "change_email"]
    link = steps.link_in(sent[-1], "account/email")
    assert post(client, link, form_on="/account").status_code == 303
    now = steps.get_customer(app, NEW)
    assert now is not None
    assert stranger is not None
    assert (now.id, now.name) == (tuva, "Tuva Lien")
    with app.app_context():
        assert db.session.get(Customer, stranger.id) is None


def test_emails_to_a_new_address_are_limited(app: Flask, client: FlaskClient, tuva: int) -> None:
    written = [NEW, NEW.upper()] * 3
    answers = [ask(client, email) for email in written]
    assert {(a.status_code, a.headers["Location"]) for a in answers} == {(303, "/account")}
    assert "We have sent a link" in open_page(client, "/account").text
    assert len(steps.mails(app, to=NEW)) == 5
    link = steps.link_in(steps.mails(app, to=NEW)[-1], "account/email")
    assert post(client, link, form_on="/account").status_code == 303, "the newest emailed link still works"


@given(st.emails())
def test_the_normal_form_is_stable_and_ascii(written: str) -> None:
    once = normal_email(written)
    assert once is None or (once == normal_email(once) == normal_email(written.upper()) and once.isascii())


@pytest.mark.parametrize("purpose", TokenPurpose)
def test_only_the_newest_link_works_once_in_time_for_its_purpose(app: Flask, purpose: TokenPurpose) -> None:
    customer_id, issued_at = steps.add_customer(app), utcnow()
    lifetime = timedelta(hours=24 if purpose is TokenPurpose.CONFIRM else 1)
    with app.app_context():
        customer = db.session.get_one(Customer, customer_id)
        with time_machine.travel(issued_at, tick=False):
            older, token = (email_tokens.issue(customer, EMAIL, purpose) for _ in range(2))
        db.session.commit()
        assert len(token) == 43
        assert token not in str(db.session.execute(select(EmailToken.__table__)).all())
        assert secret_hash(token) in db.session.scalars(select(EmailToken.token_hash)).all()
        assert [each for each in TokenPurpose if email_tokens.find(token, each)] == [purpose]
        assert email_tokens.find(older, purpose) is None
        with time_machine.travel(issued_at + lifetime, tick=False):
            assert email_tokens.find(token, purpose) is None
            assert email_tokens.use(token, purpose) is None
        with time_machine.travel(issued_at + lifetime - timedelta(seconds=1), tick=False):
            assert email_tokens.find(token, purpose)
            assert email_tokens.use(token, purpose)
            assert email_tokens.find(token, purpose) is None
            assert email_tokens.use(token, purpose) is None
