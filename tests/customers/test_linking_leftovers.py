"""Leftover cookies and links give no access, and concurrent logins create only one account.

After a backup was restored, a new row may get the id of an earlier row. So a callback's outcome also names the
creation time of its row.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.customers import email_tokens
from app.customers.linking import account_links
from app.customers.models import Activity, Customer, CustomerSession, PendingLink, TokenPurpose
from app.customers.passwords import password_login
from app.customers.routes import vipps as vipps_routes
from app.database import db, utcnow
from tests.conftest import browser_of, open_page, post
from tests.customers import linking_steps as linking
from tests.customers.linking_steps import EMAIL, NAME, PASSWORD, PERSON, PROVE
from tests.customers.steps import add_customer, link_in, mails, register
from tests.threads import at_once
from tests.vipps.flow import rows
from tests.vipps_person import VippsPerson

STRANGER = "fredrikke"


def restore_numbers(vipps: VippsPerson) -> None:
    """Let SQLite reuse the ids of deleted rows, as in a restored database."""
    with vipps.app.app_context():
        if db.engine.dialect.name == "sqlite":
            db.session.execute(text("DELETE FROM sqlite_sequence"))
            db.session.commit()


def test_the_back_button_does_not_undo_a_logout(either_vipps: VippsPerson) -> None:
    vipps, browser = either_vipps, either_vipps.browser
    callback = vipps.approve(vipps.start(), STRANGER)
    browser.get(callback)
    browser.delete_cookie("session")  # a double click: the second request came before the first response
    browser.get(callback)
    post(browser, "/logout", form_on="/account")
    assert browser.get(callback).status_code == 400
    assert browser.get("/account").status_code == 303, "one of the two sessions is still open"


def test_a_repeated_callback_never_opens_a_session_with_a_reused_number(either_vipps: VippsPerson) -> None:
    vipps, stranger = either_vipps, linking.another_browser(either_vipps)
    callback = vipps.approve(vipps.start(browser=stranger), STRANGER)
    stranger.get(callback)
    vipps.patch(f"merchants/{vipps.app.extensions['settings'].client_id}", {"plan": "advanced"})
    stranger.get(
        vipps.approve(linking.begin(vipps, "/account/confirm/vipps", stranger, next="/account/delete"), STRANGER)
    )
    assert post(stranger, "/account/delete", form_on="/account").location == "/"
    restore_numbers(vipps)
    victim = linking.add_account(vipps)
    linking.log_in_by_password(vipps, vipps.browser)
    assert linking.who_is_in(vipps) == victim
    assert stranger.get(callback).status_code == 400
    assert linking.who_is_in(vipps, stranger) is None


def test_a_repeated_callback_never_takes_another_users_pending_link(either_vipps: VippsPerson) -> None:
    vipps, stranger = either_vipps, linking.another_browser(either_vipps)
    linking.has_email(vipps)
    vipps.patch(f"persons/{STRANGER}", {"email": "stranger@example.com", "email_state": "confirmed"})
    register(stranger, "stranger@example.com", PASSWORD)
    callback = vipps.approve(vipps.start(browser=stranger), STRANGER)
    assert stranger.get(callback).location == PROVE
    linking.send_proof(stranger, f"{PROVE}/new")
    post(stranger, "/logout", form_on="/account")
    restore_numbers(vipps)
    linking.add_account(vipps, email="old@example.com")
    assert vipps.log_in(PERSON).location == PROVE
    assert stranger.get(callback).status_code == 400
    assert NAME not in stranger.get(PROVE).text
    assert NAME in open_page(vipps.browser, PROVE).text


def test_a_login_for_a_deleted_account_ends_in_no_other_account(vipps: VippsPerson) -> None:
    browser = vipps.browser
    linking.add_account(vipps, email="first@example.com", phone_number=None, phone_verified_at=None)
    linking.log_in_by_password(vipps, browser, "first@example.com")
    callback = vipps.approve(linking.begin_connecting(vipps, browser), STRANGER)
    assert post(browser, "/account/delete", form_on="/account").status_code == 303
    restore_numbers(vipps)
    register(browser, "second@example.com", PASSWORD)
    link = link_in(mails(vipps.app, "confirm_address", "second@example.com")[-1], "confirm")
    post(browser, link, form_on=link)
    second = linking.who_is_in(vipps, browser)
    assert second
    browser.get(callback)
    assert linking.links_of(vipps, second) == []


def test_logging_out_deletes_a_pending_login(vipps: VippsPerson) -> None:
    linking.has_email(vipps)
    account = linking.add_account(vipps, email="old@example.com")
    assert vipps.log_in(PERSON).location == PROVE
    linking.log_in_by_password(vipps, vipps.browser, "old@example.com")
    assert linking.who_is_in(vipps) == account
    post(vipps.browser, "/logout", form_on="/account")
    answer = vipps.browser.get(PROVE)
    assert answer.status_code == 410
    assert NAME not in answer.text


@pytest.mark.parametrize(("environ", "query"), [({"VIPPS_NEW_CUSTOMERS": "refuse"}, {}), ({}, {"members": "1"})])
def test_a_pending_login_creates_no_account_if_logins_may_not(
    make_app: Callable[..., Flask], simulator: str, environ: dict[str, str], query: dict[str, str]
) -> None:
    shop = make_app(demo=True, SIMULATOR_URL=simulator, **environ)
    vipps = VippsPerson(shop, browser_of(shop), simulator)
    linking.has_email(vipps)
    register(linking.another_browser(vipps), EMAIL, PASSWORD)
    started = vipps.browser.get("/login/vipps", query_string={"next": "/", **query})
    assert vipps.browser.get(vipps.approve(started.location, PERSON)).location == PROVE
    page = open_page(vipps.browser, PROVE)
    assert "Create a new account" not in page.text
    answer = vipps.browser.post(f"{PROVE}/new", data={"csrf_token": page.csrf_token()})
    assert (answer.status_code, linking.who_is_in(vipps)) == (403, None)


def test_a_session_that_ended_links_no_vipps_user(either_vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    vipps = either_vipps
    account = linking.add_account(vipps, email="old@example.com")
    assert vipps.log_in(PERSON).location == PROVE
    linking.log_in_by_password(vipps, vipps.browser, "old@example.com")
    run = vipps_routes.in_one_transaction

    def owner_resets_first(step: Callable[[], object]) -> object:
        db.session.rollback()
        owner = threading.Thread(target=reset_password, args=(vipps.app, account))
        owner.start()
        owner.join()
        return run(step)

    monkeypatch.setattr(vipps_routes, "in_one_transaction", owner_resets_first)
    assert linking.send_proof(vipps.browser, PROVE).status_code == 410
    assert linking.links_of(vipps, account) == []


def reset_password(app: Flask, account: int) -> None:
    with app.test_request_context():
        token = email_tokens.issue(db.session.get_one(Customer, account), "old@example.com", TokenPurpose.RESET)
        db.session.commit()
        assert password_login.reset_password(token, "a red wooden house")
        db.session.commit()


@pytest.mark.parametrize("way", ["mail", "password"])
def test_a_proof_that_is_refused_changes_nothing(vipps: VippsPerson, way: str) -> None:
    """The proof comes too late: the person has another account by then."""
    linking.has_email(vipps)
    unconfirmed = {"email_verified_at": None, "phone_number": None, "phone_verified_at": None}
    account = linking.add_account(vipps, name="Some Name", **unconfirmed)
    assert vipps.log_in(PERSON).location == PROVE
    linking.send_proof(vipps.browser, f"{PROVE}/mail")
    elsewhere = linking.another_browser(vipps)
    vipps.log_in(PERSON, browser=elsewhere)
    linking.send_proof(elsewhere, f"{PROVE}/new")
    path, data = (linking.mailed_link(vipps), {}) if way == "mail" else (PROVE, {"password": PASSWORD})
    assert linking.send_proof(vipps.browser, path, **data).status_code == 409
    kept = linking.customer(vipps, account)
    assert (kept.password_hash is not None, kept.email_verified_at, kept.name) == (True, None, "Some Name")
    assert mails(vipps.app, "taken_over", EMAIL) == []


def calls(browsers: Sequence[Any], callbacks: Sequence[str]) -> list[Callable[[], Any]]:
    return [lambda b=b, c=c: b.get(c) for b, c in zip(browsers, callbacks, strict=True)]


def test_concurrent_first_logins_create_one_customer(either_vipps: VippsPerson) -> None:
    before = rows(either_vipps, Customer)
    browsers = [linking.another_browser(either_vipps) for _ in range(8)]
    callbacks = [either_vipps.approve(either_vipps.start(browser=browser), PERSON) for browser in browsers]
    answers = at_once(*calls(browsers, callbacks))
    assert [answer.status_code for answer in answers] == [303] * 8
    assert rows(either_vipps, Customer) == before + 1
    assert len({linking.who_is_in(either_vipps, browser) for browser in browsers} - {None}) == 1
    with either_vipps.app.app_context():
        decided = sorted(str(d) for d in db.session.scalars(select(Activity.decision).where(Activity.decision != "")))
    assert decided == ["create", *["known_subject"] * 7]


def test_only_one_of_two_accounts_links_a_vipps_user_and_the_other_sees_why(either_vipps: VippsPerson) -> None:
    accounts = [linking.add_account(either_vipps, email=f"{n}@example.com", phone_number=None) for n in ("a", "b")]
    browsers = [linking.another_browser(either_vipps) for _ in accounts]
    for browser, name in zip(browsers, ("a", "b"), strict=True):
        linking.log_in_by_password(either_vipps, browser, f"{name}@example.com")
    callbacks = [either_vipps.approve(linking.begin_connecting(either_vipps, browser), PERSON) for browser in browsers]
    answers = at_once(*calls(browsers, callbacks))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert sorted(len(linking.links_of(either_vipps, account)) for account in accounts) == [0, 1]
    (loser,) = (answer for answer in answers if answer.status_code == 409)
    assert "is connected to another account here" in loser.text


def test_only_one_of_two_vipps_users_is_linked_to_an_account(either_vipps: VippsPerson) -> None:
    account = linking.add_account(either_vipps, email="a@example.com", phone_number=None)
    browsers = [linking.another_browser(either_vipps) for _ in range(2)]
    for browser in browsers:
        linking.log_in_by_password(either_vipps, browser, "a@example.com")
    urls = [linking.begin_connecting(either_vipps, browser) for browser in browsers]
    callbacks = [either_vipps.approve(url, who) for url, who in zip(urls, (PERSON, "fredrikke"), strict=True)]
    answers = at_once(*calls(browsers, callbacks))
    assert sorted(answer.status_code for answer in answers)[0] == 303
    assert sorted(answer.status_code for answer in answers)[1] in (403, 409), "the second request is too late"
    assert len(linking.links_of(either_vipps, account)) == 1


def test_a_proof_that_is_sent_twice_connects_once(either_vipps: VippsPerson) -> None:
    account = linking.add_account(either_vipps, email="old@example.com")
    either_vipps.log_in(PERSON)
    key = either_vipps.browser.get_cookie("pending-link", domain="localhost")
    twins = [browser_of(either_vipps.app) for _ in range(3)]
    for twin in twins:
        twin.set_cookie("pending-link", key.value, domain="localhost")
        twin.get(PROVE)
    answers = at_once(*[lambda t=twin: linking.send_proof(t, password=PASSWORD) for twin in twins])
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410]
    assert len(linking.links_of(either_vipps, account)) == 1
    assert linking.waiting(either_vipps) == 0


def test_a_takeover_stops_a_registration(either_vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attacker who registers the address at the same time must not set a password for the account."""
    linking.has_email(either_vipps)
    account = linking.add_account(either_vipps, email_verified_at=None)
    either_vipps.log_in(PERSON)
    linking.send_proof(either_vipps.browser, f"{PROVE}/mail")
    link, stranger = linking.mailed_link(either_vipps, EMAIL), linking.another_browser(either_vipps)
    stranger.get("/register")
    again = threading.Thread(target=lambda: register(stranger, EMAIL, "a red wooden house"))
    take_over = account_links.take_over

    def meanwhile(*args: Any) -> None:
        take_over(*args)
        db.session.flush()
        again.start()
        again.join(0.5)
        assert again.is_alive(), "the registration must wait for the lock"

    monkeypatch.setattr(account_links, "take_over", meanwhile)
    assert linking.send_proof(either_vipps.browser, link).status_code == 303
    again.join()
    assert linking.customer(either_vipps, account).password_hash is None
    assert linking.who_is_in(either_vipps) == account


def a_row(model: type[Any], customer_id: int) -> Any:
    """Return a row for a table that never reuses ids."""
    now = utcnow()
    match model.__name__:
        case "Customer":
            return Customer(email="another@example.com")
        case "CustomerSession":
            return CustomerSession(customer_id=customer_id, token_hash="t", method="password", expires_at=now)
    said = {"issuer": "i", "client_id": "c", "subject": "s", "claims": {}, "ways": [], "reasons": [], "next_path": "/"}
    return PendingLink(customer_id=customer_id, browser_hash="b", expires_at=now, **said)


@pytest.mark.parametrize("model", [Customer, CustomerSession, PendingLink])
def test_the_id_of_a_deleted_row_is_not_reused(either_app: Flask, model: type[Any]) -> None:
    customer_id, numbers = add_customer(either_app), []
    with either_app.app_context():
        for _ in range(2):
            row = a_row(model, customer_id)
            db.session.add(row)
            db.session.flush()
            numbers.append(row.id)
            db.session.delete(row)
            db.session.commit()
    assert numbers[1] > numbers[0]
