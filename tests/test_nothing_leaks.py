"""Search log, database, tracebacks and error pages for the secrets and personal data of one customer's whole history.

Every secret, code and token is recorded where it is sent: to Vipps, in cookies, redirects, forms and emails. The name,
address, email and phone number of the customer occur nowhere else. The two tables below are exact: the test fails for a
column that is missing in them and for one too many (ASVS 16.2.5, 14.2.4; GDPR, article 5(1)(c)).
"""

import json
import logging
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qs, urlsplit

import flask
import pytest
from flask import Flask, Response, request_finished
from sqlalchemy import select, text

from app.customers.models import VippsLink
from app.database import db, utcnow
from app.mail import Mail
from app.settings import DEMO_CLIENT_SECRET
from app.vipps.transport import Call, call_made
from tests.conftest import ENVIRONMENT, browser_of, open_page, post
from tests.customers.consents.steps import delegated
from tests.customers.steps import link_in, mails, register
from tests.shop.steps import checkout_page, order_form, put_into_cart
from tests.staff import steps as office
from tests.vipps.events import event
from tests.vipps.webhook_steps import ADDRESS
from tests.vipps_person import VippsPerson

Kept = dict[str, set[str]]

WEBHOOK_TOKEN = "whk-Zq7NfW2pXr8sLd4vTy6uBe1aCk9mGj3h"
CLIENT_SECRET, SECRET_KEY = DEMO_CLIENT_SECRET, ENVIRONMENT["SECRET_KEY"]
PASSWORD, NEW_PASSWORD, WRONG_PASSWORD = "Zwölf blaue Kähne 71", "Ein rotes Haus 8842 am Fjord", "Zwölf blaue Kähne 72"
PERSON = {
    "email": {"zeldora.quistgaard@example.net"},
    "phone": {"4799887766"},
    "name": {"Zeldora", "Quistgaard"},
    "street": {"Kvitrevvegen 77"},
    "nin": {"01019098765"},  # the shop does not request it
}

STRANGER = "a-sub-of-no-account"

# Secrets and the columns that may have them. Other columns have at most a hash.
SECRETS_IN = {
    ("nonce", "login_attempt.nonce"),  # until the callback compares it
    ("verifier", "login_attempt.code_verifier"),  # until the code is redeemed
    ("mailed token", "mail.body"),  # the demo's outbox, in place of a mail server
}
# Personal data and the columns that may have it, while the account exists.
PERSON_IN = {
    ("email", "customer.email"), ("name", "customer.name"), ("phone", "customer.phone_number"),
    ("sub", "vipps_link.subject"), ("email", "vipps_profile.email"), ("name", "vipps_profile.name"),
    ("name", "vipps_profile.given_name"), ("name", "vipps_profile.family_name"),
    ("phone", "vipps_profile.phone_number"), ("street", "vipps_profile.addresses"), ("phone", "profile_change.after"),
    # A pending login, for at most an hour.
    ("sub", "pending_link.subject"),
    *((kind, "pending_link.claims") for kind in ("email", "name", "phone", "street", "sub")),
    ("email", "mailed_proof.email"), ("email", "mail.recipient"), ("email", "shop_order.email"),
    ("name", "shop_order.name"), ("street", "shop_order.address"), ("sub", "consent_record.subject"),
}  # fmt: skip
# After the erasure: the demo's outbox, in place of the customer's mailbox, and for a day the inspector's record of
# a response without a `sub`, in which this test uses the name as an error code.
PERSON_STAYS_IN = {("email", "mail.recipient")}
if find_spec("app.guide"):
    # The demo's inspector, for the browser that made the login.
    PERSON_IN |= {(kind, "inspected_login.callback") for kind in ("email", "name", "phone", "street", "sub")}
    PERSON_STAYS_IN |= {("name", "inspected_login.callback")}


