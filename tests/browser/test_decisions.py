"""Every verdict about a Vipps login, reached in Chromium, with the next step from there."""

import pytest
from playwright.sync_api import Page, expect

from app.about import NAME
from samples.customers import PASSWORD
from tests.browser.conftest import LiveShop
from tests.browser.steps import (
    KARI,
    approve,
    ask_why,
    at_simulator,
    begin_to_disconnect,
    connect_from_my_page,
    expect_said,
    heading,
    is_logged_in,
    log_in_by_password,
    log_in_with_vipps,
    log_out,
    open_mailed_link,
    press_vipps,
)

pytestmark = pytest.mark.browser

OLA, OLAS_EMAIL = "Ola Tangen", "ola.at.the.cabin@example.com"
HAD_ONE, NEW_HERE = "We found your account", "You are new here"
IS_YOURS = "Is this your account?"


@pytest.mark.parametrize(
    ("person", "said", "reason"),
    [
        (KARI, HAD_ONE, "verified the same phone number"),
        ("Päivi Mäkelä-Hämäläinen", HAD_ONE, "The names agree"),
        ("Sindre Vik", HAD_ONE, "verified the same email address"),
        ("Amalie Grønn", NEW_HERE, "the number has changed hands"),
        ("Jonas Moen", NEW_HERE, "gave us no verified email address"),
        ("Gunnar Lie", NEW_HERE, "It is your first login here with Vipps"),
    ],
)
def test_straight_in_and_told_why(page: Page, person: str, said: str, reason: str) -> None:
    press_vipps(page)
    approve(page, person)
    expect_said(page, said)
    ask_why(page)
    expect(page.get_by_role("main")).to_contain_text(reason)


def test_a_returning_person_is_recognised_with_another_phone_number(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, "Sindre Vik")
    log_out(page, live_shop)
    at_simulator(page, live_shop, "sindre", "Change the number to +47 900 00 116")
    log_in_with_vipps(page, live_shop, "Sindre Vik")
    expect_said(page, "You are logged in with Vipps")


def test_proof_by_password_once(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, OLA)
    expect(heading(page)).to_have_text(IS_YOURS)
    expect(page.get_by_role("main")).not_to_contain_text(OLAS_EMAIL)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Connect Vipps and log in").click()
    expect(page.get_by_role("alert")).to_contain_text("That is not the password")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Connect Vipps and log in").click()
    is_logged_in(page, OLAS_EMAIL)
    expect_said(page, "Vipps is connected")
    log_out(page, live_shop)
    log_in_with_vipps(page, live_shop, OLA)
    expect_said(page, "You are logged in with Vipps")


def test_another_name_is_proved_by_password_only(page: Page) -> None:
    press_vipps(page)
    approve(page, "Søren Kjær Nygård")
    expect(heading(page)).to_have_text(IS_YOURS)
    expect(page.get_by_role("button", name="Send me the link")).to_have_count(0)
    expect(page.get_by_label("Password")).to_be_visible()


def test_proof_by_mail_in_the_same_browser(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, "Malik Kleist")
    page.get_by_role("button", name="Send me the link").click()
    expect_said(page, "We have sent a link")
    open_mailed_link(page, live_shop, "malik.kleist@example.com")
    expect(heading(page)).to_have_text("Connect Vipps to your account")
    page.get_by_role("button", name="Connect and log in").click()
    is_logged_in(page, "Malik Kleist")


def test_emailed_proof_ends_the_sessions_of_the_person_who_registered(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, "Ánne Márjá")
    page.get_by_role("button", name="Send me the link").click()
    open_mailed_link(page, live_shop, "anne.marja@example.com")
    page.get_by_role("button", name="Connect and log in").click()
    is_logged_in(page, "Ánne Márjá")
    expect(page.get_by_role("main")).not_to_contain_text("Some Body")
    log_out(page, live_shop)
    log_in_by_password(page, live_shop, "anne.marja@example.com")
    expect(page.get_by_role("alert")).to_contain_text("That did not work")


