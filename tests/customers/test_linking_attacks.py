"""Attacks on the linking of accounts: each fails, and leaves nothing behind.

From Sudhodanan and Paverd, "Pre-hijacked accounts" (USENIX Security 2022), RFC 9700 section 4.7, ASVS 6.8 and 7.5, and
Vipps' best practices for linking user accounts.
"""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from app.customers import email_tokens
from app.customers.linking import account_links
from app.customers.models import Customer, PendingLink, TokenPurpose, VippsLink
from app.customers.sessions import session_store
from app.database import db, utcnow
from app.vipps.attempts import LIFETIME
from tests.conftest import post
from tests.customers.linking_steps import (
    EMAIL,
    NAME,
    PASSWORD,
    PERSON,
    PHONE,
    PROVE,
    add_account,
    another_browser,
    begin,
    begin_connecting,
    customer,
    has_email,
    links_of,
    log_in_by_password,
    mailed_link,
    send_proof,
    who_is_in,
)
from tests.customers.steps import link_in, mails, register
from tests.customers.test_meanwhile import while_it_is_checked
from tests.pages import check_page
from tests.vipps_person import VippsPerson


@pytest.fixture(autouse=True)
def _with_an_address(vipps: VippsPerson) -> None:
    has_email(vipps)


def customers(vipps: VippsPerson) -> int:
    with vipps.app.app_context():
        return db.session.scalar(select(func.count()).select_from(Customer)) or 0


def test_an_attacker_who_registered_with_the_victims_address_loses_access_when_the_owner_comes(
    vipps: VippsPerson,
) -> None:
    """The classic-federated merge, with everything that an attacker may have left inside."""
    attacker = another_browser(vipps)
    register(attacker, EMAIL, PASSWORD)
    registration = link_in(mails(vipps.app, "confirm_address", EMAIL)[-1], "confirm")
    with vipps.app.app_context():
        account = db.session.scalars(select(Customer).where(Customer.email == EMAIL)).one()
        account.phone_number = "4799999999"
        account.address = {"street": "Attackerveien 1", "postal_code": "0001", "region": "Oslo", "country": "NO"}
        db.session.add(VippsLink(customer=account, issuer="https://other/", client_id="other", subject="attackers"))
        _row, token = session_store.add(account, "password", confirmed=True)
        reset = email_tokens.issue(account, EMAIL, TokenPurpose.RESET)
        change = email_tokens.issue(account, "attacker@example.com", TokenPurpose.CHANGE_EMAIL)
        db.session.commit()
        number = account.id
    attacker.set_cookie("session", token, domain="localhost")
    assert who_is_in(vipps, attacker) == number

    vipps.log_in(PERSON)
    assert who_is_in(vipps) is None
    assert links_of(vipps, number) == ["attackers"]
    send_proof(vipps.browser, f"{PROVE}/mail")
    send_proof(vipps.browser, mailed_link(vipps))

    assert who_is_in(vipps) == number
    assert who_is_in(vipps, attacker) is None
    assert log_in_by_password(vipps, another_browser(vipps)).status_code == 422
    now = customer(vipps, number)
    assert (now.password_hash, now.phone_number, now.address, now.name) == (None, PHONE, None, NAME)
    assert now.email_verified_at is not None
    assert len(mails(vipps.app, "taken_over", EMAIL)) == 1
    assert "attackers" not in links_of(vipps, number)
    with vipps.app.app_context():
        for open_link, purpose in ((reset, TokenPurpose.RESET), (change, TokenPurpose.CHANGE_EMAIL)):
            assert email_tokens.find(open_link, purpose) is None
    assert attacker.get(registration).status_code == 410


def test_many_accounts_with_a_typed_number_do_not_hide_the_owner(vipps: VippsPerson) -> None:
    with vipps.app.app_context():
        crowd = [Customer(phone_number=PHONE, name=NAME) for _ in range(account_links.MAX_CANDIDATES + 1)]
        db.session.add_all(crowd)
        db.session.commit()
    add_account(vipps, email="old@example.com")
    assert vipps.log_in(PERSON).headers["Location"] == PROVE


def test_an_authorization_url_that_was_passed_on_connects_nothing(vipps: VippsPerson) -> None:
    """Cross-user fixation: the victim approves what the attacker began; the answer comes to the victim's browser."""
    attackers = add_account(vipps, email="a@example.com", phone_number=None)
    attacker = another_browser(vipps)
    log_in_by_password(vipps, attacker, "a@example.com")
    callback = vipps.approve(begin_connecting(vipps, attacker), PERSON)
    assert vipps.browser.get(callback).status_code == 400
    assert links_of(vipps, attackers) == []
    assert vipps.provider_calls().get("token", 0) == 0, "the code was not even redeemed"


@pytest.mark.parametrize("path", ["/account/vipps/link", "/account/vipps/unlink", "/account/vipps/refresh"])
def test_a_get_never_leaves_for_vipps(vipps: VippsPerson, path: str) -> None:
    add_account(vipps)
    vipps.log_in(PERSON, browser=another_browser(vipps))
    log_in_by_password(vipps, vipps.browser)
    assert "/oauth2/auth" not in (vipps.browser.get(path).location or "")


