"""Log in by password: refusals, blocked accounts, rate limits, and concurrent requests."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers import email_tokens, rate_limits
from app.customers.email_tokens import RESEND_AFTER
from app.customers.models import Activity, Customer
from app.customers.passwords import hashing
from app.database import db, utcnow
from tests.conftest import allowed_by, browser_of, open_page, post
from tests.customers import steps
from tests.customers.linking_steps import PERSON, PROVE, add_account, another_browser, mailed_link, send_proof
from tests.customers.steps import EMAIL, OTHER_PASSWORD, PASSWORD, while_it_is_checked
from tests.pages import check_page
from tests.threads import at_once
from tests.vipps_person import VippsPerson, led_on


def test_the_page_offers_vipps_first_and_then_the_password(page: Any) -> None:
    opened = page("/login?next=/cart")
    tags = opened.select("main a[href^='/login/vipps']:not(.demo *), main input")
    offers = [tag.get("href") or tag.get("name") for tag in tags]
    assert offers[0] == "/login/vipps?next=/cart"
    assert offers[-2:] == ["email", "password"]
    assert opened.one("input[name=email]")["autocomplete"] == "username"
    assert opened.one("input[name=password]")["autocomplete"] == "current-password"
    assert "/cart" in str(opened.one("main a[href^='/register']")["href"])


def test_the_page_says_that_the_cart_is_kept(page: Any) -> None:
    assert "Your cart is kept" in page("/login?next=/checkout").text
    assert "Your cart is kept" not in page("/login").text


def test_the_right_password_logs_in_and_redirects_to_the_next_page(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    response = steps.log_in_by_form(client, " Tuva.Lien@EXAMPLE.com ", next="/cart?x=1")
    assert (response.status_code, response.headers["Location"]) == (303, "/cart?x=1")
    assert steps.is_logged_in(client)
    assert client.get("/login?next=/cart").location == "/cart", "a logged-in customer is redirected to the next page"
    with app.app_context():
        (event,) = db.session.scalars(select(Activity).where(Activity.customer_id == customer_id))
        assert event.method == "password"
        assert len(event.reference) == 9


def test_no_login_redirects_to_another_site(app: Flask, client: FlaskClient) -> None:
    """All forms of addresses of other sites are tested in tests/vipps/test_return_path.py."""
    steps.add_customer(app)
    page = open_page(client, "/login?next=//evil.example")
    assert page.one("main input[name=next]")["value"] == "/"
    assert "evil.example" not in str(page.one("main"))
    assert steps.log_in_by_form(client, next="//evil.example").headers["Location"] == "/"
    assert client.get("/login?next=//evil.example").location == "/"


def test_a_refused_login_keeps_the_next_page_and_not_the_password(app: Flask, client: FlaskClient) -> None:
    response = steps.log_in_by_form(client, password="wrong but secret", next="/checkout")
    assert response.status_code == 422
    assert 'value="/checkout"' in response.text
    assert "wrong but secret" not in response.text
    assert EMAIL in response.text


def test_the_right_password_of_an_unconfirmed_address_sends_a_new_link(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app, confirmed=False)
    wrong = steps.log_in_by_form(client, password=OTHER_PASSWORD)
    assert steps.mails(app) == []
    right = steps.log_in_by_form(client)
    assert (right.status_code, steps.without_token(right.text)) == (wrong.status_code, steps.without_token(wrong.text))
    (mail,) = steps.mails(app, "confirm_address")
    assert client.get(steps.link_in(mail, "confirm")).status_code == 200


def test_the_login_form_sends_few_emails(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app, confirmed=False)
    for _ in range(3):
        steps.log_in_by_form(client)
    assert len(steps.mails(app)) == 1
    with time_machine.travel(utcnow() + RESEND_AFTER + timedelta(seconds=1), tick=False):
        steps.log_in_by_form(client)
    assert len(steps.mails(app)) == 2


def test_an_outdated_hash_is_replaced_at_login(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    with app.app_context():
        old = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
        db.session.get_one(Customer, customer_id).password_hash = old
        db.session.commit()
    assert steps.log_in_by_form(client).status_code == 303
    renewed = steps.get_customer(app)
    assert renewed.password_hash != old
    assert hashing.matches(PASSWORD, renewed.password_hash)
    assert not hashing.outdated(renewed.password_hash)


def test_a_planted_cookie_is_never_adopted(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    planted = "A" * 43
    client.set_cookie("session", planted)
    steps.log_in_by_form(client)
    assert steps.is_logged_in(client)
    mine = client.get_cookie("session")
    assert mine.value != planted
    attacker = browser_of(app)
    attacker.set_cookie("session", planted)
    assert not steps.is_logged_in(attacker)


def test_logging_in_again_ends_the_session_of_this_browser(app: Flask, client: FlaskClient) -> None:
    first = steps.add_customer(app)
    steps.add_customer(app, "other@example.com")
    steps.log_in_by_form(client)
    copy = steps.copy_of(app, client)
    steps.log_in_by_form(client, "other@example.com")
    assert steps.open_sessions(app, first) == 0
    assert not steps.is_logged_in(copy)


def test_the_form_secret_is_renewed_at_login(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    before = open_page(client, "/login").csrf_token()
    steps.log_in_by_form(client)
    response = client.post("/logout", data={"csrf_token": before})
    assert response.status_code == 400
    assert steps.is_logged_in(client)


def test_logging_out_ends_the_session_here_and_on_the_server(app: Flask, client: FlaskClient) -> None:
    customer_id, elsewhere = steps.add_customer(app), browser_of(app)
    steps.log_in_by_form(client)
    steps.log_in_by_form(elsewhere)
    copy = steps.copy_of(app, client)
    assert steps.is_logged_in(copy)
    response = post(client, "/logout", form_on="/account")
    assert (response.status_code, response.headers["Location"]) == (303, "/logged-out")
    assert client.get_cookie("session") is None
    assert client.get_cookie("form") is None
    assert not steps.is_logged_in(copy)
    assert steps.is_logged_in(elsewhere)
    assert steps.open_sessions(app, customer_id) == 1


def test_the_page_after_logging_out_names_the_brand_of_the_market(make_app: Any) -> None:
    client = browser_of(make_app(VIPPS_MARKET="DK"))
    text = open_page(client, "/logged-out").text
    assert "MobilePay may still remember this browser" in text
    assert "Browsers that remember you → Log out" in text


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=list(arguments))


def block(app: Flask, email: str = EMAIL) -> None:
    assert run(app, "block", email.upper()).output == "The account is blocked.\n"


def test_a_blocked_account_is_named_for_the_right_password(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    block(app)
    response = steps.log_in_by_form(client)
    assert response.status_code == 403
    page = check_page(response)
    assert page.h1 == "This account is blocked for now"
    assert len(page.one("main .number").get_text()) == 9
    assert not steps.is_logged_in(client)


def test_a_wrong_password_reveals_nothing(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    steps.add_customer(app, "open@example.com")
    block(app)
    answers = set()
    for email in (EMAIL, "open@example.com", "unknown@example.com"):
        response = steps.log_in_by_form(client, email, OTHER_PASSWORD)
        answers.add((response.status_code, steps.without_token(response.text).replace(email, "")))
    assert len(answers) == 1


def test_an_address_that_was_never_confirmed_makes_no_difference(app: Flask, client: FlaskClient) -> None:
    steps.register(client)
    block(app)
    assert steps.log_in_by_form(client).status_code == 403
    assert steps.register(client, password=OTHER_PASSWORD).status_code == 303
    assert [mail.kind for mail in steps.mails(app)] == ["confirm_address", "blocked", "already_registered"]


def test_an_open_session_of_a_blocked_account_gives_no_access(app: Flask, client: FlaskClient) -> None:
    """Every request checks the block itself, because a session may have been left open."""
    customer_id = steps.add_customer(app)
    steps.log_in_by_form(client)
    with app.app_context():
        db.session.get_one(Customer, customer_id).blocked_at = utcnow()
        db.session.commit()
    assert steps.open_sessions(app, customer_id) == 1
    assert not steps.is_logged_in(client)


def test_a_blocked_account_gets_no_reset_link_and_the_same_page(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    block(app)
    response = post(client, FORGOT, {"email": EMAIL}, form_on=FORGOT)
    assert (response.status_code, response.headers["Location"]) == (303, "/password/sent")
    assert steps.mails(app, "reset_password") == []


def link_of(app: Flask, client: FlaskClient, kind: str) -> str:
    if kind == "confirm":
        steps.register(client)
        return steps.link_in(steps.mails(app)[0], "confirm")
    steps.add_customer(app)
    if kind == "reset":
        post(client, FORGOT, {"email": EMAIL}, form_on=FORGOT)
        return steps.link_in(steps.mails(app)[0], "password/reset")
    steps.log_in_by_form(client)
    post(client, "/account/email", {"email": "new@example.com"}, form_on="/account/email")
    return steps.link_in(steps.mails(app, to="new@example.com")[0], "account/email")


@pytest.mark.parametrize("kind", ["reset", "confirm", "email"])
def test_a_link_from_before_the_block_does_not_work(app: Flask, client: FlaskClient, kind: str) -> None:
    link = link_of(app, client, kind)
    block(app)
    response = post(client, link, {"password": OTHER_PASSWORD}, follow_redirects=True)
    assert response.status_code == 410 or "Log in" in response.text
    assert not steps.is_logged_in(client)
    run(app, "unblock", EMAIL)
    steps.log_in_by_form(client)
    assert post(client, link, {"password": OTHER_PASSWORD}).status_code == 410


@pytest.mark.parametrize("kind", ["reset", "confirm"])
def test_an_open_link_of_a_blocked_account_does_not_work(app: Flask, client: FlaskClient, kind: str) -> None:
    """The code checks the block itself, in case a link is ever left open."""
    link = link_of(app, client, kind)
    with app.app_context():
        db.session.scalars(select(Customer)).one().blocked_at = utcnow()
        db.session.commit()
    assert post(client, link, {"password": OTHER_PASSWORD}, form_on=link).status_code == 410
    assert not steps.is_logged_in(client)


def test_an_unblocked_account_works_as_before(app: Flask, client: FlaskClient) -> None:
    customer_id = steps.add_customer(app)
    steps.log_in_by_form(client)
    block(app)
    assert run(app, "unblock", EMAIL).output == "The account is open again.\n"
    assert not steps.is_logged_in(client)
    assert steps.log_in_by_form(client, EMAIL, PASSWORD).status_code == 303
    assert [mail.kind for mail in steps.mails(app)] == ["blocked", "unblocked"]
    logged_in = ("logged_in", "password")
    assert steps.activity_of(app, customer_id) == [logged_in, ("blocked", None), ("unblocked", None), logged_in]


@pytest.mark.parametrize("command", ["block", "unblock"])
@pytest.mark.parametrize("email", ["unknown@example.com", "no address", ""])
def test_the_command_says_when_no_customer_has_the_address(app: Flask, command: str, email: str) -> None:
    steps.add_customer(app)
    result = run(app, command, email)
    assert result.exit_code == 1
    assert result.output == "Error: no account has this email address\n"
    assert getattr(steps.get_customer(app), "blocked_at", "") is None


@pytest.mark.parametrize(("change", "status"), [({"password_hash": "another"}, 422), ({"blocked_at": utcnow()}, 403)])
def test_a_concurrent_change_or_block_stops_the_login(
    either_app: Flask, monkeypatch: Any, change: Any, status: int
) -> None:
    customer_id, client = steps.add_customer(either_app), browser_of(either_app)
    while_it_is_checked(monkeypatch, **change)
    assert steps.log_in_by_form(client).status_code == status
    assert steps.open_sessions(either_app, customer_id) == 0


def test_a_password_set_by_a_concurrent_request_is_kept(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.add_customer(either_app)
    client = browser_of(either_app)
    steps.log_in(client)
    while_it_is_checked(monkeypatch, password_hash="another")
    response = post(client, CHANGE, {"current": PASSWORD, "password": OTHER_PASSWORD}, form_on=CHANGE)
    assert response.status_code == 422
    assert getattr(steps.get_customer(either_app), "password_hash", None) == "another"


@pytest.mark.parametrize("changes", [{"password_hash": "another"}, {"blocked_at": utcnow()}], ids=["password", "block"])
def test_a_registration_that_changed_is_not_confirmed(
    either_app: Flask, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    steps.register(browser_of(either_app))
    link, client = steps.link_in(steps.mails(either_app)[0], "confirm"), browser_of(either_app)
    while_it_is_checked(monkeypatch, **changes)
    assert post(client, link, {"password": PASSWORD}, form_on=link).status_code == 410
    assert not steps.is_logged_in(client)
    assert getattr(steps.get_customer(either_app), "email_verified_at", "") is None


def test_concurrent_deletions_of_an_account_succeed(either_app: Flask) -> None:
    steps.add_customer(either_app)
    client, path = browser_of(either_app), "/account/delete"
    steps.log_in(client)
    data = {"csrf_token": open_page(client, path).csrf_token()}
    twins = [browser_of(either_app) for _ in range(2)]
    for twin in twins:
        for name in ("session", "form"):
            twin.set_cookie(name, client.get_cookie(name).value)
    answers = at_once(*(lambda b=twin: b.post(path, data=data).location for twin in twins))
    assert "/" in answers
    assert set(answers) <= {"/", "/login"}, "the later request may find no session"
    assert steps.get_customer(either_app) is None
    assert [mail.kind for mail in steps.mails(either_app)] == ["account_deleted"]


CHANGE, FORGOT = "/account/password", "/password/forgot"
NEW = "three green tents"


class Rival:
    """A concurrent request that starts once, after another request has called a function of `email_tokens`."""

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
            self._thread.join(1.5)  # enough time to reach the lock, also on a busy machine
        return result

    def answer(self) -> int:
        self._thread.join()
        return self._status


def changing(app: Flask, email: str = EMAIL) -> Callable[[], Any]:
    browser = browser_of(app)
    steps.log_in(browser, email)
    return lambda: post(browser, CHANGE, {"current": PASSWORD, "password": OTHER_PASSWORD}, form_on=CHANGE)


def reset_link(app: Flask) -> str:
    post(browser_of(app), FORGOT, {"email": EMAIL}, form_on=FORGOT)
    return steps.link_in(steps.mails(app, "reset_password")[-1], "password/reset")


def test_an_emailed_link_is_used_during_a_change_of_the_password(either_app: Flask, monkeypatch: Any) -> None:
    steps.add_customer(either_app)
    rival, link = Rival(monkeypatch, "use", changing(either_app)), reset_link(either_app)
    assert post(browser_of(either_app), link, {"password": NEW}, form_on=link).status_code == 303
    assert rival.answer() == 422, "the password had changed by then"


def test_a_link_is_requested_while_the_previous_one_is_used(either_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.add_customer(either_app)
    link, owner, other = reset_link(either_app), browser_of(either_app), browser_of(either_app)
    rival = Rival(monkeypatch, "revoke", lambda: post(owner, link, {"password": NEW}, form_on="/login"))
    assert post(other, FORGOT, {"email": EMAIL}, form_on=FORGOT).status_code == 303
    assert rival.answer() == 410, "a newer link replaced this one"


def test_a_proof_is_finished_during_a_change_of_the_password(either_vipps: VippsPerson, monkeypatch: Any) -> None:
    add_account(either_vipps, email="old@example.com")
    either_vipps.log_in(PERSON)
    send_proof(either_vipps.browser, f"{PROVE}/mail")
    link, phone = mailed_link(either_vipps, "old@example.com"), another_browser(either_vipps)
    callback = either_vipps.approve(led_on(phone, post(phone, link, form_on=link)), PERSON)
    rival = Rival(monkeypatch, "use_by_hash", changing(either_vipps.app, "old@example.com"))
    assert phone.get(callback).status_code == 303
    assert rival.answer() < 500


def test_a_proof_is_mailed_during_a_change_of_the_password(either_vipps: VippsPerson, monkeypatch: Any) -> None:
    add_account(either_vipps, email="old@example.com")
    either_vipps.log_in(PERSON)
    send_proof(either_vipps.browser, f"{PROVE}/mail")
    rival = Rival(monkeypatch, "revoke", changing(either_vipps.app, "old@example.com"))
    assert send_proof(either_vipps.browser, f"{PROVE}/mail").status_code == 303
    assert rival.answer() == 303


def from_address(client: FlaskClient, address: str) -> FlaskClient:
    client.environ_base["REMOTE_ADDR"] = address
    return client


@pytest.mark.parametrize("path", ["/login/password", "/account/confirm"])
def test_guesses_at_one_account_are_limited_over_all_addresses(app: Flask, path: str) -> None:
    customer_id, statuses = steps.add_customer(app), []
    steps.add_customer(app, "other@example.com")
    for n in range(12):
        browser = from_address(browser_of(app), f"10.0.0.{n}")
        if path == "/account/confirm":
            steps.enter(app, browser, customer_id)
        data = {"email": EMAIL.upper() if n % 2 else EMAIL, "password": OTHER_PASSWORD}
        statuses.append(post(browser, path, data).status_code)
    assert statuses == [422] * 10 + [429] * 2
    another = browser_of(app)
    steps.enter(app, another, steps.add_customer(app, "another@example.com"))
    data = {"email": "other@example.com", "password": PASSWORD}
    assert post(another, path, data).status_code == 303


@pytest.mark.parametrize(
    ("path", "limit", "status"),
    [
        ("/login/password", rate_limits.LOGIN_PER_CLIENT, 422), ("/account/confirm", rate_limits.LOGIN_PER_CLIENT, 422),
        ("/account/email", rate_limits.FORGOT_PER_CLIENT, 303), ("/account/email/x", rate_limits.LINKS_PER_CLIENT, 410),
        ("/password/reset/x", rate_limits.LINKS_PER_CLIENT, 410), ("/confirm/x", rate_limits.LINKS_PER_CLIENT, 410),
    ],
)  # fmt: skip
def test_requests_of_one_address_are_limited(
    app: Flask, client: FlaskClient, path: str, limit: str, status: int
) -> None:
    allowed, statuses = allowed_by(limit), []
    for n in range(allowed + 2):
        if path.startswith("/account") and n % allowed_by(rate_limits.LOGIN_PER_ACCOUNT) == 0:
            steps.add_customer(app, f"customer.{n}@example.com")
            steps.log_in(client, f"customer.{n}@example.com")
        data = {"email": f"unknown.{n}@example.com", "password": OTHER_PASSWORD}
        statuses.append(post(client, path, data).status_code)
    assert statuses == [status] * allowed + [429] * 2


def test_a_successful_login_resets_no_limit(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    for _ in range(5):
        steps.log_in_by_form(client, password=OTHER_PASSWORD)
    assert steps.log_in_by_form(client).status_code == 303
    other = browser_of(app)
    assert [steps.log_in_by_form(other, password=OTHER_PASSWORD).status_code for _ in range(5)] == [422] * 4 + [429]


def test_the_page_links_to_the_login_methods_that_still_work(app: Flask, client: FlaskClient) -> None:
    for _ in range(10):
        steps.log_in_by_form(client, next="/cart")
    page = check_page(steps.log_in_by_form(client, next="/cart"))
    assert page.select("main a[href='/login/vipps?next=/cart']")
    assert page.select(f"main a[href='{FORGOT}']")


def test_an_emailed_link_works_while_the_password_form_is_attacked(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    attacker = from_address(browser_of(app), "10.0.0.1")
    while steps.log_in_by_form(attacker, password=OTHER_PASSWORD).status_code != 429:
        pass
    assert steps.log_in_by_form(client, password=PASSWORD).status_code == 429
    post(client, FORGOT, {"email": EMAIL}, form_on=FORGOT)
    path = steps.link_in(steps.mails(app)[0], "password/reset")
    assert post(client, path, {"password": "three green tents"}, form_on=path).status_code == 303


def answers_of(response: Any) -> tuple[object, ...]:
    """Return what an attacker sees of a response: all except the reference, the cookies' values and the time left."""
    random = ("X-RateLimit-Remaining", "X-RateLimit-Reset", "Set-Cookie", "X-Request-Id")
    headers = {name: value for name, value in response.headers if name not in random}
    return response.status_code, response.text, sorted(headers.items()), len(response.headers.getlist("Set-Cookie"))


