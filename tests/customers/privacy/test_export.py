"""The copy of a customer's data: complete, without other customers' data or secrets, and safe to open."""

import io
import json
import re
import zipfile
from datetime import datetime, timedelta
from typing import Any

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.customers.models import Activity, Customer, CustomerSession, EmailToken, PendingLink
from app.customers.privacy import data_sources, export
from app.customers.privacy.export import FOR_PROGRAMS
from app.customers.privacy.retention import format_period
from app.database import db
from app.mail import Mail
from app.shop.models import Order
from app.text_tables import text_table
from tests.conftest import browser_of, open_page, post
from tests.customers.consents.steps import subject_of
from tests.customers.privacy.steps import EMAIL, NEW_EMAIL, NIN, USER_AGENT, every_row, fill, folded
from tests.customers.steps import activity_of, add_answer, add_customer, log_in
from tests.pages import Page
from tests.vipps_person import VippsPerson

EXPORT = "/account/export"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def download(client: FlaskClient) -> Any:
    return post(client, EXPORT, form_on=EXPORT)


def opened(response: Any) -> tuple[dict[str, Any], str]:
    with zipfile.ZipFile(io.BytesIO(response.data)) as packed:
        assert sorted(packed.namelist()) == ["data.json", "index.html"]
        return json.loads(packed.read("data.json")), packed.read("index.html").decode()


def copy_of(app: Flask, customer_id: int) -> dict[str, Any]:
    with app.test_request_context():
        copy: dict[str, Any] = json.loads(export.as_json(export.copy_of(db.session.get_one(Customer, customer_id))))
        return copy


@pytest.fixture
def kari(vipps: VippsPerson) -> int:
    return fill(vipps)


def test_the_copy_is_complete_and_is_not_stored(vipps: VippsPerson, kari: int) -> None:
    response = download(vipps.browser)
    assert (response.status_code, response.mimetype) == (200, "application/zip")
    assert response.headers["Content-Disposition"] == "attachment; filename=your-data.zip"
    assert response.headers["Cache-Control"] == "no-store"
    assert activity_of(vipps.app, kari)[-1] == ("data_exported", None)
    data, _page = opened(response)
    assert data["profile"]["email"] == NEW_EMAIL
    assert data["profile"]["address"]["street"] == "Setervegen 3"
    (identity,) = data["identities"]
    assert identity["subject"] == subject_of(vipps.app, kari)
    assert identity["vipps_said"]["birthdate"] == "1988-03-17"
    assert identity["vipps_said"]["addresses"][0]["street"] == "Nyfaret 9"
    assert {each["field"] for each in data["profile_history"]} >= {"name", "email", "address", "addresses"}
    (ordered,) = data["orders"]
    assert (ordered["lines"][0]["quantity"], ordered["email"]) == (1, "til.hyttevakta@ytterhorn.example")
    assert data["cart"] == [{"name": "Cloudberry enamel mug", "quantity": 1}]
    consents = data["consents"]["answers"]
    given = [(each["consent_id"], each["granted"]) for each in consents]
    assert given == [("email", True), ("sms", False), ("personal", True)]
    assert consents[0]["evidence"]["unknown"] == {"kept": True}
    assert data["sessions"][0]["user_agent"] == USER_AGENT
    assert {"logged_in", "password_set", "email_changed", "login_held"} <= {each["kind"] for each in data["activity"]}
    assert {each["email"] for each in data["mailed_links"]} == {EMAIL, NEW_EMAIL}
    assert {each["recipient"] for each in data["mails"]} == {EMAIL, NEW_EMAIL}
    assert data["pending_logins"]
    assert data["sharing_events"][0]["outcome"] == "revoked"
    assert len(data["looked_at_by_staff"]) == len(data["errors"]) == 1
    found = moments(data)
    assert len(found) > 20
    assert [each for each in found if not MOMENT.fullmatch(each)] == [], "in UTC"
    data["consents"] = None
    assert not re.search(r'"(id|[a-z_]*customer_id|link_id|staff_id|product_id)"', json.dumps(data))


def moments(value: Any, name: str = "") -> list[str]:
    if isinstance(value, dict):
        return [each for key, inner in value.items() if key != "evidence" for each in moments(inner, key)]
    if isinstance(value, list):
        return [each for inner in value for each in moments(inner, name)]
    return [value] if (name == "at" or name.endswith("_at")) and value else []


def test_every_table_that_knows_the_customer_has_its_part_without_secrets(vipps: VippsPerson, kari: int) -> None:
    """A value of each of the customer's rows is in the copy, also of a table that is added later."""
    copy, page = opened(download(vipps.browser))
    data, told = folded(copy), json.dumps(copy, ensure_ascii=False) + page
    missing = []
    for table, row in every_row(vipps.app):
        keys = [key.parent.name for key in table.foreign_keys if key.column.table.name == "customer"]
        if not any(row[key] == kari for key in keys):
            continue
        moments = [value.isoformat()[:19] for value in row.values() if isinstance(value, datetime)]
        # The index of names has no timestamps, but words of the name; the copy has all of them.
        if not any(folded(each) in data for each in moments or [row.get("word", "nothing")]):
            missing.append(table.name)
    assert missing in ([], ["cart"])  # the copy has the cart's products, not its timestamp
    with vipps.app.app_context():
        customer = db.session.get_one(Customer, kari)
        kept = (CustomerSession.token_hash, EmailToken.token_hash, PendingLink.browser_hash, Order.checkout_key)
        secrets = [customer.password_hash, *(each for column in kept for each in db.session.scalars(select(column)))]
        bodies = db.session.scalars(select(Mail.body)).all()
        links = [link for body in bodies for link in re.findall(r"http\S+/\S{30,}", body)]
    assert links
    for secret in (*secrets, *links, "argon2", NIN):
        assert str(secret) not in told


