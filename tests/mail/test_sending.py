"""The queue: each email is sent once, retried after a failure, and sent by another worker if a worker is killed."""

import ssl
import threading
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select, update

from app import mail, mail_sender
from app.about import NAME
from app.customers.models import Customer
from app.customers.privacy.erasure import erase
from app.database import begin_write, db, utcnow
from app.mail import FAREWELL, MAX_OF_A_KIND, Mail, send
from app.mail_sender import LEASE, PAUSES, MailOutcome, claim, send_due
from tests.conftest import DATABASES, browser_of
from tests.customers.steps import EMAIL, add_customer
from tests.mail.server import HANG, HANG_UP, MailServer, serving, silent_port
from tests.shop.steps import add_logged_in_customer, add_product, place_order, put_into_cart
from tests.threads import at_once

OTHER = "other@example.com"


def write(app: Flask, *recipients: str, kind: str = "password_set", subject: str = "Subject") -> None:
    with app.app_context():
        for to in recipients:
            send(to, subject, "The body", kind)
        db.session.commit()


def rows(app: Flask) -> list[Mail]:
    """Return the rows of the outbox, the oldest first."""
    with app.app_context():
        return list(db.session.scalars(select(Mail).order_by(Mail.id)))


def sent_by(app: Flask) -> Counter[MailOutcome]:
    with app.app_context():
        return send_due()


def test_an_email_is_sent_with_tls_and_password_and_its_text_is_erased(shop: Flask, server: MailServer) -> None:
    write(shop, EMAIL)
    (waiting,) = rows(shop)
    assert (server.attempts, waiting.sent_at) == ([], None), "no request waits for the mail server"
    assert sent_by(shop) == {MailOutcome.SENT: 1}
    (message,), (row,) = server.messages, rows(shop)
    sender = str(make_header(decode_header(message["From"])))
    assert (message["To"], sender, message["Reply-To"]) == (EMAIL, f"{NAME} <shop@example.com>", None)
    assert (message["Message-ID"], message["Auto-Submitted"]) == (waiting.message_id, "auto-generated")
    assert message.get_payload(decode=True) == b"The body\r\n"
    assert (row.body, row.headers, row.next_try_at, row.failures) == ("", {}, None, 0)
    assert row.sent_at is not None


def test_an_email_of_a_rolled_back_transaction_is_not_queued(shop: Flask) -> None:
    with shop.app_context():
        for with_savepoint in (False, True):
            send(EMAIL, "Subject", "Body", "test")
            if with_savepoint:
                db.session.begin_nested().commit()
            db.session.rollback()
            db.session.commit()
    assert rows(shop) == []


