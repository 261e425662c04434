"""Send the emails of the outbox: one thread per worker, outside of any request; `flask send-mail` does the same once.

An email is claimed by moving its `next_try_at` to the end of a lease, so that another worker claims it if this one is
killed. It arrives twice, with the same Message-ID (RFC 5322, section 3.6.4), if the worker is killed after the mail
server has accepted it and before the row says so. The text is erased when the email is sent or given up.

A temporary failure is tried again after each of `PAUSES` (RFC 5321, section 4.5.4.1). The server's refusal of this
email is final (section 4.2.1: 5yz). A refusal of the connection or the login is not: the shop's settings are wrong.
"""

import smtplib
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import click
from flask import Flask, current_app, has_request_context
from flask.cli import with_appcontext
from sqlalchemy import delete, func, or_, select, update

from app import signals
from app.database import db, utcnow
from app.logging import log
from app.mail import FAREWELL, MAX_ERROR, SENDER, TIMEOUT_SECONDS, Mail, compose, connection, is_given_up, is_waiting
from app.settings import settings_of_app

PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(minutes=120))
LEASE = timedelta(minutes=3)
POLL_SECONDS = 10.0  # how soon a retry, or an email of another worker, is noticed
LATE = timedelta(minutes=10)
AUTHENTICATION_REQUIRED = 530  # RFC 4954, section 6
ABOUT_THE_EMAIL = (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError)


class MailOutcome(StrEnum):
    """How an attempt to send an email ended."""

    SENT = "sent"
    POSTPONED = "postponed"
    GIVEN_UP = "given_up"


class Sender:
    """The thread of one process that sends its app's emails; it ends with the process, at once.

    A worker of gunicorn starts it (`gunicorn.conf.py`); under another server the first email of the process does.
    """

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._new = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, unless it already runs or the emails are kept. A test sends them itself."""
        if self._app.testing or self._app.extensions["settings"].keeps_mail:
            return
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self.run, name="mail-sender", daemon=True)
                self._thread.start()

    def wake(self) -> None:
        """Send new emails now."""
        if has_request_context():
            self.start()
        self._new.set()

    def run(self) -> None:
        """Send the emails that are due, now and whenever new ones come; never return."""
        while True:
            self._new.clear()
            try:
                with self._app.app_context():
                    send_due()
            except Exception:  # the thread must not end, whatever the database answers
                log.error("mail_sender_failed", exc_info=True)
            self._new.wait(POLL_SECONDS)


def send_due() -> Counter[MailOutcome]:
    """Send the emails that are due, one after the other, each in its own transactions."""
    outcomes: Counter[MailOutcome] = Counter()
    while mail := claim(utcnow()):
        outcome = _deliver(mail)
        signals.send(signals.mail_tried, outcome=outcome)
        outcomes[outcome] += 1
    return outcomes


def claim(now: datetime) -> Mail | None:
    """Return the email that has been due for the longest time, leased to the caller; None if none is due."""
    # A time later than the longest pause was set while this machine's clock was wrong.
    due = or_(Mail.next_try_at <= now, Mail.next_try_at > now + PAUSES[-1] + LEASE)
    while mail := db.session.scalar(
        select(Mail).where(due).order_by(Mail.next_try_at, Mail.id).limit(1).execution_options(populate_existing=True)
    ):
        lease = now + LEASE
        claiming = update(Mail).where(Mail.id == mail.id, Mail.next_try_at == mail.next_try_at)
        is_mine = _execute(claiming.values(next_try_at=lease)) == 1
        db.session.commit()
        if is_mine:
            mail.next_try_at = lease
            db.session.expunge(mail)
            return mail
    db.session.rollback()
    return None


def _deliver(mail: Mail) -> MailOutcome:
    settings, server, is_composed = settings_of_app(), None, False
    text, made = (mail.recipient, mail.subject, mail.body, mail.headers), mail.created_at
    try:
        message = compose(settings, *text, message_id=mail.message_id, written_at=made)
        is_composed = True
        server = connection(settings.mail_url, TIMEOUT_SECONDS)
        server.send_message(message)
    except Exception as error:  # one email must not keep the others back, whatever is wrong with it
        code = reply_code(error) if isinstance(error, ABOUT_THE_EMAIL) else 0
        is_final = not is_composed or (code >= 500 and code != AUTHENTICATION_REQUIRED)
        return _note_failure(mail, error, is_final)
    finally:
        if server is not None:
            with suppress(OSError):  # the email is accepted or not, however the conversation ends
                server.quit()
    _finish(mail, sent_at=utcnow(), last_error="")
    log.info("mail_sent", kind=mail.kind, reference=mail.reference)
    return MailOutcome.SENT


def _note_failure(mail: Mail, error: Exception, is_final: bool) -> MailOutcome:
    failures = mail.failures + 1
    # Not the server's words, which quote the address.
    said = f"{type(error).__name__} {reply_code(error) or ''}".strip()[:MAX_ERROR]
    # Another worker may have sent it meanwhile, if this attempt took longer than the lease.
    still_mine = Mail.id == mail.id, Mail.next_try_at == mail.next_try_at
    if db.session.scalar(select(Mail.id).where(*still_mine)) is None:
        return MailOutcome.POSTPONED
    if is_final or failures > len(PAUSES):
        _finish(mail, failures=failures, last_error=said)
        log.error("mail_failed", kind=mail.kind, reference=mail.reference, error=said, failures=failures)
        return MailOutcome.GIVEN_UP
    later = update(Mail).where(*still_mine)
    _execute(later.values(next_try_at=utcnow() + PAUSES[failures - 1], failures=failures, last_error=said))
    db.session.commit()
    log.warning("mail_postponed", kind=mail.kind, reference=mail.reference, error=said, failures=failures)
    return MailOutcome.POSTPONED


def _finish(mail: Mail, **values: object) -> None:
    if mail.kind == FAREWELL:
        _execute(delete(Mail).where(Mail.id == mail.id))
    else:
        _execute(update(Mail).where(Mail.id == mail.id).values(next_try_at=None, body="", headers={}, **values))
    db.session.commit()


def reply_code(error: Exception) -> int:
    """Return the code with which the mail server refused something; 0 if it did not answer."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()))[0]
    return int(getattr(error, "smtp_code", 0))


