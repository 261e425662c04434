"""Mail: the outbox of the demo, and SMTP as a server on the other side sees it."""

import smtplib
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import mail
from app.database import db
from app.mail import PER_PAGE, Mail, compose, send, with_links
from app.settings import load
from tests.conftest import ENVIRONMENT, browser_of, open_page
from tests.customers.steps import EMAIL, mails, register


class FakeServer:
    """Stands for `mail.Conversation`: a server on another machine, which a test cannot have."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, host: str, port: int, **options: Any) -> "FakeServer":
        self.calls.append(("connect", host, port, options["timeout"]))
        return self

    def ehlo(self) -> None:
        """Greet."""

    def has_extn(self, name: str) -> bool:
        return False

    def close(self) -> None:
        self.calls.append(("close",))

    def login(self, user: str, password: str) -> None:
        self.calls.append(("login", user, password))


@pytest.fixture
def fake_server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """Let the shop connect to a fake server."""
    server = FakeServer()
    monkeypatch.setattr(mail, "Conversation", server)
    monkeypatch.setattr(mail, "TlsConversation", server)
    return server


def test_a_password_is_not_sent_without_tls(fake_server: FakeServer) -> None:
    with pytest.raises(smtplib.SMTPNotSupportedError):
        mail.connection("smtp://user:secret@mail.example.com")
    assert fake_server.calls == [("connect", "mail.example.com", 587, mail.TIMEOUT_SECONDS), ("close",)]


def test_a_server_with_tls_from_the_start_has_its_port(fake_server: FakeServer) -> None:
    mail.connection("smtps://user:p%40ss@mail.example.com")
    assert fake_server.calls == [("connect", "mail.example.com", 465, mail.TIMEOUT_SECONDS), ("login", "user", "p@ss")]


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
def test_an_address_goes_by_its_ascii_domain(address: str, written: str) -> None:
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
    """Any visitor could read who wrote to the shop, and open the links."""
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


def test_a_mail_is_shown_as_text_and_only_our_links_are_links(app: Flask) -> None:
    with app.app_context():
        shown = with_links(
            "<b>See</b> http://localhost:8000/confirm/a-b_c and http://evil.example\nhttp://localhost:8000"
        )
    assert shown == (
        '&lt;b&gt;See&lt;/b&gt; <a href="http://localhost:8000/confirm/a-b_c">http://localhost:8000/confirm/a-b_c</a>'
        ' and http://evil.example\n<a href="http://localhost:8000">http://localhost:8000</a>'
    )


def test_a_link_cannot_break_out_of_its_attribute(app: Flask) -> None:
    with app.app_context():
        shown = with_links('http://localhost:8000/"onclick=alert(1)')
        assert "<a" not in with_links("http://localhost:8000.evil.example/ http://localhost:80001/")
    assert '"onclick' not in shown


def test_the_outbox_keeps_what_is_committed(app: Flask) -> None:
    with app.app_context():
        send(EMAIL, "Gone", "Body", "test")
        db.session.rollback()
        send(EMAIL, "Kept", "Body", "test")
        db.session.commit()
    assert [each.subject for each in mails(app)] == ["Kept"]
