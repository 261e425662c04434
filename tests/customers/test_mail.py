"""Mail: the outbox of the demo, and SMTP as a server on the other side sees it."""

import smtplib
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs

from app import mail
from app.about import NAME
from app.database import db
from app.mail import PER_PAGE, Mail, compose, send, with_links
from app.settings import load
from tests.conftest import ENVIRONMENT, browser_of, open_page
from tests.customers.steps import EMAIL, mails, register


class FakeServer:
    """An SMTP server's client side that remembers what it was asked to do."""

    def __init__(self, *, starttls: bool = False, broken: bool = False) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.messages: list[Any] = []
        self.offers_tls = starttls
        self.broken = broken

    def __call__(self, host: str, port: int, **options: Any) -> "FakeServer":
        self.calls.append(("connect", host, port, options["timeout"]))
        if self.broken:
            raise ConnectionRefusedError("connection refused")
        return self

    def __enter__(self) -> "FakeServer":
        return self

    def __exit__(self, *error: object) -> None:
        self.calls.append(("quit",))

    def ehlo(self) -> None:
        """Greet."""

    def has_extn(self, name: str) -> bool:
        return name == "starttls" and self.offers_tls

    def starttls(self, context: Any) -> None:
        self.calls.append(("starttls", context.check_hostname))

    def close(self) -> None:
        self.calls.append(("close",))

    def login(self, user: str, password: str) -> None:
        self.calls.append(("login", user, password))

    def send_message(self, message: Any) -> None:
        self.messages.append(message)


def smtp_app(make_app: Any, monkeypatch: Any, server: FakeServer, url: str) -> Flask:
    """Build a shop that mails through the fake server."""
    monkeypatch.setattr(smtplib, "SMTP", server)
    monkeypatch.setattr(smtplib, "SMTP_SSL", server)
    app: Flask = make_app(MAIL_URL=url)
    return app


def finished(response: Any) -> int:
    """End a response as a server does when the browser has it all, and return its status."""
    response.close()
    return int(response.status_code)


def test_a_mail_goes_out_when_the_request_is_committed(make_app: Any, monkeypatch: Any) -> None:
    server = FakeServer(starttls=True)
    app = smtp_app(make_app, monkeypatch, server, "smtp://user:p%40ss@mail.example.com:2525?from=shop@example.com")
    assert finished(register(browser_of(app))) == 303
    assert server.calls == [
        ("connect", "mail.example.com", 2525, mail.TIMEOUT_SECONDS),
        ("starttls", True),
        ("login", "user", "p@ss"),
        ("quit",),
    ]
    (message,) = server.messages
    assert (message["To"], message["From"]) == (EMAIL, f"{NAME} <shop@example.com>")
    assert message["Auto-Submitted"] == "auto-generated"
    assert "http://localhost:8000/confirm/" in message.get_content()


def test_a_mail_is_sent_after_the_page(make_app: Any, monkeypatch: Any) -> None:
    """So its time does not tell whether there was a mail to send."""
    server = FakeServer()
    app = smtp_app(make_app, monkeypatch, server, "smtp://mail.example.com")
    with app.test_request_context():
        send(EMAIL, "Subject", "Body", "test")
        db.session.commit()
        response = app.process_response(app.make_response("page"))
        assert server.calls == []
    response.close()
    assert len(server.messages) == 1


def test_what_is_rolled_back_is_not_mailed(make_app: Any, monkeypatch: Any) -> None:
    server = FakeServer()
    app = smtp_app(make_app, monkeypatch, server, "smtp://mail.example.com")
    with app.app_context():
        send(EMAIL, "Subject", "Body", "test")
        db.session.rollback()
        db.session.commit()
    assert server.messages == []


def test_a_savepoint_is_no_commit(make_app: Any, monkeypatch: Any) -> None:
    server = FakeServer()
    app = smtp_app(make_app, monkeypatch, server, "smtp://mail.example.com")
    with app.app_context():
        send(EMAIL, "Subject", "Body", "test")
        with db.session.begin_nested():
            pass
        db.session.rollback()
    assert server.messages == []


def test_a_password_is_not_sent_without_tls(make_app: Any, monkeypatch: Any) -> None:
    server = FakeServer()
    app = smtp_app(make_app, monkeypatch, server, "smtp://user:secret@mail.example.com")
    assert finished(register(browser_of(app))) == 303
    assert [call[0] for call in server.calls] == ["connect", "close"]


@pytest.mark.parametrize(("url", "port"), [("smtp://mail.example.com", 587), ("smtps://u:p@mail.example.com", 465)])
def test_each_scheme_has_its_port(make_app: Any, monkeypatch: Any, url: str, port: int) -> None:
    server = FakeServer()
    finished(register(browser_of(smtp_app(make_app, monkeypatch, server, url))))
    assert server.calls[0][2] == port
    assert len(server.messages) == 1


def test_a_mail_that_fails_is_a_log_line_and_the_page_stands(make_app: Any, monkeypatch: Any) -> None:
    app = smtp_app(make_app, monkeypatch, FakeServer(broken=True), "smtp://mail.example.com")
    with capture_logs() as logs:
        assert finished(register(browser_of(app))) == 303
    (line,) = [entry for entry in logs if entry["event"] == "mail_failed"]
    assert line["error"] == "ConnectionRefusedError"
    assert len(line["reference"]) == 9
    assert EMAIL not in str(logs)


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


def test_an_injection_is_a_failed_mail_and_not_a_failed_page(make_app: Any, monkeypatch: Any) -> None:
    server = FakeServer()
    app = smtp_app(make_app, monkeypatch, server, "smtp://mail.example.com")
    with capture_logs() as logs, app.app_context():
        send(EMAIL, "Hello\r\nBcc: victim@example.com", "Body", "test")
        db.session.commit()
    assert [entry["event"] for entry in logs] == ["mail_failed"]
    assert server.messages == []


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
    assert len(open_page(client, "/outbox").select("article")) == PER_PAGE
    assert [each.get_text() for each in open_page(client, "/outbox?page=2").select("article h2")] == ["No. 0"]


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999999", "7", ""])
def test_a_page_that_is_not_there_is_no_crash(client: FlaskClient, page: str) -> None:
    open_page(client, f"/outbox?page={page}")


def test_outside_the_demo_there_is_no_outbox(make_app: Any) -> None:
    client = browser_of(make_app(DEMO="0", MAIL_URL="smtp://localhost:1"))
    assert client.get("/outbox").status_code == 404


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
    assert '"onclick' not in shown


def test_the_outbox_keeps_what_is_committed(app: Flask) -> None:
    with app.app_context():
        send(EMAIL, "Gone", "Body", "test")
        db.session.rollback()
        send(EMAIL, "Kept", "Body", "test")
        db.session.commit()
    assert [each.subject for each in mails(app)] == ["Kept"]