class Recorder:
    """Records every secret that a shop sends or receives, by kind."""

    def __init__(self) -> None:
        self.secrets: Kept = defaultdict(set)
        self.person: Kept = defaultdict(set, {kind: set(values) for kind, values in PERSON.items()})
        self.error_pages: list[str] = []

    def call(self, sender: object, call: Call) -> None:
        if "Authorization" in call.headers:
            self.secrets["credentials"].add(call.headers["Authorization"].partition(" ")[2])
        for name, values in parse_qs((call.body or b"").decode()).items():
            if kind := {"code": "code", "code_verifier": "verifier"}.get(name):
                self.secrets[kind].update(values)
        answer = json.loads(call.answer_body or b"{}")
        self.secrets["token"].update(str(answer[name]) for name in ("access_token", "id_token") if name in answer)
        if answer.get("sub", STRANGER) != STRANGER:
            self.person["sub"].add(str(answer["sub"]))

    def response(self, sender: Flask, response: Response) -> None:
        """Record the cookies, redirect and form tokens of a response, and the whole page if it is an error."""
        for header in response.headers.getlist("Set-Cookie"):
            for morsel in SimpleCookie(header).values():
                self.secrets["cookie"].add(morsel.value)
        query = parse_qs(urlsplit(response.headers.get("Location", "")).query)
        for name in ("state", "nonce"):
            self.secrets[name].update(query.get(name, []))
        self.secrets["csrf"].add(str(flask.session.get("csrf_token", "")))
        if response.is_streamed or not response.mimetype.startswith("text/html"):
            return
        page = response.get_data(as_text=True)
        self.secrets["csrf"].update(re.findall(r'name="csrf_token" value="([^"]+)"', page))
        if response.status_code >= 400 and response.status_code != 422:  # 422: the visitor's own form, shown again
            # The header has the name of the logged-in customer, on every page.
            self.error_pages.append(re.sub(r"<header.*?</header>", "", page, flags=re.S))

    def callback(self, path: str) -> str:
        """Record the code of a callback; return the path."""
        self.secrets["code"].update(parse_qs(urlsplit(path).query).get("code", []))
        return path

    def all_secrets(self) -> Kept:
        """Return the recorded secrets that are long enough to search for, and the shop's own."""
        self.secrets["password"] = {PASSWORD, NEW_PASSWORD, WRONG_PASSWORD}
        self.secrets["ours"] = {CLIENT_SECRET, WEBHOOK_TOKEN, SECRET_KEY}
        return {kind: {value for value in values if len(value) >= 16} for kind, values in self.secrets.items()}


