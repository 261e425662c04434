"""The emails: their texts through real servers, and the outbox of the demo."""

import smtplib
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import about, mail
from app.about import NAME
from app.customers import account_emails
from app.customers.models import Customer
from app.database import db
from app.i18n import LANGUAGES
from app.mail import PER_PAGE, Mail, compose, with_links
from app.settings import load
from tests.conftest import ENVIRONMENT, browser_of, open_page
from tests.customers.steps import EMAIL, add_customer, register

TYPED = "Win a prize at evil.example"
OTHER = "another.person@example.com"

# The address that an email goes to, if it is not the account's.
ELSEWHERE = {"change_email": OTHER, "email_changed": OTHER}
# The page that each email links to.
LINKS = {
    "confirm_address": ["/confirm/token"],
    "already_registered": ["/login", "/password/forgot"],
    "reset_password": ["/password/reset/token"],
    "password_set": ["/password/forgot"],
    "vipps_connected": ["/account", "/password/forgot"],
    "vipps_disconnected": ["/account"],
    "support_disconnected": ["/password/forgot"],
    "support_connected": ["/login"],
    "sharing_revoked": ["/account/consents", "/account/delete", "/login"],
    "taken_over": ["/account"],
    "prove_ownership": ["/login/vipps/prove/token"],
    "change_email": ["/account/email/token"],
    "address_in_use": ["/login"],
    "email_changed": [],
    "account_deleted": [],
    "blocked": [],
    "unblocked": [],
    "consent_given": ["/unsubscribe/token"],
}


def written(app: Flask, kind: str, email: str | None = EMAIL, **changes: Any) -> list[Mail]:
    customer_id = add_customer(app, email, vipps=True)
    with app.test_request_context(base_url="http://evil.example"):
        customer = db.session.get_one(Customer, customer_id)
        for name, value in {"name": TYPED, "given_name": TYPED, "family_name": TYPED, **changes}.items():
            setattr(customer, name, value)
        unsubscribe = {"unsubscribe": "http://localhost:8000/unsubscribe/token"} if kind == "consent_given" else {}
        account_emails.send(customer, kind, to=ELSEWHERE.get(kind), token="token", **unsubscribe)
        db.session.commit()
        return list(db.session.scalars(select(Mail)))


def test_every_email_is_tested_here() -> None:
    assert set(account_emails.SUBJECTS) == set(LINKS)


@pytest.mark.parametrize("kind", LINKS)
def test_an_email_has_its_recipient_and_links_and_no_typed_text(app: Flask, kind: str) -> None:
    (mail,) = written(app, kind)
    assert (mail.kind, mail.recipient) == (kind, ELSEWHERE.get(kind, EMAIL))
    found = [line.removeprefix("http://localhost:8000") for line in mail.body.splitlines() if line.startswith("http")]
    assert sorted(found) == LINKS[kind]
    for typed in (TYPED, "evil.example", OTHER, EMAIL):
        assert typed not in mail.body + mail.subject, typed
    assert mail.body.startswith("Hello,")
    assert mail.body.rstrip().endswith(NAME)
    assert "%(" not in mail.body


def test_every_email_is_valid_for_every_server(make_app: Any) -> None:
    """Each line is ASCII with at most 998 characters, in every language (RFC 5322, 2.1.1; RFC 6152, section 3)."""
    app = make_app(MAIL_URL="smtp://localhost:1", MAIL_REPLY_TO="support@blåbær.example")
    settings = app.extensions["settings"]
    seen = set()
    for language in LANGUAGES:
        for kind in LINKS:
            sent = written(app, kind, email=f"{language}.{kind}@example.com", locale=language)[-1]
            seen.add((language, sent.kind))
            lines = compose(settings, sent.recipient, sent.subject, sent.body, sent.headers).as_bytes().splitlines()
            assert all(line.isascii() and len(line) <= 998 for line in lines), (language, kind)
            assert b"Reply-To: support@xn--blbr-roah.example" in lines
    assert seen == {(language, kind) for language in LANGUAGES for kind in LINKS}


@pytest.mark.parametrize("reply_to", ["", "support@example.com"])
def test_an_email_asks_for_a_reply_only_if_a_person_reads_it(make_app: Any, reply_to: str) -> None:
    app = make_app(MAIL_REPLY_TO=reply_to)
    for kind in LINKS:
        body = written(app, kind, email=f"{kind}@example.com")[-1].body
        assert "reply to this email" not in body or reply_to, kind
        if kind in ("account_deleted", "blocked", "email_changed"):
            assert ("reply to this email" if reply_to else about.EMAIL) in body


@pytest.mark.parametrize("kind", sorted(set(LINKS) - set(ELSEWHERE)))
def test_a_customer_without_an_address_gets_no_email(app: Flask, kind: str) -> None:
    assert written(app, kind, email=None) == []


