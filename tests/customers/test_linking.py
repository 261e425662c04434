"""Account linking in whole logins: which account the Vipps user gets, which proof is required, what the pages say.

Attacks fail and leave no data: Sudhodanan and Paverd, "Pre-hijacked accounts" (USENIX Security 2022), RFC 9700
section 4.7, ASVS 6.8 and 7.5, and Vipps' best practices for linking user accounts.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from app.customers import email_tokens
from app.customers.linking import account_links
from app.customers.linking.callback_replay import REPLAY_WINDOW
from app.customers.models import Activity, ConsentRecord, Customer, PendingLink, TokenPurpose, VippsLink, VippsProfile
from app.customers.sessions import session_store
from app.database import db, utcnow
from app.vipps.attempts import LIFETIME
from app.vipps.claims import UserInfo
from app.vipps.matching import Person
from tests.conftest import open_page, post
from tests.customers import linking_steps as linking
from tests.customers.linking_steps import EMAIL, NAME, PASSWORD, PERSON, PHONE, PROVE
from tests.customers.steps import activity_of, link_in, mails, open_sessions, register, while_it_is_checked
from tests.pages import check_page
from tests.vipps.flow import rows
from tests.vipps_person import VippsPerson, led_on


@pytest.fixture(autouse=True)
def _with_an_address(vipps: VippsPerson) -> None:
    linking.has_email(vipps)


def test_an_account_verified_on_both_sides_is_linked_at_once(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps)
    response = vipps.log_in(PERSON, "/cart")
    assert response.headers["Location"] == "/cart"
    notice = open_page(vipps.browser, "/").one(".notice--success")
    assert NAME in notice.text
    why, not_you = (str(link["href"]) for link in notice.select("a"))
    assert not_you == "/account", "the link for another person"
    assert "verified the same email address" in open_page(vipps.browser, why).text
    assert linking.who_is_in(vipps) == account
    assert len(linking.links_of(vipps, account)) == 1
    with vipps.app.app_context():
        kinds = db.session.scalars(select(Activity.kind).where(Activity.customer_id == account).order_by(Activity.id))
        assert list(kinds) == ["vipps_connected", "logged_in"]
    vipps.log_in(PERSON, browser=linking.another_browser(vipps))
    assert linking.decisions_of(vipps, account) == ["link_and_log_in", "known_subject"]
    assert len(mails(vipps.app, "vipps_connected", EMAIL)) == 1, "one email tells the owner"


def test_a_name_is_escaped_in_messages(vipps: VippsPerson) -> None:
    vipps.patch(f"persons/{PERSON}", {"given_name": "<b>Gun</b>"})
    vipps.log_in(PERSON)
    assert "<b>Gun" not in vipps.browser.get("/").text


def test_only_values_verified_by_vipps_count() -> None:
    """The simulator verifies every number, so the test calls the function itself."""
    said = UserInfo("the-subject", given_name="Gunnar", email=EMAIL, phone_number=PHONE)
    assert account_links.person_of(said) == Person("Gunnar", "", None, None)
    verified = replace(said, email_verified=True, phone_number_verified=True)
    assert account_links.person_of(verified) == Person("Gunnar", "", EMAIL, PHONE)


def test_with_only_the_number_the_password_is_required_and_leads_back(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, email="old@example.com")
    response = vipps.log_in(PERSON, "/cart")
    assert response.headers["Location"] == PROVE
    (cookie,) = (each for each in response.headers.getlist("Set-Cookie") if "pending-link=" in each)
    assert "Max-Age=3600; HttpOnly" in cookie
    assert linking.who_is_in(vipps) is None
    assert linking.links_of(vipps, account) == []
    assert activity_of(vipps.app, account) == [("login_held", "vipps")]
    page = open_page(vipps.browser, PROVE)
    assert "old@example.com" not in page.text
    assert PHONE not in page.text
    assert PHONE[-3:] in page.text
    assert "The email addresses are not the same." in page.text
    wrong = linking.send_proof(vipps.browser, password="not this one")
    assert wrong.status_code == 422
    assert "That is not the password" in check_page(wrong).text
    for lost in ("session", "form"):  # the pending link survives closing the browser
        vipps.browser.delete_cookie(lost, domain="localhost")
    right = linking.send_proof(vipps.browser, password=PASSWORD)
    assert right.headers["Location"] == "/cart"
    assert linking.who_is_in(vipps) == account
    assert len(linking.links_of(vipps, account)) == 1
    assert linking.decisions_of(vipps, account) == ["prove_ownership", "link"]
    assert linking.waiting(vipps) == 0


@pytest.mark.parametrize("email", [EMAIL, "typed@example.com"])
def test_a_password_confirms_only_an_address_that_vipps_has_verified(vipps: VippsPerson, email: str) -> None:
    account = linking.add_account(vipps, email=email, email_verified_at=None)
    vipps.log_in(PERSON)
    assert linking.send_proof(vipps.browser, password=PASSWORD).status_code == 303
    assert linking.who_is_in(vipps) == account
    now = linking.customer(vipps, account)
    assert (now.email_verified_at is not None) is (email == EMAIL)
    assert now.password_hash is not None, "the registration's password stays for its owner"


def test_the_emailed_link_connects_in_the_browser_of_the_login(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON, "/cart")
    assert linking.send_proof(vipps.browser, f"{PROVE}/mail").status_code == 303
    link = linking.mailed_link(vipps, "old@example.com")
    assert NAME in open_page(vipps.browser, link).text
    assert linking.links_of(vipps, account) == [], "opening the link changes nothing: mail scanners open every link"
    response = linking.send_proof(vipps.browser, link)
    assert response.headers["Location"] == "/cart"
    assert linking.who_is_in(vipps) == account
    assert linking.customer(vipps, account).password_hash, "an address that was confirmed keeps its password"
    assert linking.h1(vipps.browser, link, 403) == "This link no longer works"


def test_the_emailed_link_in_another_browser_requires_the_same_vipps_user(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON, "/cart")
    linking.send_proof(vipps.browser, f"{PROVE}/mail")
    link, phone = linking.mailed_link(vipps, "old@example.com"), linking.another_browser(vipps)
    assert "another browser" in open_page(phone, link).text
    there = post(phone, link, form_on=link)
    assert linking.links_of(vipps, account) == [], "a button in an email must not log a Vipps user in"
    refused = phone.get(vipps.approve(led_on(phone, there), "fredrikke"))
    assert (refused.status_code, check_page(refused).h1) == (403, "That was another Vipps user")
    assert linking.links_of(vipps, account) == []
    assert linking.who_is_in(vipps, phone) is None
    response = phone.get(vipps.approve(led_on(phone, post(phone, link, form_on=link)), PERSON))
    assert response.headers["Location"] == "/cart"
    assert linking.who_is_in(vipps, phone) == account
    assert linking.who_is_in(vipps) is None, "the browser of the pending login must log in itself"
    vipps.log_in(PERSON)
    assert linking.who_is_in(vipps) == account


def test_a_password_login_elsewhere_asks_before_it_connects(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps)
    vipps.patch(f"persons/{PERSON}", {"phone_numbers": ["4799999998"]})
    vipps.log_in(PERSON, "/cart")
    assert "Is this your account?" in open_page(vipps.browser, "/login").text
    response = linking.log_in_by_password(vipps, vipps.browser)
    assert response.headers["Location"] == PROVE
    assert linking.links_of(vipps, account) == []
    assert "You have just logged in to that account" in open_page(vipps.browser, PROVE).text
    linking.send_proof(vipps.browser)
    assert len(linking.links_of(vipps, account)) == 1
    assert linking.who_is_in(vipps) == account


def test_a_login_to_another_account_does_not_offer_the_pending_link(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    response = linking.log_in_by_password(vipps, vipps.browser, "eivind.dahl@example.com", "lantern by the lake")
    assert response.headers["Location"] != PROVE
    assert "You have just logged in" not in open_page(vipps.browser, PROVE).text
    assert linking.send_proof(vipps.browser).status_code == 422
    assert linking.links_of(vipps, account) == []


def test_under_another_name_only_the_password_counts(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, name="Per Berg")
    vipps.log_in(PERSON)
    page = open_page(vipps.browser, PROVE)
    assert not page.select('form[action$="/mail"]')
    linking.send_proof(vipps.browser, f"{PROVE}/mail")
    assert mails(vipps.app, "prove_ownership", EMAIL) == [], "a form sent by hand must not send the link either"
    linking.send_proof(vipps.browser, password=PASSWORD)
    assert linking.who_is_in(vipps) == account


def test_a_person_who_rejects_the_matching_account_gets_a_new_one(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, name="Per Berg")
    vipps.log_in(PERSON, "/cart")
    response = linking.send_proof(vipps.browser, f"{PROVE}/new")
    assert response.headers["Location"] == "/cart"
    mine = linking.who_is_in(vipps)
    assert mine not in (None, account)
    assert linking.customer(vipps, mine or 0).email is None, "the address stays with the other account"
    assert linking.customer(vipps, account).email == EMAIL
    assert linking.links_of(vipps, account) == []


@pytest.mark.parametrize(
    ("accounts", "status", "heading", "decision"),
    [
        ([{"phone_number": None, "phone_verified_at": None}, {"email": "old@example.com"}], 409,
         "You seem to have more than one account here", "several_accounts"),
        ([{"linked_to": "other"}], 409, "That account is connected to another Vipps user", "other_subject"),
        ([{"blocked_at": utcnow()}], 403, "This account is blocked for now", "account_blocked"),
    ],
)  # fmt: skip
def test_a_refused_login_gives_the_reason_but_not_the_account(
    vipps: VippsPerson, accounts: list[dict[str, Any]], status: int, heading: str, decision: str
) -> None:
    ids = [linking.add_account(vipps, **each) for each in accounts]
    links = [linking.links_of(vipps, each) for each in ids]
    response = vipps.log_in(PERSON)
    page = check_page(response)
    assert (response.status_code, page.h1) == (status, heading)
    assert "old@example.com" not in page.text
    assert EMAIL not in page.one("main").get_text()
    assert linking.decisions_of(vipps, ids[0] if len(ids) == 1 else None) == [decision]
    assert linking.who_is_in(vipps) is None
    assert [linking.links_of(vipps, each) for each in ids] == links
    assert not any(open_sessions(vipps.app, each) for each in ids)


def test_a_login_for_members_only_creates_no_account(vipps: VippsPerson) -> None:
    with vipps.app.app_context():
        before = len(db.session.scalars(select(Customer)).all())
    url = vipps.browser.get("/login/vipps?members=1&next=/cart").headers["Location"]
    response = vipps.browser.get(vipps.approve(url, PERSON))
    page = check_page(response)
    assert (response.status_code, page.h1) == (403, "This is for members")
    assert page.select('a[href="/register?next=/cart"]')
    with vipps.app.app_context():
        assert len(db.session.scalars(select(Customer)).all()) == before
        assert db.session.scalars(select(VippsProfile)).all() == []
        assert db.session.scalars(select(ConsentRecord)).all() == []


def test_my_page_links_the_vipps_user_who_comes_back(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, phone_number=None, email="old@example.com", name="Another Person")
    linking.log_in_by_password(vipps, vipps.browser, "old@example.com")
    other = linking.another_browser(vipps)
    linking.log_in_by_password(vipps, other, "old@example.com")
    response = vipps.browser.get(vipps.approve(linking.begin_connecting(vipps), PERSON))
    assert response.headers["Location"] == "/account"
    assert "Vipps is connected" in open_page(vipps.browser, "/account").text
    assert len(linking.links_of(vipps, account)) == 1
    assert linking.who_is_in(vipps) == account
    assert linking.who_is_in(vipps, other) is None, "other browsers are logged out"
    assert len(mails(vipps.app, "vipps_connected", "old@example.com")) == 1


def test_a_vipps_user_of_another_account_is_not_moved(vipps: VippsPerson) -> None:
    theirs = linking.add_account(vipps)
    vipps.log_in(PERSON, browser=linking.another_browser(vipps))
    mine = linking.add_account(vipps, email="me@example.com", phone_number=None)
    linking.log_in_by_password(vipps, vipps.browser, "me@example.com")
    response = vipps.browser.get(vipps.approve(linking.begin_connecting(vipps), PERSON))
    page = check_page(response)
    assert (response.status_code, page.h1) == (409, "This Vipps user is connected to another account here")
    assert NAME not in page.one("main").get_text()
    assert EMAIL not in page.text
    assert (len(linking.links_of(vipps, theirs)), len(linking.links_of(vipps, mine))) == (1, 0)
    assert linking.who_is_in(vipps) == mine
    assert linking.decisions_of(vipps, mine) == ["linked_elsewhere"]


def test_disconnecting_needs_another_login_method(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps)
    vipps.log_in(PERSON, browser=linking.another_browser(vipps))
    linking.log_in_by_password(vipps, vipps.browser)
    assert linking.h1(vipps.browser, "/account/vipps/unlink") == "Disconnect Vipps"
    other = linking.another_browser(vipps)
    vipps.log_in(PERSON, browser=other)
    post(vipps.browser, "/account/vipps/unlink", form_on="/account")
    assert linking.links_of(vipps, account) == []
    assert linking.who_is_in(vipps) == account
    assert linking.who_is_in(vipps, other) is None
    assert len(mails(vipps.app, "vipps_disconnected", EMAIL)) == 1
    with vipps.app.app_context():
        assert db.session.scalars(select(VippsProfile)).all() == [], "the profile from Vipps is deleted with the link"


@pytest.mark.parametrize("lacking", ["password_hash", "email_verified_at"])
def test_the_only_login_method_cannot_be_removed(vipps: VippsPerson, lacking: str) -> None:
    account = linking.add_account(vipps)
    vipps.log_in(PERSON)
    assert post(vipps.browser, "/account/confirm", {"password": PASSWORD}, form_on="/account").location == "/account"
    with vipps.app.app_context():
        setattr(db.session.get_one(Customer, account), lacking, None)
        db.session.commit()
    assert "add another login method first" in open_page(vipps.browser, "/account/vipps/unlink").text
    post(vipps.browser, "/account/vipps/unlink", form_on="/account")
    assert len(linking.links_of(vipps, account)) == 1


def test_a_refresh_by_another_vipps_user_changes_nothing(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps)
    vipps.log_in(PERSON)
    url = linking.begin(vipps, "/account/vipps/refresh")
    response = vipps.browser.get(vipps.approve(url, PERSON))
    assert response.headers["Location"] == "/account/profile"
    assert "nothing has changed" in open_page(vipps.browser, "/account/profile").text
    url = linking.begin(vipps, "/account/vipps/refresh")
    response = vipps.browser.get(vipps.approve(url, "fredrikke"))
    assert (response.status_code, check_page(response).h1) == (403, "That was another Vipps user")
    assert linking.who_is_in(vipps) == account
    with vipps.app.app_context():
        assert db.session.scalars(select(VippsProfile)).one().name == NAME


def test_a_confirmation_in_the_app_opens_the_guarded_page(vipps: VippsPerson) -> None:
    """Failed re-authentications are tested in tests/customers/test_dead_ends.py."""
    account = linking.add_account(vipps)
    vipps.log_in(PERSON)
    vipps.patch(f"merchants/{vipps.app.extensions['settings'].client_id}", {"plan": "advanced"})
    assert vipps.browser.get("/account/vipps/unlink").headers["Location"].startswith("/account/confirm")
    before = vipps.browser.get_cookie("session", domain="localhost")
    url = linking.begin(vipps, "/account/confirm/vipps", next="/account/vipps/unlink")
    assert "acr_values=urn%3Avipps%3Aacr%3Aapp_auth" in url
    assert vipps.browser.get(vipps.approve(url, PERSON)).headers["Location"] == "/account/vipps/unlink"
    assert vipps.browser.get("/account/vipps/unlink").status_code == 200
    assert vipps.browser.get_cookie("session", domain="localhost") != before, "a new token for more rights"
    assert linking.who_is_in(vipps) == account


def test_a_repeated_callback_leads_to_the_same_question_for_a_minute(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, email="old@example.com")
    callback = vipps.approve(vipps.start(), PERSON)
    vipps.browser.get(callback)
    vipps.browser.delete_cookie("pending-link", domain="localhost")  # the first response never arrived
    with time_machine.travel(utcnow() + REPLAY_WINDOW + timedelta(seconds=2)):
        assert vipps.browser.get(callback).status_code == 400, "a repeated callback after more than a minute is refused"
    assert vipps.browser.get(callback).headers["Location"] == PROVE
    linking.send_proof(vipps.browser, password=PASSWORD)
    assert linking.who_is_in(vipps) == account


def test_an_attacker_who_registered_with_the_victims_address_loses_access(vipps: VippsPerson) -> None:
    """The classic-federated merge, with everything that an attacker can leave in the account."""
    attacker = linking.another_browser(vipps)
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
    assert linking.who_is_in(vipps, attacker) == number

    vipps.log_in(PERSON)
    assert linking.who_is_in(vipps) is None
    assert linking.links_of(vipps, number) == ["attackers"]
    linking.send_proof(vipps.browser, f"{PROVE}/mail")
    linking.send_proof(vipps.browser, linking.mailed_link(vipps))

    assert linking.who_is_in(vipps) == number
    assert linking.who_is_in(vipps, attacker) is None
    assert linking.log_in_by_password(vipps, linking.another_browser(vipps)).status_code == 422
    now = linking.customer(vipps, number)
    assert (now.password_hash, now.phone_number, now.address, now.name) == (None, PHONE, None, NAME)
    assert now.email_verified_at is not None
    assert len(mails(vipps.app, "taken_over", EMAIL)) == 1
    assert "attackers" not in linking.links_of(vipps, number)
    with vipps.app.app_context():
        for open_link, purpose in ((reset, TokenPurpose.RESET), (change, TokenPurpose.CHANGE_EMAIL)):
            assert email_tokens.find(open_link, purpose) is None
    assert attacker.get(registration).status_code == 410


def test_many_accounts_with_a_typed_number_do_not_hide_the_owner(vipps: VippsPerson) -> None:
    with vipps.app.app_context():
        crowd = [Customer(phone_number=PHONE, name=NAME) for _ in range(account_links.MAX_CANDIDATES + 1)]
        db.session.add_all(crowd)
        db.session.commit()
    linking.add_account(vipps, email="old@example.com")
    assert vipps.log_in(PERSON).headers["Location"] == PROVE


def test_an_authorization_url_of_an_attacker_connects_no_account(vipps: VippsPerson) -> None:
    """Cross-user fixation: the victim approves the attacker's login, and the callback comes to the victim's browser."""
    attackers = linking.add_account(vipps, email="a@example.com", phone_number=None)
    attacker = linking.another_browser(vipps)
    linking.log_in_by_password(vipps, attacker, "a@example.com")
    callback = vipps.approve(linking.begin_connecting(vipps, attacker), PERSON)
    assert vipps.browser.get(callback).status_code == 400
    assert linking.links_of(vipps, attackers) == []
    assert vipps.provider_calls().get("token", 0) == 0, "the code must not be redeemed"


@pytest.mark.parametrize("path", ["/account/vipps/link", "/account/vipps/unlink", "/account/vipps/refresh"])
def test_a_get_request_never_redirects_to_vipps(vipps: VippsPerson, path: str) -> None:
    linking.add_account(vipps)
    vipps.log_in(PERSON, browser=linking.another_browser(vipps))
    linking.log_in_by_password(vipps, vipps.browser)
    assert "/oauth2/auth" not in (vipps.browser.get(path).location or "")


@pytest.mark.parametrize("meanwhile", ["logged out", "another account", "the same account again"])
@pytest.mark.parametrize("what", ["link", "refresh"])
def test_no_session_finishes_what_another_session_began(vipps: VippsPerson, meanwhile: str, what: str) -> None:
    account = linking.add_account(vipps, linked_to="" if what == "link" else "other")
    other = linking.add_account(vipps, email="other@example.com", phone_number=None)
    linking.log_in_by_password(vipps, vipps.browser)
    callback = vipps.approve(linking.begin(vipps, f"/account/vipps/{what}"), PERSON)
    post(vipps.browser, "/logout", form_on="/account")
    if meanwhile != "logged out":
        linking.log_in_by_password(vipps, vipps.browser, "other@example.com" if "another" in meanwhile else EMAIL)
    response = vipps.browser.get(callback)
    assert (response.status_code, check_page(response).h1) == (403, "Another customer is logged in now")
    assert linking.links_of(vipps, other) == []
    assert linking.links_of(vipps, account) == ([] if what == "link" else ["other"])
    assert vipps.provider_calls().get("token", 0) == 0


@pytest.mark.parametrize("meanwhile", ["nothing", "another account"])
def test_an_expired_login_begins_again_with_the_same_purpose(vipps: VippsPerson, meanwhile: str) -> None:
    linking.add_account(vipps)
    linking.add_account(vipps, email="other@example.com", phone_number=None)
    linking.log_in_by_password(vipps, vipps.browser)
    callback = vipps.approve(linking.begin_connecting(vipps), PERSON)
    if meanwhile == "another account":
        post(vipps.browser, "/logout", form_on="/account")
        linking.log_in_by_password(vipps, vipps.browser, "other@example.com")
    with time_machine.travel(utcnow() + LIFETIME + timedelta(minutes=1), tick=True):
        late = check_page(vipps.browser.get(callback))
    assert late.h1 == "The login took too long"
    ways = [str(link["href"]) for link in late.select("main a[href]")]
    assert ("/account/vipps/link" in ways) is (meanwhile == "nothing"), "a retry would link another user's Vipps"
    assert not any(way.startswith("/login/vipps") for way in ways)


def test_a_session_that_ends_meanwhile_links_no_account(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    account = linking.add_account(vipps)
    linking.log_in_by_password(vipps, vipps.browser)
    callback = vipps.approve(linking.begin_connecting(vipps), PERSON)
    client = vipps.app.extensions["vipps"].client
    userinfo = client.userinfo

    def slowly(*args: object) -> object:
        with vipps.app.app_context():
            session_store.end_all(db.session.get_one(Customer, account), "logged_out")
            db.session.commit()
        return userinfo(*args)

    monkeypatch.setattr(client, "userinfo", slowly)
    assert vipps.browser.get(callback).status_code == 403
    assert linking.links_of(vipps, account) == []


def test_two_accounts_cannot_differ_in_case_only(vipps: VippsPerson) -> None:
    with pytest.raises(ValueError, match="normal form"):
        Customer(email="Gunnar.Lie@example.com")


def test_guessing_the_password_of_a_matching_account_is_limited(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    statuses = [linking.send_proof(vipps.browser, password=f"guess number {n}").status_code for n in range(11)]
    assert statuses == [422] * 10 + [429]
    assert linking.links_of(vipps, account) == []


def test_emails_to_the_owner_are_limited(vipps: VippsPerson) -> None:
    linking.add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    statuses = [linking.send_proof(vipps.browser, f"{PROVE}/mail").status_code for _ in range(6)]
    assert statuses == [303] * 6
    links_sent = [link_in(mail, "login/vipps/prove") for mail in mails(vipps.app, "prove_ownership", "old@example.com")]
    assert [vipps.browser.get(link).status_code for link in links_sent] == [403] * 4 + [200], "only the newest works"


@pytest.mark.parametrize("path", [PROVE, f"{PROVE}/mail", f"{PROVE}/new"])
def test_without_a_pending_link_the_proof_pages_are_closed(vipps: VippsPerson, path: str) -> None:
    vipps.browser.set_cookie("pending-link", "A" * 43, domain="localhost")
    before = rows(vipps, Customer)
    assert post(vipps.browser, path, {"password": PASSWORD}).status_code == 410
    assert rows(vipps, Customer) == before


def test_a_pending_link_expires_after_an_hour_and_is_deleted(vipps: VippsPerson) -> None:
    account = linking.add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    with time_machine.travel(utcnow() + timedelta(minutes=61)):
        assert post(vipps.browser, PROVE, {"password": PASSWORD}).status_code == 410
        vipps.log_in(PERSON, browser=linking.another_browser(vipps))
        with vipps.app.app_context():
            assert len(db.session.scalars(select(PendingLink)).all()) == 1, "the old pending link is deleted"
    assert linking.links_of(vipps, account) == []


def test_a_password_that_changes_meanwhile_proves_nothing(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    account = linking.add_account(vipps, email="old@example.com")
    vipps.log_in(PERSON)
    while_it_is_checked(monkeypatch, password_hash="another")
    assert linking.send_proof(vipps.browser, password=PASSWORD).status_code == 410
    assert linking.links_of(vipps, account) == []
