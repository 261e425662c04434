"""Send emails to customers by SMTP, or in the demo store them in a table that `/outbox` shows.

An email belongs to a transaction: call `send`, then commit; after a rollback it is not sent. The SMTP call is made
after the response has gone out, so the response time tells an attacker neither how slow the mail server is nor whether
there was an email to send (ASVS 6.3.8). A failed email is logged with the request's reference number; the page stays.

`MAIL_URL` is `outbox:`, `smtp://user:password@host:port` (with STARTTLS if the server offers it) or `smtps://…`;
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
from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from app.about import NAME
from app.database import Base, UtcDateTime, db, on_commit, utcnow
from app.logging import log, reference
from app.settings import LOCAL_HOSTS, Settings, settings_of_app

TIMEOUT_SECONDS = 10
SMTP_PORT, SMTPS_PORT = 587, 465
PER_PAGE = 20
LAST_PAGE = 10_000

bp = Blueprint("mail", __name__)


class Mail(Base):
    """An email that the demo stored instead of sending it."""

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(320), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(40))
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow)


def init_app(app: Flask) -> None:
    """Register the outbox page, and the template filter that makes the shop's own links clickable."""
    app.register_blueprint(bp)
    app.add_template_filter(with_links)


def send(to: str, subject: str, body: str, kind: str, headers: Mapping[str, str] | None = None) -> None:
    """Send an email when the current transaction is committed, and never if it is rolled back.

    `headers` are added to the message; the outbox does not show them.
    """
    settings = settings_of_app()
    if settings.mail_url == "outbox:":
        db.session.add(Mail(recipient=to, subject=subject[:200], body=body, kind=kind))
        return
    delivery = partial(_deliver, settings, to, subject, body, kind, reference(), headers or {})
    on_commit(partial(_after_response, delivery))


def _after_response(delivery: Callable[[], None]) -> None:
    """Deliver after the response has gone out if there is one, else now."""
    if has_request_context():
        after_this_request(partial(_deliver_when_closed, delivery))
    else:
        delivery()


def _deliver_when_closed(delivery: Callable[[], None], response: Response) -> Response:
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
        # OSError is for network and TLS errors, ValueError for an invalid header (with a line break).
        log.error("mail_failed", kind=kind, reference=its_reference, error=type(error).__name__)
    else:
        log.info("mail_sent", kind=kind, reference=its_reference)


class Verbatim(UnstructuredHeader, BaseHeader):
    """A header that is written without folding: folded inside a long link, it would be encoded and the link broken."""

    def fold(self, *, policy: policy.Policy) -> str:
        """Return the header as one line (at most 998 characters: RFC 5322, section 2.1.1)."""
        return f"{self.name}:{policy.linesep} {self}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("list-unsubscribe", Verbatim)
POLICY = policy.default.clone(header_factory=HEADERS)


def compose(
    settings: Settings, to: str, subject: str, body: str, headers: Mapping[str, str] | None = None
) -> EmailMessage:
    """Build the message; an address or a subject with a line break, which would add a header, raises `ValueError`."""
    message = EmailMessage(POLICY)
    sender = Address(NAME, addr_spec=_sender(settings))
    message["From"] = sender
    message["To"] = Address(addr_spec=to)
    message["Subject"] = subject
    message["Date"] = format_datetime(utcnow())
    message["Message-ID"] = make_msgid(domain=sender.domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5: no automatic replies
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(body)
    return message


def connection(url: str, seconds: float = TIMEOUT_SECONDS) -> smtplib.SMTP:
    """Connect to the mail server and log in; the password is sent unencrypted to this machine only."""
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
    """Show the demo's emails, the newest first."""
    if not settings_of_app().in_demo:
        abort(404)
    page = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    newest = select(Mail).order_by(Mail.id.desc()).limit(PER_PAGE).offset((page - 1) * PER_PAGE)
    mails = db.session.scalars(newest).all()
    total = db.session.scalar(select(func.count()).select_from(Mail)) or 0
    pages = max(1, -(-total // PER_PAGE))
    return render("mail/outbox.html", mails=mails, page=page, pages=pages, total=total)


def with_links(text: str) -> Markup:
    """Escape the text of an email, and make clickable the links to this shop only."""
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