@pytest.mark.parametrize("meanwhile", ["logged out", "another account", "the same account again"])
@pytest.mark.parametrize("what", ["link", "refresh"])
def test_what_one_session_began_no_other_session_finishes(vipps: VippsPerson, meanwhile: str, what: str) -> None:
    account = add_account(vipps, linked_to="" if what == "link" else "other")
    other = add_account(vipps, email="other@example.com", phone_number=None)
    log_in_by_password(vipps, vipps.browser)
    callback = vipps.approve(begin(vipps, f"/account/vipps/{what}"), PERSON)
    post(vipps.browser, "/logout", form_on="/account")
    if meanwhile != "logged out":
        log_in_by_password(vipps, vipps.browser, "other@example.com" if "another" in meanwhile else EMAIL)
    response = vipps.browser.get(callback)
    assert (response.status_code, check_page(response).h1) == (403, "Another customer is logged in now")
    assert links_of(vipps, other) == []
    assert links_of(vipps, account) == ([] if what == "link" else ["other"])
    assert vipps.provider_calls().get("token", 0) == 0


@pytest.mark.parametrize("meanwhile", ["nothing", "another account"])
def test_an_expired_login_begins_again_with_the_same_purpose(vipps: VippsPerson, meanwhile: str) -> None:
    add_account(vipps)
    add_account(vipps, email="other@example.com", phone_number=None)
    log_in_by_password(vipps, vipps.browser)
    callback = vipps.approve(begin_connecting(vipps), PERSON)
    if meanwhile == "another account":
        post(vipps.browser, "/logout", form_on="/account")
        log_in_by_password(vipps, vipps.browser, "other@example.com")
    with time_machine.travel(utcnow() + LIFETIME + timedelta(minutes=1), tick=True):
        late = check_page(vipps.browser.get(callback))
    assert late.h1 == "The login took too long"
    ways = [str(link["href"]) for link in late.select("main a[href]")]
    assert ("/account/vipps/link" in ways) is (meanwhile == "nothing"), "it would connect the other's Vipps"
    assert not any(way.startswith("/login/vipps") for way in ways)


def test_a_session_that_ends_while_vipps_answers_connects_nothing(
    vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add_account(vipps)
    log_in_by_password(vipps, vipps.browser)
    callback = vipps.approve(begin_connecting(vipps), PERSON)
    client = vipps.app.extensions["vipps"].client
    userinfo = client.userinfo

    def slowly(*args: object) -> object:
        with vipps.app.app_context():
            session_store.end_all(db.session.get_one(Customer, account), "logged_out")
            db.session.commit()
        return userinfo(*args)

    monkeypatch.setattr(client, "userinfo", slowly)
    assert vipps.browser.get(callback).status_code == 403
    assert links_of(vipps, account) == []


def test_two_accounts_cannot_differ_in_case_only(vipps: VippsPerson) -> None:
    with pytest.raises(ValueError, match="normal form"):
        Customer(email="Gunnar.Lie@example.com")


@pytest.mark.parametrize(("number", "asks"), [("+4790000018", True), ("90000018", False)])
def test_a_number_in_another_form_is_the_same_number_or_none(vipps: VippsPerson, number: str, asks: bool) -> None:
    account = add_account(vipps, email="old@example.com")
    vipps.patch(f"persons/{PERSON}", {"phone_numbers": [number]})
    vipps.log_in(PERSON)
    assert (who_is_in(vipps) is None) == asks
    with vipps.app.app_context():
        assert "90000018" not in set(db.session.scalars(select(Customer.phone_number)))
    assert who_is_in(vipps) != account


def test_guessing_the_password_of_the_account_in_question_is_slow(vipps: VippsPerson) -> None:
    account = add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    statuses = [send_proof(vipps.browser, password=f"guess number {n}").status_code for n in range(11)]
    assert statuses == [422] * 10 + [429]
    assert links_of(vipps, account) == []


def test_filling_the_owners_mailbox_is_slow(vipps: VippsPerson) -> None:
    add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    statuses = [send_proof(vipps.browser, f"{PROVE}/mail").status_code for _ in range(6)]
    assert statuses == [303] * 6
    links_sent = [link_in(mail, "login/vipps/prove") for mail in mails(vipps.app, "prove_ownership", "old@example.com")]
    assert [vipps.browser.get(link).status_code for link in links_sent] == [403] * 4 + [200], "only the newest works"


@pytest.mark.parametrize("path", [PROVE, f"{PROVE}/mail", f"{PROVE}/new"])
def test_without_a_login_that_waits_there_is_nothing_to_prove(vipps: VippsPerson, path: str) -> None:
    vipps.browser.set_cookie("pending-link", "A" * 43, domain="localhost")
    before = customers(vipps)
    assert post(vipps.browser, path, {"password": PASSWORD}).status_code == 410
    assert customers(vipps) == before


def test_what_waits_is_too_old_after_an_hour_and_is_forgotten(vipps: VippsPerson) -> None:
    account = add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    with time_machine.travel(utcnow() + timedelta(minutes=61)):
        assert post(vipps.browser, PROVE, {"password": PASSWORD}).status_code == 410
        vipps.log_in(PERSON, browser=another_browser(vipps))
        with vipps.app.app_context():
            assert len(db.session.scalars(select(PendingLink)).all()) == 1, "the old one is gone"
    assert links_of(vipps, account) == []


def test_a_password_that_changes_while_it_is_checked_proves_nothing(
    vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    while_it_is_checked(monkeypatch, "old@example.com", password_hash="another")
    assert send_proof(vipps.browser, password=PASSWORD).status_code == 410
    assert links_of(vipps, account) == []