def test_emails_to_one_address_are_limited_and_the_page_does_not_reveal_it(app: Flask) -> None:
    steps.add_customer(app, "owner@example.com")
    for email in (EMAIL, "owner@example.com"):
        browsers = [from_address(browser_of(app), f"10.0.0.{n}") for n in range(7)]
        answers = [answers_of(steps.register(browser, email, OTHER_PASSWORD)) for browser in browsers]
        assert answers == [answers[0]] * 7
        assert len(steps.mails(app, to=email)) == 5
    browsers = [from_address(browser_of(app), f"10.0.1.{n}") for n in range(7)]
    answers = [answers_of(post(each, FORGOT, {"email": EMAIL}, form_on=FORGOT)) for each in browsers]
    assert answers == [answers[0]] * 7
    assert answers[0][0] == 303
    assert len(steps.mails(app, "reset_password")) == 5


def test_too_many_requests_do_not_revoke_the_owners_link(app: Flask, client: FlaskClient) -> None:
    steps.add_customer(app)
    for n in range(8):
        post(from_address(browser_of(app), f"10.0.0.{n}"), FORGOT, {"email": EMAIL}, form_on=FORGOT)
    link = steps.link_in(steps.mails(app, "reset_password")[-1], "password/reset")
    assert post(client, link, {"password": "three green tents"}, form_on=link).status_code == 303


def test_emails_that_a_customer_asks_for_are_limited_too(app: Flask, client: FlaskClient) -> None:
    steps.enter(app, client, steps.add_customer(app, password=None, vipps=True))
    answers = [post(client, "/account/password/link", form_on="/account") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 6
    assert len(steps.mails(app)) == 5
