"""The preference centre, and the link in an email that ends a consent."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeSerializer
from sqlalchemy import text, update

from app.about import NAME
from app.customers.accounts import registration
from app.customers.consents import ledger, preferences, unsubscribe
from app.customers.consents.channels import ALL
from app.customers.models import Customer
from app.database import db, utcnow
from app.mail import compose
from tests.conftest import browser_of, open_page, post
from tests.customers.consents.steps import answers_of, ledger_of, revoked, subject_of
from tests.customers.steps import EMAIL, activity_of, add_answer, add_customer, enter, forget_confirmations, mails
from tests.pages import Page
from tests.threads import at_once

GIVEN = datetime(2026, 10, 14, 9, 31, 5, tzinfo=UTC)
CENTRE = "/account/consents"
KINDS = ("consent_given", "consent_withdrawn")


@pytest.fixture
def customer_id(app: Flask, client: FlaskClient) -> int:
    """Return a customer who is logged in without a recent re-authentication."""
    customer_id = add_customer(app, vipps=True)
    enter(app, client, customer_id)
    forget_confirmations(app)
    return customer_id


def states(app: Flask, customer_id: int) -> dict[str, str]:
    with app.app_context():
        found = preferences.channel_statuses(db.session.get_one(Customer, customer_id))
        return {each.channel.id: each.state.value for each in found}


def row_of(page: Page, channel: str) -> str:
    return " ".join(page.one(f"#channel-{channel}").get_text(" ").split())


def switch(client: FlaskClient, consent: str, answer: str) -> Any:
    return post(client, CENTRE, {"consent": consent, "answer": answer}, form_on=CENTRE)


def changes(app: Flask, customer_id: int) -> list[str]:
    return [kind for kind, _method in activity_of(app, customer_id) if kind in KINDS]


def test_before_any_answer_all_is_off(app: Flask, client: FlaskClient, customer_id: int) -> None:
    page = open_page(client, CENTRE)
    assert page.h1 == "News and offers"
    for channel in ALL:
        assert row_of(page, channel.id).startswith(f"{channel.label} Off Turn on")
    assert "You haven’t been asked yet, so this is off." in page.text
    assert "Turn all off" not in page.text
    assert "Other answers" not in page.text


def test_an_answer_is_shown_with_its_words_time_and_source(app: Flask, client: FlaskClient, customer_id: int) -> None:
    about = {"heading": "Stay in touch", "description": "By confirming …", "at": GIVEN}
    links = [{"title": "Read the terms", "url": "https://example.com/terms"}]
    add_answer(app, customer_id, "email", True, "Få tilbud på E-post", language="no", links=links, **about)
    add_answer(app, customer_id, "sms", False, "Receive offers via SMS", at=GIVEN)
    page = open_page(client, CENTRE)
    email = row_of(page, "email")
    for words in ("On", "Turn off", "You said yes: 14 October 2026 11:31 , in Vipps", "Få tilbud", "Stay in touch"):
        assert words in email, words
    assert "By confirming …" in email
    assert page.one("#channel-email blockquote")["lang"] == "no"
    assert page.one("#channel-email blockquote a")["href"] == "https://example.com/terms"
    assert "Off Turn on" in row_of(page, "sms")
    assert "You said no: 14 October 2026 11:31 , in Vipps" in row_of(page, "sms")


def test_one_click_turns_a_channel_on_and_one_click_off(app: Flask, client: FlaskClient, customer_id: int) -> None:
    """No re-authentication is needed, and the exact words are recorded."""
    assert switch(client, "sms", "on").headers["Location"] == CENTRE
    assert states(app, customer_id)["sms"] == "on"
    page = open_page(client, CENTRE)
    assert "You said yes:" in row_of(page, "sms")
    assert "here on the site" in row_of(page, "sms")
    switch(client, "sms", "off")
    assert states(app, customer_id)["sms"] == "off"
    yes, no = ledger_of(app, customer_id)
    assert (yes.granted, no.granted) == (True, False)
    for row in (yes, no):
        assert row.text == f"Send me news and offers from {NAME} by SMS."
        assert row.text in row_of(page, "sms")
        assert (row.heading, row.language, row.source, row.subject) == ("SMS", "en", "my_page", None)
        assert row.evidence is not None
        assert row.evidence["shown"]["text"] == row.text
        assert row.object_hash == ledger.object_hash(row.evidence)
    assert changes(app, customer_id) == ["consent_given", "consent_withdrawn"]


def test_the_words_are_kept_in_the_language_of_the_page(app: Flask, client: FlaskClient, customer_id: int) -> None:
    client.get("/language/nb")
    switch(client, "sms", "on")
    assert [row.language for row in ledger_of(app, customer_id)] == ["nb"]


def test_a_yes_from_vipps_is_withdrawn_here(app: Flask, client: FlaskClient, customer_id: int) -> None:
    add_answer(app, customer_id, "email", True, at=GIVEN, required=True)
    switch(client, "email", "off")
    assert states(app, customer_id)["email"] == "off"
    assert answers_of(app, customer_id) == [("email", True, "vipps_login"), ("email", False, "my_page")]


def test_a_second_click_records_no_second_answer(app: Flask, client: FlaskClient, customer_id: int) -> None:
    for answer in ("on", "on", "off", "off"):
        assert switch(client, "email", answer).status_code == 303
    assert [granted for _id, granted, _source in answers_of(app, customer_id)] == [True, False]
    assert len(changes(app, customer_id)) == 2
    (mail,) = mails(app, "consent_given")
    assert "/unsubscribe/" in mail.body
    switch(client, "sms", "on")
    assert len(mails(app)) == 1, "a yes to SMS sends no email"


def test_two_clicks_at_once_are_one_answer(either_app: Flask) -> None:
    customer_id, browsers = add_customer(either_app), [browser_of(either_app) for _ in range(3)]
    for browser in browsers:
        enter(either_app, browser, customer_id)
    tokens = [open_page(browser, CENTRE).csrf_token() for browser in browsers]
    data = {"consent": "email", "answer": "on"}
    calls = [
        lambda b=b, t=t: b.post(CENTRE, data={**data, "csrf_token": t}).status_code
        for b, t in zip(browsers, tokens, strict=True)
    ]
    assert at_once(*calls) == [303] * 3
    assert answers_of(either_app, customer_id) == [("email", True, "my_page")]


def test_all_off_in_one_step(app: Flask, client: FlaskClient, customer_id: int) -> None:
    for consent_id in ("email", "sms", "cf_newsletter"):
        add_answer(app, customer_id, consent_id, True, at=GIVEN)
    add_answer(app, customer_id, "cf_accept_terms", True, at=GIVEN, required=True)
    assert open_page(client, CENTRE).one(f"main form[action='{CENTRE}/off']")
    for _ in range(2):
        assert post(client, f"{CENTRE}/off", form_on=CENTRE).headers["Location"] == CENTRE
    assert set(states(app, customer_id).values()) == {"off"}
    said_no = [(name, source) for name, granted, source in answers_of(app, customer_id) if not granted]
    assert said_no == [("email", "my_page"), ("sms", "my_page"), ("cf_newsletter", "my_page")]
    assert changes(app, customer_id) == ["consent_withdrawn"]


def test_other_answers_are_shown_and_can_only_be_withdrawn(app: Flask, client: FlaskClient, customer_id: int) -> None:
    add_answer(app, customer_id, "cf_accept_terms", True, "I accept the terms", required=True, at=GIVEN)
    add_answer(app, customer_id, "cf_newsletter", True, "Send me the newsletter", at=GIVEN)
    page = open_page(client, CENTRE)
    section = page.one("section[aria-labelledby=others]")
    assert "don’t use them" in section.get_text(" ")
    assert "I accept the terms" in section.get_text(" ")
    assert [each["value"] for each in section.select("input[name=consent]")] == ["cf_newsletter"]
    switch(client, "cf_newsletter", "off")
    switch(client, "cf_accept_terms", "off")
    assert switch(client, "cf_newsletter", "on").status_code == 400
    last = ledger_of(app, customer_id)[-1]
    assert (last.consent_id, last.granted, last.text) == ("cf_newsletter", False, "Send me the newsletter")
    assert len(ledger_of(app, customer_id)) == 3


@pytest.mark.parametrize(
    "data", [{}, {"consent": "email"}, {"consent": "email", "answer": "yes"}, {"consent": "fax", "answer": "on"}]
)
def test_an_invalid_form_changes_nothing(
    app: Flask, client: FlaskClient, customer_id: int, data: dict[str, str]
) -> None:
    assert post(client, CENTRE, data, form_on=CENTRE).status_code == 400
    assert post(client, f"{CENTRE}/asked", data, form_on=CENTRE).status_code == 400
    switch(client, "x" * 5000, "off")  # a question that was never asked
    assert answers_of(app) == []


def test_a_yes_from_vipps_is_suspended_without_a_row(app: Flask, client: FlaskClient, customer_id: int) -> None:
    add_answer(app, customer_id, "email", True, at=GIVEN, subject=subject_of(app, customer_id))
    add_answer(app, customer_id, "digital", True, at=GIVEN, subject="another Vipps user")
    switch(client, "sms", "on")
    assert "rests" not in open_page(client, CENTRE).text
    revoked(app, customer_id, GIVEN)
    assert states(app, customer_id) == {"email": "resting", "sms": "on", "digital": "on", "personal": "off"}
    page = open_page(client, CENTRE)
    assert "Your consent given in Vipps is paused" in page.text
    assert "Paused Turn on Email Turn off Email" in row_of(page, "email")
    assert len(ledger_of(app)) == 3


@pytest.mark.parametrize(("answer", "state"), [("on", "on"), ("off", "off")])
def test_a_suspended_yes_can_be_changed_here(
    app: Flask, client: FlaskClient, customer_id: int, answer: str, state: str
) -> None:
    add_answer(app, customer_id, "email", True, at=GIVEN, subject=subject_of(app, customer_id))
    revoked(app, customer_id, GIVEN)
    switch(client, "email", answer)
    assert states(app, customer_id)["email"] == state
    assert answers_of(app)[1:] == [("email", answer == "on", "my_page")]


def test_a_long_history_shows_its_newest(app: Flask, client: FlaskClient, customer_id: int, monkeypatch: Any) -> None:
    monkeypatch.setattr("app.customers.routes.consents.HISTORY_SHOWN", 2)
    for n in range(3):
        add_answer(app, customer_id, "email", True, f"Wording {n}", at=GIVEN.replace(day=14 + n))
    section = open_page(client, CENTRE).one("section[aria-labelledby=history]")
    assert [each.get_text().strip() for each in section.select("blockquote")] == ["Wording 2", "Wording 1"]
    assert "the newest 2 of 3" in section.get_text()
    assert len(json.loads(client.get(f"{CENTRE}/evidence").data)["answers"]) == 3


def test_the_evidence_is_a_file_that_can_be_checked(app: Flask, client: FlaskClient, customer_id: int) -> None:
    add_answer(app, customer_id, "email", True, "Få tilbud", at=GIVEN, subject="the-subject")
    add_answer(app, add_customer(app, "other@example.com"), "sms", True)
    response = client.get(f"{CENTRE}/evidence")
    assert response.mimetype == "application/json"
    assert response.headers["Content-Disposition"] == "attachment; filename=consents.json"
    assert response.headers["Cache-Control"] == "no-store"
    (answer,) = json.loads(response.data)["answers"]
    assert (answer["consent_id"], answer["granted"], answer["text"]) == ("email", True, "Få tilbud")
    assert answer["given_at"] == "2026-10-14T09:31:05+00:00"
    assert answer["object_hash"] == ledger.object_hash(answer["evidence"])


def test_an_address_that_is_not_confirmed_gets_no_email(app: Flask, client: FlaskClient) -> None:
    customer_id = add_customer(app, confirmed=False)
    enter(app, client, customer_id)
    switch(client, "email", "on")
    assert mails(app) == []
    assert "You have no confirmed address or number" in row_of(open_page(client, CENTRE), "email")


def test_my_page_names_the_active_channels_and_links_to_them(app: Flask, client: FlaskClient, customer_id: int) -> None:
    page = open_page(client, "/account")
    assert "All consents are off: we send you nothing." in page.text
    assert page.select(f"main a[href='{CENTRE}']")
    switch(client, "sms", "on")
    add_answer(app, customer_id, "email", True, subject=subject_of(app, customer_id))
    assert "On: Email, SMS" in open_page(client, "/account").text
    switch(client, "sms", "off")
    revoked(app, customer_id, GIVEN)
    assert "Your consent given in Vipps is paused." in open_page(client, "/account").text


@pytest.mark.parametrize(
    ("environ", "said"), [({}, True), ({"DEMO": "0"}, False), ({"VIPPS_CONSENT_SCOPE": "customFlow"}, False)]
)
def test_the_demo_says_that_the_scope_is_legacy(make_app: Any, environ: dict[str, str], said: bool) -> None:
    app = make_app(**environ)
    client = browser_of(app)
    enter(app, client, add_customer(app))
    assert ("calls legacy" in open_page(client, CENTRE).text) is said


UNKNOWN = "We do not know this link"
STOPPED = "You are unsubscribed"


@pytest.fixture
def reader(app: Flask) -> int:
    """Return a customer who has said yes to emails."""
    reader = add_customer(app)
    add_answer(app, reader, "email", True)
    return reader


def path_for(app: Flask, reader: int, consent_id: str = "email") -> str:
    with app.test_request_context():
        return f"/unsubscribe/{unsubscribe.token_for(db.session.get_one(Customer, reader), consent_id)}"


def signed(app: Flask, value: Any, salt: str = unsubscribe.SALT) -> str:
    key = app.extensions["settings"].signing_key
    return f"/unsubscribe/{URLSafeSerializer(key, salt=salt).dumps(value)}"


def test_opening_the_link_changes_nothing_and_shows_nothing_personal(app: Flask, reader: int) -> None:
    page = open_page(browser_of(app), path_for(app, reader))
    assert page.h1 == "Unsubscribe?"
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "Email" in page.text
    for personal in (EMAIL, "Tuva", "Lien"):
        assert personal not in page.html
    assert [granted for _id, granted, _source in answers_of(app)] == [True]


def test_the_button_withdraws_at_once_without_a_login(app: Flask, client: FlaskClient, reader: int) -> None:
    path = path_for(app, reader)
    response = post(client, path, form_on=path)
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-store")
    assert STOPPED in response.text
    assert EMAIL not in response.text
    assert answers_of(app) == [("email", True, "vipps_login"), ("email", False, "unsubscribe")]
    row = ledger_of(app)[-1]
    assert row.text == f"Send me news and offers from {NAME} by email."
    assert activity_of(app, reader) == [("consent_withdrawn", "mail")]


def test_an_email_program_unsubscribes_without_cookie_or_token(app: Flask, reader: int) -> None:
    """RFC 8058, section 3.2: a POST with `List-Unsubscribe=One-Click`, without cookies, from any sender."""
    for _ in range(3):
        client = app.test_client()
        client.environ_base["HTTP_SEC_FETCH_SITE"] = "cross-site"
        response = client.post(path_for(app, reader), data={"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
    assert [granted for _id, granted, _source in answers_of(app)] == [True, False]
    assert len(activity_of(app, reader)) == 1


def test_the_link_ends_its_channel_and_not_the_others(app: Flask, client: FlaskClient, reader: int) -> None:
    add_answer(app, reader, "sms", True)
    client.post(path_for(app, reader, "email"))
    assert answers_of(app)[-1] == ("email", False, "unsubscribe")
    client.post(path_for(app, reader, "sms"))
    assert answers_of(app)[-1] == ("sms", False, "unsubscribe")


def test_the_link_ends_a_renewed_yes_and_a_channel_without_an_answer(app: Flask, client: FlaskClient) -> None:
    reader = add_customer(app)
    for _ in range(2):
        client.post(path_for(app, reader))
        add_answer(app, reader, "email", True)
    client.post(path_for(app, reader))
    assert [granted for _id, granted, _source in answers_of(app)] == [False, True, False, True, False]


def test_a_blocked_customer_can_unsubscribe_too(app: Flask, client: FlaskClient, reader: int) -> None:
    with app.test_request_context():
        registration.block(db.session.get_one(Customer, reader))
        db.session.commit()
    assert client.post(path_for(app, reader)).status_code == 200
    assert answers_of(app)[-1] == ("email", False, "unsubscribe")


def test_a_forged_link_does_nothing_and_gets_an_ordinary_page(app: Flask, client: FlaskClient, reader: int) -> None:
    sound = path_for(app, reader)
    with app.app_context():
        birth = unsubscribe._created(db.session.get_one(Customer, reader))
    forged = [
        sound[:-9] + ("A" if sound[-9] != "A" else "B") + sound[-8:],  # the last character has spare bits
        sound[:30],
        sound + "x" * 600,
        "/unsubscribe/x",
        "/unsubscribe/%00",
        signed(app, [reader, "email", birth], salt="another"),
        signed(app, [reader, "email", birth + 1]),
        signed(app, [reader, "cf_accept_terms", birth]),
        signed(app, [reader + 1, "email", birth]),
    ]
    for path in forged:
        assert open_page(client, path, 404).h1 == UNKNOWN, path
        assert UNKNOWN in client.post(path).text
    assert len(ledger_of(app)) == 1


def test_a_deleted_customers_link_is_unknown(app: Flask, client: FlaskClient, reader: int) -> None:
    """This also holds if another customer has the id, as after a restored backup."""
    path = path_for(app, reader)
    with app.test_request_context():
        customer = db.session.get_one(Customer, reader)
        ledger.erase(customer, "a pseudonym", utcnow())
        db.session.delete(customer)
        db.session.commit()
    assert open_page(client, path, 404).h1 == UNKNOWN
    again = add_customer(app)
    with app.app_context():
        db.session.execute(text("DELETE FROM customer_name_word"))  # its rows have the customer's id too
        db.session.execute(update(Customer).where(Customer.id == again).values(id=reader))
        db.session.commit()
    assert client.post(path).status_code == 404
    assert answers_of(app, reader) == []


def test_a_marketing_email_has_the_headers_for_one_click(app: Flask, reader: int) -> None:
    with app.test_request_context():
        headers = unsubscribe.headers(db.session.get_one(Customer, reader), "email")
        message = compose(app.extensions["settings"], EMAIL, "News", "Hello.", headers)
    link = f"<http://localhost:8000{path_for(app, reader)}>"
    assert message["List-Unsubscribe"] == link
    wire = message.as_bytes().decode()
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n" in wire
    assert link in wire.replace("\n ", ""), "the link must not be encoded or cut"