def test_the_copy_has_no_data_of_other_customers(vipps: VippsPerson, kari: int) -> None:
    app = vipps.app
    with app.app_context():
        other = db.session.scalars(select(Customer).where(Customer.email == "ingrid.solheim@example.com")).one()
        number = other.id
        # Another person's login is pending at this customer's account.
        waiting = db.session.scalars(select(PendingLink).where(PendingLink.customer_id == kari)).one()
        waiting.subject, waiting.claims = "the stranger's sub", {"name": "A Stranger"}
        db.session.add(
            Mail(recipient="ingrid.solheim@example.com", subject="For Ingrid", body="", kind="reset_password")
        )
        db.session.commit()
        agent = "Mozilla/5.0 (Windows NT 10.0) Chrome/99 of a Stranger"
        held = {"kind": "login_held", "user_agent": agent, "reference": "ABCD-2345"}
        db.session.add(Activity(customer_id=kari, **held))
        db.session.commit()
    add_answer(app, number, text="What Ingrid was asked")
    told = json.dumps(opened(download(vipps.browser))[0])
    assert "Chrome on Windows" in told
    for value in ("ngrid", "tranger", "Other Person", "staff@shop.example"):
        assert value not in told
    assert "Setervegen" not in json.dumps(copy_of(app, number))
    assert "What Ingrid was asked" in json.dumps(copy_of(app, number))


def test_the_copy_is_limited_in_size(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_sources, "MAX_ROWS", 3)
    customer_id, client = add_customer(app), browser_of(app)
    for _ in range(6):
        log_in(client)
    copy = copy_of(app, customer_id)
    assert [len(copy[name]) for name in ("sessions", "activity")] == [3, 3]
    assert copy["newest_of_a_kind_at_most"] == 3
    assert copy["sessions"][0]["ended_at"] is None  # the newest


# The page in the copy.


def test_the_readable_page_has_a_label_for_every_member(vipps: VippsPerson, kari: int) -> None:
    data, html = opened(download(vipps.browser))
    page = Page(html)
    values = ("Setervegen 3", "17 March 1988", "Cloudberry enamel mug", "Receive offers via email", "179,00 kr")
    for said in (*values, "The password was set", "Your Vipps identifier in this shop (sub)"):
        assert said in page.text, said
    assert "None" not in page.text.split()
    assert "%(" not in page.text
    html5lib.HTMLParser(strict=True).parse(page.html)
    assert not page.select("script, img, a, iframe, link")
    assert page.html.count("<style>") == 1
    assert "default-src 'none'" in str(page.one('meta[http-equiv="Content-Security-Policy"]')["content"])
    with vipps.app.test_request_context():
        assert [each.get_text() for each in page.select("h2")] == export.titles()
    assert [each for each in page.select("dt") if "_" in each.get_text()] == []
    assert set(data) - {"about", "made_at", "newest_of_a_kind_at_most"} == {
        holder.name for holder in vipps.app.extensions[data_sources.REGISTRY] if holder.export
    }
    with vipps.app.app_context():
        packages = {source.package for source in data_sources.registered()}
        labels = {name for package in packages for name in text_table(package, "data_labels")}
    vipps.browser.set_cookie("language", "nb")
    assert Page(opened(download(vipps.browser))[1]).one("html")["lang"] == "nb"
    assert members(data) - {"about", "made_at", "newest_of_a_kind_at_most"} - set(data) <= labels | FOR_PROGRAMS


def members(value: Any) -> set[str]:
    """Return the names of all members, except those inside objects that are stored as received."""
    if isinstance(value, dict):
        inner = [members(each) for name, each in value.items() if name != "evidence"]
        return set(value).union(*inner)
    return set().union(*(members(each) for each in value)) if isinstance(value, list) else set()


# Who can download it.


def test_the_page_before_the_copy_lists_its_contents(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    assert open_page(client, "/account").select(f'main a[href="{EXPORT}"]')
    page = open_page(client, EXPORT)
    with app.test_request_context():
        for title in export.titles():
            assert title in page.text


def test_the_number_of_copies_is_limited(app: Flask, client: FlaskClient) -> None:
    add_customer(app)
    log_in(client)
    codes = [download(client).status_code for _ in range(11)]
    assert codes == [200] * 10 + [429]


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (timedelta(days=1095), "3 years"), (timedelta(days=1096), "3 years"), (timedelta(days=1098), "1098 days"),
        (timedelta(days=1827), "5 years"), (timedelta(days=365), "1 year"), (timedelta(days=367), "367 days"),
        (timedelta(days=90), "90 days"), (timedelta(days=1), "1 day"), (timedelta(hours=12), "12 hours"),
        (timedelta(minutes=75), "75 minutes"),
    ],
)  # fmt: skip
def test_a_period_is_written_in_words(app: Flask, period: timedelta, words: str) -> None:
    with app.test_request_context():
        assert format_period(period) == words