def _execute(statement: object) -> int:
    done = db.session.execute(statement, execution_options={"synchronize_session": False})  # type: ignore[call-overload]  # any statement
    return int(done.rowcount)


@dataclass(frozen=True)
class Queue:
    """The number of emails that wait, the time of the oldest, and the number of listed emails that were given up."""

    waiting: int
    oldest: datetime | None
    given_up: int

    def seconds(self, now: datetime) -> float:
        """Return how long the oldest has waited."""
        return max((now - self.oldest).total_seconds(), 0.0) if self.oldest else 0.0

    def is_late(self, now: datetime) -> bool:
        """Return whether emails wait longer than a busy moment explains."""
        return self.seconds(now) > LATE.total_seconds()


def queue() -> Queue:
    """Return the state of the queue."""
    waiting, oldest = db.session.execute(select(func.count(), func.min(Mail.created_at)).where(is_waiting())).one()
    given_up = db.session.scalar(select(func.count()).select_from(Mail).where(is_given_up()))
    return Queue(waiting, oldest, given_up or 0)


@click.command("send-mail")
@click.option("--keep-running", is_flag=True, help="Go on, as a service does.")
@with_appcontext
def send_mail(keep_running: bool) -> None:
    """Send the emails that wait in the outbox and are due; safe to run beside the shop, which sends them itself.

    For cron, or with --keep-running for a service of its own.
    """
    if settings_of_app().keeps_mail:
        raise click.ClickException("MAIL_URL is outbox: the emails are kept there, and none is sent.")
    if keep_running:
        current_app.extensions[SENDER].run()
    outcomes = send_due()
    click.echo(", ".join(f"{outcomes[each]} {each.replace('_', ' ')}" for each in MailOutcome))