@pytest.fixture
def fake_server(monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Replace `mail.Conversation` with a server on another machine, which a test cannot have."""
    server = Mock()
    server.return_value = server
    server.has_extn.return_value = False
    monkeypatch.setattr(mail, "Conversation", server)
    monkeypatch.setattr(mail, "TlsConversation", server)
    return server


def test_a_password_is_not_sent_without_tls(fake_server: Mock) -> None:
    with pytest.raises(smtplib.SMTPNotSupportedError):
        mail.connection("smtp://user:secret@mail.example.com")
    assert fake_server.call_args.args == ("mail.example.com", 587)
    fake_server.close.assert_called_once_with()
    fake_server.login.assert_not_called()


def test_a_server_with_tls_from_the_start_has_its_port(fake_server: Mock) -> None:
    mail.connection("smtps://user:p%40ss@mail.example.com")
    assert fake_server.call_args.args == ("mail.example.com", 465)
    assert fake_server.call_args.kwargs["timeout"] == mail.TIMEOUT_SECONDS
    fake_server.login.assert_called_once_with("user", "p@ss")


@pytest.mark.parametrize(
    ("to", "subject"),
    [
        (EMAIL, "Hello\r\nBcc: victim@example.com"),
        (f"{EMAIL}\r\nBcc: victim@example.com", "Hello"),
        ("a@x, b@y", "Hello"),
    ],
)
def test_no_header_can_be_smuggled_in(to: str, subject: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's own messages differ
        compose(load(ENVIRONMENT), to, subject, "Body")


@pytest.mark.parametrize(
    ("address", "written"),
    [
        ("ida@blåbær.example", "ida@xn--blbr-roah.example"),
        ("ida@BLÅBÆR.example", "ida@xn--blbr-roah.example"),
        ("ida@example.com", "ida@example.com"),
    ],
)
def test_an_address_is_sent_with_its_ascii_domain(address: str, written: str) -> None:
    message = compose(load({**ENVIRONMENT, "MAIL_REPLY_TO": address}), address, "Hello", "Body")
    assert (message["To"], message["Reply-To"]) == (written, written)


def test_an_address_that_only_few_servers_take_is_refused() -> None:
    with pytest.raises(ValueError, match="ASCII"):
        compose(load(ENVIRONMENT), "blåbær@example.com", "Hello", "Body")


def test_the_outbox_shows_the_newest_first_and_its_links_work(app: Flask, client: FlaskClient) -> None:
    register(client)
    register(client, "second@example.com")
    page = open_page(client, "/outbox")
    assert [f"To {EMAIL}" in article.get_text() for article in page.select("article")] == [False, True]
    link = page.select("article a")[0]
    assert link.get_text() == link["href"]
    assert client.get(str(link["href"])).status_code == 200


def test_the_outbox_has_pages(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        db.session.add_all(Mail(recipient=EMAIL, subject=f"No. {n}", body="", kind="test") for n in range(PER_PAGE + 1))
        db.session.commit()
    first = open_page(client, "/outbox")
    assert len(first.select("article")) == PER_PAGE
    second = open_page(client, str(first.one("a[rel=next]")["href"]))
    assert [each.get_text() for each in second.select("article h2")] == ["No. 0"]


@pytest.mark.parametrize("demo", ["0", "1"])
def test_emails_that_are_sent_are_on_no_page(make_app: Any, demo: str) -> None:
    """Otherwise any visitor could read the addresses and open the links."""
    client = browser_of(make_app(DEMO=demo, MAIL_URL="smtp://localhost:1"))
    register(client)
    assert client.get("/outbox").status_code == 404
    for path in ("/register/sent", "/password/sent", "/", "/login", "/privacy"):
        page = open_page(client, path)
        assert not page.select("a[href='/outbox']"), path
        assert "no mail leaves the shop" not in page.text
        assert "its outbox shows every mail" not in page.text


def test_the_outbox_does_not_show_emails_that_were_to_be_sent(make_app: Any) -> None:
    register(browser_of(make_app(MAIL_URL="smtp://localhost:1")))
    assert not open_page(browser_of(make_app()), "/outbox").select("article")


def test_an_email_is_shown_as_text_and_only_the_shops_links_are_links(app: Flask) -> None:
    ours = "http://localhost:8000/confirm/a-b_c"
    with app.app_context():
        shown = with_links(f"<b>See</b> {ours} and http://evil.example")
        assert '"onclick' not in with_links('http://localhost:8000/"onclick=alert(1)')
        assert "<a" not in with_links("http://localhost:8000.evil.example/ http://localhost:80001/")
    assert shown == f'&lt;b&gt;See&lt;/b&gt; <a href="{ours}">{ours}</a> and http://evil.example'