def test_mailed_link_opened_in_another_browser_asks_for_the_same_vipps_user(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, OLA)
    page.get_by_role("button", name="Send me the link").click()
    elsewhere = live_shop.open()
    open_mailed_link(elsewhere, live_shop, OLAS_EMAIL)
    link = elsewhere.url
    expect(elsewhere.get_by_role("main")).to_contain_text("came from another browser")
    elsewhere.get_by_role("button", name="Continue with Vipps").click()
    approve(elsewhere, "Gunnar Lie")
    expect(heading(elsewhere)).to_have_text("That was another Vipps user")
    elsewhere.goto(link)
    elsewhere.get_by_role("button", name="Continue with Vipps").click()
    approve(elsewhere, OLA)
    is_logged_in(elsewhere, OLAS_EMAIL)


def test_account_of_another_person_is_left_alone(page: Page) -> None:
    press_vipps(page)
    approve(page, OLA)
    page.get_by_role("button", name="Create a new account").click()
    expect_said(page, NEW_HERE)
    expect(page.get_by_role("main")).not_to_contain_text(OLAS_EMAIL)
    ask_why(page)
    expect(page.get_by_role("main")).to_contain_text("You said that the matching account is another person’s")


def test_of_two_accounts_the_person_chooses_one(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, "Torbjørn Åsgård")
    expect(heading(page)).to_have_text("You seem to have more than one account here")
    page.get_by_text("Why?").click()
    expect(page.get_by_role("main")).to_contain_text("we don’t guess")
    page.get_by_role("main").get_by_role("link", name="Log in with your password").click()
    log_in_by_password(page, live_shop, "torbjorn.at.work@example.com")
    connect_from_my_page(page, live_shop, "Torbjørn Åsgård")
    expect_said(page, "Vipps is connected")
    log_out(page, live_shop)
    log_in_with_vipps(page, live_shop, "Torbjørn Åsgård")
    is_logged_in(page, "torbjorn.at.work@example.com")


def test_another_vipps_user_makes_room_by_password(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, "Åsa Björklöv")
    expect(heading(page)).to_have_text("That account is connected to another Vipps user")
    page.get_by_role("main").get_by_role("link", name="Log in with your password").click()
    log_in_by_password(page, live_shop, "asa.bjorklov@example.com")
    begin_to_disconnect(page, live_shop)
    page.get_by_role("main").get_by_role("button", name="Disconnect").click()
    expect_said(page, "Vipps is disconnected")
    log_out(page, live_shop)
    log_in_with_vipps(page, live_shop, "Åsa Björklöv")
    expect_said(page, HAD_ONE)


def test_new_profile_at_vipps_is_another_vipps_user(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page)
    log_out(page, live_shop)
    at_simulator(page, live_shop, "kari", "Recreate the profile (new sub)")
    log_in_with_vipps(page, live_shop)
    expect(heading(page)).to_have_text("That account is connected to another Vipps user")


def test_blocked_account_stays_closed_for_vipps_and_for_the_password(live_shop: LiveShop, page: Page) -> None:
    press_vipps(page)
    approve(page, "Halvor Strand")
    expect(heading(page)).to_have_text("This account is blocked for now")
    log_in_by_password(page, live_shop, "halvor.strand@example.com")
    expect(page.get_by_role("main")).to_contain_text("blocked")
    page.goto(f"{live_shop.shop}/account")
    expect(heading(page)).to_have_text("Log in")


def test_members_only_makes_no_account(live_shop: LiveShop, page: Page) -> None:
    page.goto(f"{live_shop.shop}/login/vipps?members=1&next=/account")
    approve(page, "Fredrikke-Alexandrine")
    expect(heading(page)).to_have_text("This is for members")
    page.get_by_role("main").get_by_role("link", name="Create an account").click()
    expect(heading(page)).to_have_text("Create an account")
    page.goto(f"{live_shop.shop}/account")
    expect(heading(page)).to_have_text("Log in")


def test_a_person_under_fifteen_comes_back_as_if_they_had_cancelled(page: Page) -> None:
    press_vipps(page)
    page.get_by_role("button", name="Emma Bakken").click()
    page.get_by_role("button").filter(has_text=NAME).click()
    expect(heading(page)).to_have_text("The login was cancelled")