@contextmanager
def everything_is_logged() -> Iterator[None]:
    """Set every library to its most detailed log level."""
    names = ["", "authlib", "urllib3", "sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "flask-limiter", "limits"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


@pytest.fixture
def vipps(make_app: Any, simulator: str) -> VippsPerson:
    """Return a shop with its own secrets, and a Vipps user whose data occurs nowhere else."""
    shop = make_app(demo=True, SIMULATOR_URL=simulator, VIPPS_WEBHOOK_TOKEN=WEBHOOK_TOKEN)
    person = VippsPerson(shop, browser_of(shop), simulator)
    home = {
        "address_type": "home", "street_address": "Kvitrevvegen 77", "postal_code": "9990", "region": "Båtsfjord",
        "country": "NO",
    }  # fmt: skip
    person.patch(
        "persons/gunnar",
        {
            "given_name": "Zeldora", "family_name": "Quistgaard", "email": "zeldora.quistgaard@example.net",
            "email_state": "confirmed", "phone_numbers": ["4799887766"], "addresses": [home],
        },
    )  # fmt: skip
    return person


def log_in_with_vipps(vipps: VippsPerson, recorder: Recorder, browser: Any = None, **wishes: Any) -> Any:
    browser = browser or vipps.browser
    callback = recorder.callback(vipps.approve(vipps.start(browser=browser), "gunnar", **wishes))
    return browser.get(callback)


def fail_in_every_way(vipps: VippsPerson, recorder: Recorder) -> None:
    faults: list[dict[str, Any]] = [
        {"token": {"status": 401, "body": {"error": "invalid_client"}}},
        {"token": {"status": 503, "body": {"error": "Quistgaard"}}}, {"id_token": {"nonce": "another"}},
        {"id_token": {"at_hash": "x"}}, {"userinfo": {"status": 500}}, {"claims": {"sub": STRANGER}},
    ]  # fmt: skip
    for each in faults:
        assert log_in_with_vipps(vipps, recorder, browser_of(vipps.app), faults=each).status_code >= 400
    for action in ({"action": "deny"}, {"action": "error", "error": "server_error"}):
        assert log_in_with_vipps(vipps, recorder, browser_of(vipps.app), **action).status_code >= 400
    callback = recorder.callback(vipps.approve(vipps.start(), "gunnar"))
    assert browser_of(vipps.app).get(callback).status_code == 400, "another browser"
    assert vipps.browser.get(callback.replace("code=", "state=x&code=")).status_code == 400


def be_a_customer(vipps: VippsPerson, recorder: Recorder) -> int:
    """Register, confirm, link, log in again, answer, order; return the customer's id."""
    (email,), browser, app = PERSON["email"], vipps.browser, vipps.app
    register(browser, email, PASSWORD, name="Zeldora Quistgaard")
    assert log_in_with_vipps(vipps, recorder, browser_of(app)).headers["Location"].endswith("/login/vipps/prove")
    link = link_in(mails(app, "confirm_address", email)[-1], "confirm")
    assert post(browser, link, form_on=link).status_code == 303
    register(browser_of(app), email, PASSWORD, name="Zeldora Quistgaard")
    post(browser, "/logout", form_on="/account")
    held = browser_of(app)
    log_in_with_vipps(vipps, recorder, held)
    if held.get("/account").status_code != 200:
        post(held, "/login/vipps/prove", {"password": WRONG_PASSWORD}, form_on="/login/vipps/prove")
        post(held, "/login/vipps/prove/mail", form_on="/login/vipps/prove")
        link = link_in(mails(app, "prove_ownership", email)[-1], "login/vipps/prove")
        assert post(held, link, form_on=link).status_code == 303
    more = {"claims": {"delegatedConsents": delegated(email=True), "nin": next(iter(PERSON["nin"]))}}
    for faults in ({}, more):
        assert log_in_with_vipps(vipps, recorder, faults=faults).status_code == 303
    post(browser, "/login/password", {"email": email, "password": WRONG_PASSWORD}, form_on="/account")
    for answer in ("on", "off", "on"):
        post(browser, "/account/consents", {"consent": "email", "answer": answer}, form_on="/account/consents")
    product = open_page(browser, "/").select('a[href^="/products/"]')[0]["href"]
    put_into_cart(browser, str(product).removeprefix("/products/"))
    mine = {"name": "Zeldora Quistgaard", "email": email, "street": "Kvitrevvegen 77"}
    placed = browser.post("/checkout", data=order_form(checkout_page(browser), **mine))
    assert placed.headers["Location"].startswith("/orders/")
    with app.app_context():
        (subject,) = recorder.person["sub"]
        return db.session.scalars(select(VippsLink.customer_id).where(VippsLink.subject == subject)).one()


def forget_the_password(vipps: VippsPerson) -> None:
    """Request a link to a new password, and use it in another browser."""
    (email,), browser = PERSON["email"], browser_of(vipps.app)
    post(browser, "/password/forgot", {"email": email}, form_on="/password/forgot")
    link = link_in(mails(vipps.app, "reset_password", email)[-1], "password/reset")
    post(browser, link, {"password": NEW_PASSWORD}, form_on=link)


def break_a_page(vipps: VippsPerson, monkeypatch: pytest.MonkeyPatch) -> None:
    """Open a page that raises an exception with all secrets in its message."""
    told = [*(value for values in PERSON.values() for value in values), PASSWORD, CLIENT_SECRET, WEBHOOK_TOKEN]

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"cannot greet {told}") from ValueError(*told)

    with monkeypatch.context() as bent:
        vipps.browser.get("/")  # this page shows the greeting
        bent.setitem(vipps.app.view_functions, "shop.product", broken)
        assert vipps.browser.get("/products/zeldora").status_code == 500


def receive_webhook_events(vipps: VippsPerson, recorder: Recorder) -> None:
    """Send events to the webhook: forged, malformed and valid."""
    sender = vipps.app.test_client(use_cookies=False)
    (subject,) = recorder.person["sub"]
    body = event(utcnow(), sub=subject)
    assert sender.post(ADDRESS + WEBHOOK_TOKEN[:-1] + "x", data=body, content_type="text/plain").status_code == 404
    for data, status in ((b"e30.e30", 400), (body, 200), (body, 200)):
        assert sender.post(ADDRESS + WEBHOOK_TOKEN, data=data, content_type="text/plain").status_code == status