def test_concurrent_requests_do_not_exceed_the_limit_of_an_address(either_app: Flask) -> None:
    both_counted = threading.Barrier(2)

    def meet(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("SELECT count"):
            with suppress(threading.BrokenBarrierError):
                both_counted.wait(0.3)  # times out: the other request waits until this one has committed

    def ask(to: str) -> bool:
        with either_app.app_context():
            begin_write()
            is_sent = send(to, "Subject", "Body", "reset_password", limited=True)
            db.session.commit()
            return is_sent

    assert [ask(EMAIL) for _ in range(MAX_OF_A_KIND - 1)] == [True] * (MAX_OF_A_KIND - 1)
    with either_app.app_context():
        event.listen(db.engine, "after_cursor_execute", meet)
    assert sorted(at_once(lambda: ask(EMAIL), lambda: ask(EMAIL.upper()))) == [False, True]
    assert ask(OTHER)


# For each step of the conversation: the server's answer, the outcome, and the row's values.
FAULTS: list[tuple[str, str, MailOutcome, str]] = [
    ("RCPT", "550 No such user", MailOutcome.GIVEN_UP, "SMTPRecipientsRefused 550"),
    ("RCPT", "451 Greylisted", MailOutcome.POSTPONED, "SMTPRecipientsRefused 451"),
    ("RCPT", "421 Closing", MailOutcome.POSTPONED, "SMTPRecipientsRefused 421"),
    ("RCPT", HANG, MailOutcome.POSTPONED, "SMTPServerDisconnected"),
    ("MAIL", "553 Not this sender", MailOutcome.GIVEN_UP, "SMTPSenderRefused 553"),
    ("MAIL", "530 Authentication required", MailOutcome.POSTPONED, "SMTPSenderRefused 530"),
    ("MAIL", "452 Disk full", MailOutcome.POSTPONED, "SMTPSenderRefused 452"),
    ("DATA", "554 Spam", MailOutcome.GIVEN_UP, "SMTPDataError 554"),
    ("DATA", "451 Try later", MailOutcome.POSTPONED, "SMTPDataError 451"),
    ("DATA", "421 Closing", MailOutcome.POSTPONED, "SMTPDataError 421"),
    ("DATA", HANG, MailOutcome.POSTPONED, "SMTPServerDisconnected"),
    ("DATA", HANG_UP, MailOutcome.POSTPONED, "SMTPServerDisconnected"),
    ("AUTH", "535", MailOutcome.POSTPONED, "SMTPAuthenticationError 535"),
]


@pytest.mark.parametrize(("step", "answer", "outcome", "said"), FAULTS)
def test_each_failure_is_final_or_retried(
    shop: Flask, server: MailServer, monkeypatch: Any, step: str, answer: str, outcome: MailOutcome, said: str
) -> None:
    monkeypatch.setattr(mail_sender, "TIMEOUT_SECONDS", 0.3 if answer == "hang" else 5.0)
    server.answers[step] = answer
    write(shop, EMAIL)
    assert sent_by(shop) == {outcome: 1}
    (row,) = rows(shop)
    assert (row.last_error, row.failures, row.sent_at) == (said, 1, None)
    is_final = outcome is MailOutcome.GIVEN_UP
    assert (row.next_try_at is None, row.body == "") == (is_final, is_final)
    server.answers.clear()
    with time_machine.travel(utcnow() + PAUSES[0] + timedelta(seconds=1)):
        assert sent_by(shop) == ({} if is_final else {MailOutcome.SENT: 1})


@pytest.mark.parametrize("state", ["no server", "a silent server", "a certificate of another"])
def test_an_unusable_server_is_retried(make_app: Any, certified: Path, monkeypatch: Any, state: str) -> None:
    monkeypatch.setattr(mail_sender, "TIMEOUT_SECONDS", 0.3)
    listening, port = silent_port()
    url = f"smtp://localhost:{port}"
    with listening, serving(certified) as (_server, untrusted):
        if state == "no server":
            listening.close()
        app = make_app(MAIL_URL=untrusted if state == "a certificate of another" else url)
        write(app, EMAIL)
        assert sent_by(app) == {MailOutcome.POSTPONED: 1}
    assert rows(app)[0].body


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_that_sends_single_bytes_is_given_up(
    make_app: Any, certified: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    assert LEASE.total_seconds() > mail.MAX_CONVERSATION_SECONDS
    monkeypatch.setattr(mail, "MAX_CONVERSATION_SECONDS", 0.3)
    monkeypatch.setenv("SSL_CERT_FILE", str(certified))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified)
    listening, port = silent_port()
    arrived: list[int] = []

    def drip() -> None:
        connected, _address = listening.accept()
        talking = context.wrap_socket(connected, server_side=True) if scheme == "smtps" else connected
        with talking, suppress(OSError):
            for number in range(150):
                talking.sendall(b"2")
                arrived.append(number)
                threading.Event().wait(0.02)

    app = make_app(MAIL_URL=f"{scheme}://localhost:{port}")
    write(app, EMAIL)
    with listening:
        dripping = threading.Thread(target=drip)
        dripping.start()
        assert sent_by(app) == {MailOutcome.POSTPONED: 1}
        dripping.join()
    assert 0 < len(arrived) < 100


def test_one_bad_email_does_not_block_the_others(shop: Flask, server: MailServer, monkeypatch: Any) -> None:
    monkeypatch.setattr(mail_sender, "TIMEOUT_SECONDS", 0.3)
    server.answers, server.only_for = {"RCPT": HANG}, EMAIL
    write(shop, EMAIL, "nonsense", OTHER)
    write(shop, OTHER, subject="Two\r\nBcc: victim@example.com")
    write(shop, OTHER)
    assert sent_by(shop) == {MailOutcome.POSTPONED: 1, MailOutcome.GIVEN_UP: 2, MailOutcome.SENT: 2}
    assert server.accepted() == [OTHER] * 2


def test_the_pauses_grow_until_an_email_is_given_up(shop: Flask, server: MailServer) -> None:
    server.answers["RCPT"] = "451 Later"
    write(shop, EMAIL)
    tried, now = [], utcnow()
    with time_machine.travel(now, tick=False) as clock:
        for minute in range(200):
            clock.move_to(now + timedelta(minutes=minute, seconds=1))
            tried += [minute] * sum(sent_by(shop).values())
    assert tried == [0, 1, 6, 36, 156]
    (row,) = rows(shop)
    assert (row.body, row.next_try_at, row.failures) == ("", None, 5)


def test_an_accepted_email_is_sent_however_the_conversation_ends(
    shop: Flask, server: MailServer, monkeypatch: Any
) -> None:
    monkeypatch.setattr(mail_sender, "TIMEOUT_SECONDS", 0.3)
    for end in ("421 Too busy", HANG, HANG_UP):
        server.answers["QUIT"] = end
        write(shop, EMAIL)
        assert sent_by(shop) == {MailOutcome.SENT: 1}


def test_the_email_of_a_killed_worker_is_sent_by_another_after_the_lease(shop: Flask, server: MailServer) -> None:
    write(shop, EMAIL)
    with shop.app_context():
        assert claim(utcnow()) is not None  # the worker is killed here
    assert sent_by(shop) == {}
    with time_machine.travel(utcnow() + LEASE + timedelta(seconds=1)):
        assert sent_by(shop) == {MailOutcome.SENT: 1}
    assert [message["Message-ID"] for message in server.messages] == [rows(shop)[0].message_id]


def test_a_late_failure_does_not_undo_what_another_worker_sent(shop: Flask, server: MailServer) -> None:
    write(shop, EMAIL)
    with shop.app_context():
        slow = claim(utcnow())
        assert slow is not None
        db.session.execute(update(Mail).values(next_try_at=None, sent_at=utcnow(), body=""))
        db.session.commit()
        server.answers["RCPT"] = "451 Later"
        mail_sender._deliver(slow)
    assert [(row.next_try_at, row.failures) for row in rows(shop)] == [(None, 0)]


def test_an_erased_customer_gets_only_the_last_email_and_no_row_is_left(shop: Flask, server: MailServer) -> None:
    customer_id = add_customer(shop)
    write(shop, EMAIL)
    with shop.app_context():
        erase(db.session.get_one(Customer, customer_id))
        db.session.commit()
    assert (sent_by(shop), rows(shop)) == ({}, [])
    with time_machine.travel(utcnow() + timedelta(days=400)):  # a wrong clock in the past does not delay emails
        write(shop, EMAIL, kind=FAREWELL)
    sent_by(shop)
    assert (server.accepted(), rows(shop)) == ([EMAIL], [])


@pytest.mark.parametrize("database", DATABASES)
def test_workers_send_each_email_once(
    database: str, request: Any, make_app: Any, mail_url: tuple[MailServer, str]
) -> None:
    where = {} if database == "sqlite" else {"DATABASE_URL": request.getfixturevalue("postgresql")}
    app = make_app(MAIL_URL=mail_url[1], **where)
    recipients = [f"person{number}@example.com" for number in range(12)]
    write(app, *recipients)
    at_once(*[lambda: sent_by(app)] * 3)
    assert sorted(mail_url[0].accepted()) == sorted(recipients)
    with app.app_context():
        db.engine.dispose()


def test_sent_receipts_of_an_erased_customer_are_deleted_too(shop: Flask) -> None:
    buyer = browser_of(shop)
    add_product(shop)
    customer_id = add_logged_in_customer(shop, buyer)
    put_into_cart(buyer)
    place_order(buyer, email=OTHER)
    assert sent_by(shop) == {MailOutcome.SENT: 1}
    with shop.app_context():
        erase(db.session.get_one(Customer, customer_id))
        db.session.commit()
    assert rows(shop) == []
