"""At the same moment: real threads against SQLite and PostgreSQL, decided by unique constraints and not by luck."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import func, select

from app.customers.linking import account_links
from app.customers.models import Activity, Customer
from app.database import db
from tests.conftest import browser_of
from tests.customers.linking_steps import (
    EMAIL,
    PASSWORD,
    PERSON,
    PROVE,
    add_account,
    another_browser,
    begin_connecting,
    customer,
    has_email,
    links_of,
    log_in_by_password,
    mailed_link,
    send_proof,
    waiting,
    who_is_in,
)
from tests.customers.steps import register
from tests.threads import at_once
from tests.vipps_person import VippsPerson


def calls(browsers: Sequence[Any], callbacks: Sequence[str]) -> list[Callable[[], Any]]:
    """Return the callbacks of several browsers, ready to be made at once."""
    return [lambda b=b, c=c: b.get(c) for b, c in zip(browsers, callbacks, strict=True)]  # type: ignore[misc]


def customers(vipps: VippsPerson) -> int:
    with vipps.app.app_context():
        return db.session.scalar(select(func.count()).select_from(Customer)) or 0


def test_first_logins_of_one_person_make_one_customer(either_vipps: VippsPerson) -> None:
    before = customers(either_vipps)
    browsers = [another_browser(either_vipps) for _ in range(8)]
    callbacks = [either_vipps.approve(either_vipps.start(browser=browser), PERSON) for browser in browsers]
    answers = at_once(*calls(browsers, callbacks))
    assert [answer.status_code for answer in answers] == [303] * 8
    assert customers(either_vipps) == before + 1
    assert len({who_is_in(either_vipps, browser) for browser in browsers} - {None}) == 1
    with either_vipps.app.app_context():
        decided = sorted(str(d) for d in db.session.scalars(select(Activity.decision).where(Activity.decision != "")))
    assert decided == ["create", *["known_subject"] * 7]


def test_of_two_accounts_that_connect_one_vipps_user_one_wins_and_the_other_sees_why(either_vipps: VippsPerson) -> None:
    accounts = [add_account(either_vipps, email=f"{n}@example.com", phone_number=None) for n in ("a", "b")]
    browsers = [another_browser(either_vipps) for _ in accounts]
    for browser, name in zip(browsers, ("a", "b"), strict=True):
        log_in_by_password(either_vipps, browser, f"{name}@example.com")
    callbacks = [either_vipps.approve(begin_connecting(either_vipps, browser), PERSON) for browser in browsers]
    answers = at_once(*calls(browsers, callbacks))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    assert sorted(len(links_of(either_vipps, account)) for account in accounts) == [0, 1]
    (loser,) = (answer for answer in answers if answer.status_code == 409)
    assert "is connected to another account here" in loser.text


def test_of_two_vipps_users_for_one_account_one_wins(either_vipps: VippsPerson) -> None:
    account = add_account(either_vipps, email="a@example.com", phone_number=None)
    browsers = [another_browser(either_vipps) for _ in range(2)]
    for browser in browsers:
        log_in_by_password(either_vipps, browser, "a@example.com")
    urls = [begin_connecting(either_vipps, browser) for browser in browsers]
    callbacks = [either_vipps.approve(url, who) for url, who in zip(urls, (PERSON, "fredrikke"), strict=True)]
    answers = at_once(*calls(browsers, callbacks))
    assert sorted(answer.status_code for answer in answers)[0] == 303
    assert sorted(answer.status_code for answer in answers)[1] in (403, 409), "its session ended, or it was too late"
    assert len(links_of(either_vipps, account)) == 1


def test_a_proof_that_is_sent_twice_connects_once(either_vipps: VippsPerson) -> None:
    account = add_account(either_vipps, email="old@example.com")
    either_vipps.log_in(PERSON)
    key = either_vipps.browser.get_cookie("pending-link", domain="localhost")
    twins = [browser_of(either_vipps.app) for _ in range(3)]
    for twin in twins:
        twin.set_cookie("pending-link", key.value, domain="localhost")  # type: ignore[union-attr]
        twin.get(PROVE)
    answers = at_once(*[lambda t=twin: send_proof(t, password=PASSWORD) for twin in twins])  # type: ignore[misc]
    assert sorted(answer.status_code for answer in answers) == [303, 410, 410]
    assert len(links_of(either_vipps, account)) == 1
    assert waiting(either_vipps) == 0


def test_a_registration_cannot_slip_in_under_a_take_over(
    either_vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger who registers the address once more, at that very moment, must not set a password on it."""
    has_email(either_vipps)
    account = add_account(either_vipps, email_verified_at=None)
    either_vipps.log_in(PERSON)
    send_proof(either_vipps.browser, f"{PROVE}/mail")
    link, stranger = mailed_link(either_vipps, EMAIL), another_browser(either_vipps)
    stranger.get("/register")
    again = threading.Thread(target=lambda: register(stranger, EMAIL, "a red wooden house"))
    take_over = account_links.take_over

    def meanwhile(*args: Any) -> None:
        take_over(*args)
        db.session.flush()
        again.start()
        again.join(0.5)
        assert again.is_alive(), "a registration has to wait"

    monkeypatch.setattr(account_links, "take_over", meanwhile)
    assert send_proof(either_vipps.browser, link).status_code == 303
    again.join()
    assert customer(either_vipps, account).password_hash is None
    assert who_is_in(either_vipps) == account
