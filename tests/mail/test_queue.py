"""The email queue as shown to staff, the load balancer, Prometheus, the doctor, and an operator who sends by hand."""

from datetime import timedelta
from typing import Any

from flask import Flask

from app.database import db, utcnow
from app.mail import Mail, send
from app.mail_sender import LATE
from tests.conftest import browser_of, open_page
from tests.customers.steps import EMAIL
from tests.mail.server import MailServer
from tests.staff.steps import at_work
from tests.test_metrics import ALLOWED, TOKEN, numbers


def add(app: Flask, **values: Any) -> None:
    with app.app_context():
        row = Mail(recipient=EMAIL, subject="Subject", body="Body", kind="password_set", message_id="<1@example.com>")
        for name, value in values.items():
            setattr(row, name, value)
        db.session.add(row)
        db.session.commit()


def test_staff_see_queued_and_failed_emails_without_addresses(app: Flask) -> None:
    add(app, next_try_at=utcnow(), failures=1, last_error="SMTPDataError 451", reference="K7QF-2M9D")
    add(app, failures=5, kind="order")
    add(app, sent_at=utcnow(), kind="reset_password")
    page = open_page(at_work(app), "/staff/mail")
    assert len(page.select("tbody tr")) == 2
    assert "Waiting: 1. Not sent: 1." in page.text
    assert "SMTPDataError 451" in page.text
    assert "K7QF-2M9D" in page.text
    assert "reset_password" not in page.text
    assert EMAIL not in page.text


def test_readiness_does_not_tell_whether_an_email_waits(app: Flask) -> None:
    """Otherwise a visitor who asks for a link could see that the address has an account."""
    browser = browser_of(app)
    before = browser.get("/readyz").json
    add(app, next_try_at=utcnow(), created_at=utcnow() - timedelta(hours=1))
    assert browser.get("/readyz").json == before


def test_metrics_count_the_queue_and_the_attempts(make_app: Any, mail_url: tuple[MailServer, str]) -> None:
    app = make_app(MAIL_URL=mail_url[1], METRICS_TOKEN=TOKEN)
    mail_url[0].answers["RCPT"] = "550 Unknown"
    with app.app_context():
        send(EMAIL, "Subject", "Body", "password_set")
        db.session.commit()
    add(app, next_try_at=utcnow() + timedelta(minutes=1), created_at=utcnow() - timedelta(minutes=1))
    app.test_cli_runner().invoke(args=["send-mail"])
    found = numbers(app)
    assert found['shop_mails_total{outcome="given_up"}'] == 1
    assert (found["shop_mails_waiting"], found["shop_mails_given_up"]) == (1, 1)
    assert 60 <= found["shop_mails_waiting_seconds"] < 90


def test_metrics_are_served_without_a_database(make_app: Any) -> None:
    app = make_app(METRICS_TOKEN=TOKEN)
    with app.app_context():
        Mail.__table__.drop(db.engine)
    answer = app.test_client().get("/metrics", headers=ALLOWED)
    assert answer.status_code == 200
    assert "shop_mails_waiting" not in answer.text


def test_the_command_sends_the_due_emails_unless_emails_are_kept(shop: Flask, server: MailServer, app: Flask) -> None:
    done = app.test_cli_runner().invoke(args=["send-mail"])
    assert (done.exit_code, "MAIL_URL" in done.output) == (1, True)
    with shop.app_context():
        send(EMAIL, "Subject", "Body", "password_set")
        db.session.commit()
    for said in ("1 sent, 0 postponed, 0 given up", "0 sent, 0 postponed, 0 given up"):
        done = shop.test_cli_runner().invoke(args=["send-mail"])
        assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, said)
    assert server.accepted() == [EMAIL]


def test_the_doctor_warns_about_an_old_queue(shop: Flask, server: MailServer) -> None:
    from app.doctor.findings import Level
    from app.doctor.own import mail

    with shop.app_context():
        assert mail().level is Level.OK
    add(shop, next_try_at=utcnow(), created_at=utcnow() - LATE - timedelta(minutes=1))
    with shop.app_context():
        assert (mail().level, "1 emails wait" in mail().said) == (Level.WARNING, True)
