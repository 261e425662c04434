"""Mail to customers: sent by SMTP, or kept in a table and shown at `/outbox` in the demo.

A mail belongs to the transaction that asks for it: call `send`, then commit. What is rolled back is not sent. SMTP
happens after the page has gone out, so neither a slow mail server nor the fact that there was a mail to send can be
felt in the page's time (ASVS 6.3.8); a mail that fails is a log line with the request's reference, and the page stands.

`MAIL_URL` is `outbox:`, `smtp://user:password@host:port` (which turns to TLS when the server offers it) or `smtps://…`;
`?from=shop@example.com` sets the sender.
"""

import smtplib
import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from email import policy
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import partial
from urllib.parse import parse_qs, unquote, urlsplit

from flask import Blueprint, Flask, Response, abort, after_this_request, has_request_context, request
from flask import render_template as render
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape
from sqlalchemy import String, Text, event, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.about import NAME
from app.database import Base, UtcDateTime, db, utcnow
from app.logging import log, reference
from app.settings import LOCAL_HOSTS, Settings, settings_of_app

TIMEOUT_SECONDS = 10
SMTP_PORT, SMTPS_PORT = 587, 465
PER_PAGE = 20
LAST_PAGE = 10_000
WAITING = "mail_waiting"

bp = Blueprint("mail", __name__)


class Mail(Base):
    """A mail that the outbox kept instead of sending it."""

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(320), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(40))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


def init_app(app: Flask) -> None:
    """Register the outbox and the filter that makes the shop's own links clickable in it."""
    app.register_blueprint(bp)
    app.add_template_filter(with_links)


def send(to: str, subject: str, body: str, kind: str, headers: Mapping[str, str] | None = None) -> None:
    """Mail a text to one address when the current transaction is committed, and not if it is rolled back.

    `headers` are added to the message; the outbox shows none.
    """
    settings = settings_of_app()
    if settings.mail_url == "outbox:":
        db.session.add(Mail(recipient=to, subject=subject[:200], body=body, kind=kind))
        return
    db.session.connection()  # a transaction for the mail to belong to, if nothing else has begun one
    waiting = db.session.info.setdefault(WAITING, [])
    waiting.append(partial(_deliver, settings, to, subject, body, kind, reference(), headers or {}))


@event.listens_for(Session, "after_commit")
def _commit(session: Session) -> None:
    """Deliver what waited for this commit: after the response if there is one, else now."""
    if session.in_nested_transaction():  # a savepoint only: all of it can still be rolled back
        return
    for delivery in session.info.pop(WAITING, []):
        if has_request_context():
            after_this_request(partial(_when_closed, delivery))
        else:
            delivery()


@event.listens_for(Session, "after_rollback")
def _roll_back(session: Session) -> None:
    session.info.pop(WAITING, None)


def _when_closed(delivery: Callable[[], None], response: Response) -> Response:
    response.call_on_close(delivery)
    return response


def _deliver(
    settings: Settings, to: str, subject: str, body: str, kind: str, its_reference: str, headers: Mapping[str, str]
) -> None:
    try:
        message = compose(settings, to, subject, body, headers)
        with connection(settings.mail_url) as server:
            server.send_message(message)
    except (OSError, ValueError, smtplib.SMTPException) as error:
        # OSError covers the network and TLS; ValueError a header that is none (a line break in it).
        log.error("mail_failed", kind=kind, reference=its_reference, error=type(error).__name__)
    else:
        log.info("mail_sent", kind=kind, reference=its_reference)


class Verbatim(UnstructuredHeader, BaseHeader):
    """A header that is written as it is: folded in the middle of a long link, it would be encoded and lead nowhere."""

    def fold(self, *, policy: policy.Policy) -> str:
        """Return the header's lines (at most 998 letters each: RFC 5322, section 2.1.1)."""
        return f"{self.name}:{policy.linesep} {self}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("list-unsubscribe", Verbatim)
POLICY = policy.default.clone(header_factory=HEADERS)


def compose(
    settings: Settings, to: str, subject: str, body: str, headers: Mapping[str, str] | None = None
) -> EmailMessage:
    """Build the message; an address or a subject that would start another header raises `ValueError`."""
    message = EmailMessage(POLICY)
    sender = Address(NAME, addr_spec=_sender(settings))
    message["From"] = sender
    message["To"] = Address(addr_spec=to)
    message["Subject"] = subject
    message["Date"] = format_datetime(utcnow())
    message["Message-ID"] = make_msgid(domain=sender.domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5: no holiday replies, please
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(body)
    return message


def connection(url: str, seconds: float = TIMEOUT_SECONDS) -> smtplib.SMTP:
    """Open a connection and log in; a password never travels unencrypted, but to this machine."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    tls = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or SMTPS_PORT, timeout=seconds, context=tls)
    else:
        server = smtplib.SMTP(host, parts.port or SMTP_PORT, timeout=seconds)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=tls)
        elif parts.username and host not in LOCAL_HOSTS:
            server.close()
            raise smtplib.SMTPNotSupportedError("the server offers no TLS for the password")
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def _sender(settings: Settings) -> str:
    given = parse_qs(urlsplit(settings.mail_url).query).get("from", [""])[0]
    return given or f"no-reply@{urlsplit(settings.public_url).hostname}"


@bp.get("/outbox")
def outbox() -> ResponseReturnValue:
    """Show the mails of the demo, the newest first."""
    if not settings_of_app().in_demo:
        abort(404)
    page = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    newest = select(Mail).order_by(Mail.id.desc()).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    mails = db.session.scalars(newest).all()
    total = db.session.scalar(select(func.count()).select_from(Mail)) or 0
    pages = max(1, -(-total // PER_PAGE))
    return render("mail/outbox.html", mails=mails, page=page, pages=pages, total=total)


def with_links(text: str) -> Markup:
    """Escape a mail's text and make the links to this shop clickable, and no others."""
    ours = settings_of_app().public_url
    words = text.split(ours)
    linked = escape(words[0])
    for word in words[1:]:
        path, rest = _split_path(word)
        linked += Markup('<a href="{0}{1}">{0}{1}</a>{2}').format(ours, path, rest)
    return linked


def _split_path(text: str) -> tuple[str, str]:
    path = text.split(maxsplit=1)[0] if text and not text[0].isspace() else ""
    return path, text[len(path) :]