def be_viewed_by_staff(vipps: VippsPerson, customer_id: int) -> None:
    """Let a member of staff search for the customer in every way."""
    staff = office.at_work(vipps.app)
    for words in ("Zeldora", *PERSON["email"], *PERSON["phone"]):
        assert office.found(office.search(staff, words)) == [customer_id]
    for path in (f"/staff/customers/{customer_id}", f"/staff/customers/{customer_id}/activity", "/staff/looks"):
        assert staff.get(path).status_code == 200


def delete_the_account(vipps: VippsPerson) -> None:
    """Log in by the new password and delete the account."""
    browser = browser_of(vipps.app)
    post(browser, "/login/password", {"email": next(iter(PERSON["email"])), "password": NEW_PASSWORD})
    assert post(browser, "/account/delete", form_on="/account").headers["Location"] == "/"


def where(app: Flask, sought: Kept) -> set[tuple[str, str]]:
    """Search every column of every table for every value; return the kind and the column of each hit."""
    found = set()
    with app.app_context():
        for table in db.session.scalars(text("SELECT name FROM sqlite_master WHERE type = 'table'")).all():
            for row in db.session.execute(text(f'SELECT * FROM "{table}"')).mappings():
                columns = {name: _plain(value) for name, value in row.items() if value is not None}
                found |= {
                    (kind, f"{table}.{name}")
                    for name, value in columns.items()
                    for kind, values in sought.items()
                    if any(each in value for each in values)
                }
    return found


def _plain(value: object) -> str:
    """Return a value as text, JSON without its escapes."""
    return re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), str(value))


def emailed_tokens(app: Flask) -> set[str]:
    with app.app_context():
        bodies = db.session.scalars(select(Mail.body)).all()
    return {token for body in bodies for token in re.findall(r"http://\S+?/([\w.-]{40,})", body)}


def test_nothing_leaks(vipps: VippsPerson, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    with (
        everything_is_logged(),
        call_made.connected_to(recorder.call),
        request_finished.connected_to(recorder.response, vipps.app),
    ):
        customer_id = be_a_customer(vipps, recorder)
        fail_in_every_way(vipps, recorder)
        forget_the_password(vipps)
        log_in_with_vipps(vipps, recorder)
        be_viewed_by_staff(vipps, customer_id)
        break_a_page(vipps, monkeypatch)
        receive_webhook_events(vipps, recorder)
        recorder.secrets["mailed token"] = emailed_tokens(vipps.app)
        kept, secrets_kept = where(vipps.app, recorder.person), where(vipps.app, recorder.all_secrets())
        delete_the_account(vipps)
    secrets = recorder.all_secrets()
    enough = {"code": 9, "state": 9, "nonce": 9, "verifier": 7, "token": 9, "cookie": 9, "csrf": 9, "mailed token": 3}
    assert {kind: len(secrets[kind]) for kind in enough if len(secrets[kind]) < enough[kind]} == {}
    assert len(recorder.error_pages) > 10

    logged = _plain("".join(capfd.readouterr()))
    assert '"library_message"' in logged, "the log must have messages of libraries"
    assert '"unexpected_error"' in logged
    for place, words in (("the log", logged), ("an error page", "\n".join(recorder.error_pages))):
        everything = {**secrets, **recorder.person}
        if place == "an error page":
            del everything["csrf"]  # its form has this browser's own token
        leaked = {(kind, value) for kind, values in everything.items() for value in values if value in words}
        around = [words[max(words.find(value) - 120, 0) :][:240] for _kind, value in leaked]
        assert leaked == set(), f"in {place}: {around}"
    assert (secrets_kept - SECRETS_IN, SECRETS_IN - secrets_kept) == (set(), set())
    assert (kept - PERSON_IN, PERSON_IN - kept) == (set(), set())
    stays = where(vipps.app, recorder.person)
    assert (stays - PERSON_STAYS_IN, PERSON_STAYS_IN - stays) == (set(), set())
    assert where(vipps.app, secrets) < SECRETS_IN
