"""Lock the customer before its email tokens, or concurrent transactions can deadlock.

Two that lock a link and its customer in two orders meet here on purpose: the second begins while the first has just
locked what it locks first. On PostgreSQL one of them would be ended with an error.
"""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.customers import email_tokens
from tests.conftest import browser_of, post
from tests.customers.linking_steps import PERSON, PROVE, add_account, another_browser, mailed_link, send_proof
from tests.customers.steps import EMAIL, OTHER_PASSWORD, PASSWORD, add_customer, link_in, log_in, mails
from tests.vipps_person import VippsPerson, led_on

CHANGE, FORGOT = "/account/password", "/password/forgot"
NEW = "three green tents"


class Rival:
    """A request that starts once, after a function of `email_tokens` has run for another one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, after: str, work: Callable[[], Any]) -> None:
        self._thread = threading.Thread(target=self._run)
        self._work, self._locks, self._status = work, getattr(email_tokens, after), 0
        monkeypatch.setattr(email_tokens, after, self._come)

    def _run(self) -> None:
        self._status = self._work().status_code

    def _come(self, *args: Any, **more: Any) -> Any:
        result = self._locks(*args, **more)
        if self._thread.ident is None:
            self._thread.start()
            self._thread.join(1.5)  # for it to come to the lock, on a busy machine too
        return result

    def answer(self) -> int:
        self._thread.join()
        return self._status


def changing(app: Flask, email: str = EMAIL) -> Callable[[], Any]:
    browser = browser_of(app)
    log_in(browser, email)
    return lambda: post(browser, CHANGE, {"current": PASSWORD, "password": OTHER_PASSWORD}, form_on=CHANGE)


def reset_link(app: Flask) -> str:
    post(browser_of(app), FORGOT, {"email": EMAIL}, form_on=FORGOT)
    return link_in(mails(app, "reset_password")[-1], "password/reset")


def test_a_mailed_link_is_used_while_the_password_is_changed(
    either_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_customer(either_app)
    rival, link = Rival(monkeypatch, "use", changing(either_app)), reset_link(either_app)
    assert post(browser_of(either_app), link, {"password": NEW}, form_on=link).status_code == 303
    assert rival.answer() == 422, "the password was another by then"


def test_a_link_is_asked_for_while_the_one_before_is_used(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    add_customer(either_app)
    link, owner, other = reset_link(either_app), browser_of(either_app), browser_of(either_app)
    rival = Rival(monkeypatch, "revoke", lambda: post(owner, link, {"password": NEW}, form_on="/login"))
    assert post(other, FORGOT, {"email": EMAIL}, form_on=FORGOT).status_code == 303
    assert rival.answer() == 410, "a newer one took its place"


def test_a_proof_is_finished_in_another_browser_while_the_password_is_changed(
    either_vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(either_vipps, email="old@example.com")
    either_vipps.log_in(PERSON)
    send_proof(either_vipps.browser, f"{PROVE}/mail")
    link, phone = mailed_link(either_vipps, "old@example.com"), another_browser(either_vipps)
    callback = either_vipps.approve(led_on(phone, post(phone, link, form_on=link)), PERSON)
    rival = Rival(monkeypatch, "use_by_hash", changing(either_vipps.app, "old@example.com"))
    assert phone.get(callback).status_code == 303
    assert rival.answer() < 500


def test_a_proof_is_mailed_while_the_password_is_changed(
    either_vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(either_vipps, email="old@example.com")
    either_vipps.log_in(PERSON)
    send_proof(either_vipps.browser, f"{PROVE}/mail")
    rival = Rival(monkeypatch, "revoke", changing(either_vipps.app, "old@example.com"))
    assert send_proof(either_vipps.browser, f"{PROVE}/mail").status_code == 303
    assert rival.answer() == 303
