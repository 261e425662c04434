"""My page: what is shown, that it is the customer's own, and that it is shown as text."""

import re
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers import account_activity
from app.customers.models import Customer, Kind, VippsLink, VippsProfile
from app.database import db
from app.vipps.matching import Decision, Verdict
from tests.conftest import browser_of, open_page, post
from tests.customers.steps import EMAIL, add_answer, add_customer, log_in

TOLD_AT = datetime(2026, 3, 4, 11, 5, tzinfo=UTC)
HOME = {"type": "home", "street": "Fjordveien 12\nUnit B5", "postal_code": "5003", "region": "BERGEN", "country": "NO"}
WORK = {"type": "work", "street": "Vestergade 3", "postal_code": "1456", "region": "KØBENHAVN", "country": "DK"}


# Where my page leads, whatever the account has.
EVERYWHERE = [f"/account/{page}" for page in ("profile", "email", "password", "sessions", "activity")] + ["/orders"]


def tell(app: Flask, customer_id: int, addresses: list[dict[str, str]]) -> None:
    with app.app_context():
        link = db.session.scalars(select(VippsLink).where(VippsLink.customer_id == customer_id)).one()
        link.linked_at = TOLD_AT
        db.session.add(VippsProfile(link=link, received_at=TOLD_AT, addresses=addresses))
        db.session.commit()


def test_an_account_with_a_password_only(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    page = open_page(client, "/account")
    assert page.h1 == "My page"
    for words in ("Tuva Lien", EMAIL, "confirmed", "Not connected", "Change your password", "Recent logins"):
        assert words in page.text, words
    assert "Addresses from Vipps" not in page.text
    assert not page.select("main form[action='/account/vipps/refresh']")
    for path in (*EVERYWHERE, "/account/vipps/link"):
        assert page.select(f"main a[href='{path}']"), path
    assert not page.select("main a[href='/account/vipps/unlink']")
    assert page.select("main form[action='/logout']")


def test_an_account_with_vipps(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app, vipps=True)
    tell(app, customer_id, [HOME, WORK])
    log_in(client)
    page = open_page(client, "/account")
    assert "since 4 March 2026" in page.text
    for path in (*EVERYWHERE, "/account/vipps/unlink"):
        assert page.select(f"main a[href='{path}']"), path
    assert not page.select("main a[href='/account/vipps/link']")
    assert page.one("main form[action='/account/vipps/refresh']")
    assert "As we got them from Vipps on 4 March 2026" in page.text
    shown = [list(block.stripped_strings) for block in page.select("main address")]
    assert shown == [["Fjordveien 12", "Unit B5", "5003 BERGEN"], ["Vestergade 3", "1456 KØBENHAVN", "Denmark"]]


def test_the_latest_answer_to_each_question_with_its_exact_words(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app)
    add_answer(app, customer_id, "mail", True, "May we write to you?", at=TOLD_AT)
    add_answer(app, customer_id, "sms", True, "May we send you <b>texts</b>?", at=TOLD_AT)
    add_answer(app, customer_id, "mail", False, "May we write to you now and then?", at=TOLD_AT)
    log_in(client)
    answers = [
        re.sub(r" \d\d:\d\d", "", " ".join(each.get_text(" ").split()))
        for each in open_page(client, "/account").select("li.answer")
    ]
    assert answers == [
        "No 4 March 2026 May we write to you now and then?",
        "Yes 4 March 2026 May we send you <b>texts</b>?",
    ]


def test_a_login_with_a_decision_says_why_and_the_others_do_not(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app, vipps=True)
    decision = Decision(Verdict.KNOWN_SUBJECT, customer_id, ("subject_known",))
    with app.test_request_context():
        line = account_activity.record(
            db.session.get_one(Customer, customer_id), Kind.LOGGED_IN, method="vipps", decision=decision
        )
        db.session.commit()
        number = line.id
    log_in(client)
    latest = open_page(client, "/account").select(".rows--tight li")
    assert [row.get_text().strip().endswith("Password") for row in latest] == [True, False]
    assert [link["href"] for row in latest for link in row.select("a")] == [f"/account/activity/{number}"]


def test_the_browsers_that_are_logged_in_are_counted(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    other, left = browser_of(app), browser_of(app)
    log_in(left)
    post(left, "/logout", form_on="/account")
    log_in(client)
    assert "in 1 browser See where" in open_page(client, "/account").text
    log_in(other)
    assert "in 2 browsers See where" in open_page(client, "/account").text


def test_a_link_of_another_sales_unit_is_no_connection(app: Flask, client: FlaskClient) -> None:
    """A shop that has moved to another sales unit cannot know its customers by the old one's subjects."""
    customer_id = add_customer(app, vipps=True)
    with app.app_context():
        link = db.session.scalars(select(VippsLink).where(VippsLink.customer_id == customer_id)).one()
        link.client_id = "an-earlier-sales-unit"
        db.session.commit()
    log_in(client)
    assert "Not connected" in open_page(client, "/account").text


def test_a_customer_cannot_see_another_customers_page(app: Flask, client: FlaskClient) -> None:
    other = add_customer(app, "other@example.com", vipps=True)
    tell(app, other, [HOME])
    add_answer(app, other, "mail", True, "May we write to you?")
    log_in(browser_of(app), "other@example.com")
    add_customer(app)
    log_in(client)
    page = open_page(client, "/account")
    for words in ("other@example.com", "Fjordveien", "May we write"):
        assert words not in page.text
    assert len(page.select(".rows--tight li")) == 1
