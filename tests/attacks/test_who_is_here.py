"""Account enumeration and lockout: responses and work reveal no account, and no attacker can lock one."""

import re
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.customers import rate_limits
from app.customers.passwords import hashing
from tests.conftest import allowed_by, browser_of, post
from tests.customers.steps import EMAIL, PASSWORD, add_customer, hashes_made, without_token
from tests.customers.steps import log_in_by_form as log_customer_in
from tests.staff import steps as staff
from tests.vipps_person import VippsPerson

UNKNOWN_EMAIL = "unknown.address@example.com"
KINDS = {
    "a customer": {"password": PASSWORD}, "a customer who only has Vipps": {"password": None, "vipps": True},
    "a registration that was never confirmed": {"confirmed": False},
}  # fmt: skip


def told(response: Any, typed: str) -> tuple[Any, ...]:
    """Return the contents of a response without random values and without the typed text."""
    text = re.sub(r"[2-9A-Z]{4}-[2-9A-Z]{4}", "", without_token(response.text)).replace(typed, "")
    headers = {name: value for name, value in response.headers.items() if not name.startswith("X-RateLimit")}
    headers.pop("Content-Length", None)
    cookies = [cookie.partition("=")[0] for cookie in response.headers.getlist("Set-Cookie")]
    headers.pop("Set-Cookie", None)
    return response.status_code, text, sorted(headers.items()), cookies


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["/login/password", "/register", "/password/forgot", "/staff/login"])
def test_a_response_and_its_work_are_the_same_with_and_without_an_account(
    app: Flask, path: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_customer(app, **KINDS[kind])
    counting = Mock(wraps=hashing._hasher)
    monkeypatch.setattr(hashing, "_hasher", counting)
    form = {"/login/password": "/login", "/staff/login": "/staff/login"}.get(path, path)
    answers, costs = [], []
    for email in (EMAIL, UNKNOWN_EMAIL):
        browser, before = browser_of(app), hashes_made(counting)
        data = {"email": email, "password": "a wrong but long one", "name": "A Person"}
        answers.append(told(post(browser, path, data, form_on=form), email))
        costs.append(hashes_made(counting) - before)
    assert answers[0] == answers[1]
    assert costs[0] == costs[1]


def guess(browser: FlaskClient, email: str, times: int, address: str) -> list[int]:
    """Guess passwords from an IP address; return the statuses."""
    browser.environ_base["REMOTE_ADDR"] = address
    return [log_customer_in(browser, email, "a wrong but long one").status_code for _ in range(times)]


def test_an_attacked_customer_still_logs_in_with_vipps_from_the_same_network(vipps: VippsPerson) -> None:
    """An attacker floods the account's password, reset and registration forms, from the customer's network."""
    attacker = browser_of(vipps.app)
    email = "kari.nordfjell@example.com"
    most = allowed_by(rate_limits.LOGIN_PER_CLIENT)
    assert 429 in guess(attacker, email, most + 1, "127.0.0.1")
    for path in ("/password/forgot", "/register"):
        for _ in range(allowed_by(rate_limits.FORGOT_PER_CLIENT) + 1):
            post(attacker, path, {"email": email, "name": "X", "password": "a wrong but long one"}, form_on=path)
    assert vipps.log_in().status_code == 303
    assert vipps.browser.get("/account").status_code == 200


def test_a_flood_is_told_how_long_to_wait_and_blocks_no_other_form(app: Flask) -> None:
    staff.hire(app)
    browser = browser_of(app)
    assert 429 in guess(browser, staff.EMAIL, 12, "10.0.0.1")
    refused = log_customer_in(browser, staff.EMAIL)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 15 * 60
    for path in ("/", "/cart", "/login", "/register", "/password/forgot"):
        assert browser.get(path).status_code == 200
    assert log_customer_in(browser_of(app), UNKNOWN_EMAIL).status_code == 422, "another network is not limited"
    assert staff.log_in(browser).status_code == 303


@pytest.mark.parametrize("proxies", ["0", "1"])
def test_a_client_cannot_pose_as_another_client_by_a_header(make_app: Callable[..., Flask], proxies: str) -> None:
    """A trusted proxy adds its client's address at the end; the client itself can write everything before it."""
    browser = browser_of(make_app(TRUSTED_PROXIES=proxies))
    statuses = set()
    for number in range(allowed_by(rate_limits.LOGIN_PER_CLIENT) + 1):
        invented = f"10.9.8.{number}"
        for header in ("X_REAL_IP", "CF_CONNECTING_IP", "TRUE_CLIENT_IP", "X_CLIENT_IP"):
            browser.environ_base[f"HTTP_{header}"] = invented
        browser.environ_base["HTTP_FORWARDED"] = f"for={invented}"
        browser.environ_base["HTTP_X_FORWARDED_FOR"] = f"{invented}, 10.0.0.1"
        statuses.add(log_customer_in(browser, f"person{number}@example.com").status_code)
    assert statuses == {422, 429}
