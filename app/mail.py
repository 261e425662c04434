"""Write emails to the outbox, a table that is the queue from which `mail_sender` sends them by SMTP.

An email is a row of the request's transaction: call `send`, then commit; after a rollback it does not exist. No request
waits for the mail server, so the response time tells an attacker neither how slow it is nor whether there was an email
to send (ASVS 6.3.8). The demo keeps its emails: `/outbox` shows them.
"""

import re
import smtplib
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from email import policy
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import idna
from flask import Blueprint, Flask, abort, current_app
from flask import render_template as render
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape
from sqlalchemy import JSON, ColumnElement, String, Text, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.about import NAME
from app.database import Base, UtcDateTime, db, on_commit, utcnow
from app.logging import log, reference
from app.pagination import paginate_as_asked
from app.security import is_shared_by_a_class
from app.settings import LOCAL_HOSTS, Settings, settings_of_app

TIMEOUT_SECONDS = 30  # for each step of a conversation with the mail server
MAX_CONVERSATION_SECONDS = 120.0  # for all of it: less than the lease, or another worker would send the email as well
SMTP_PORT, SMTPS_PORT = 587, 465
MAX_ERROR = 60
PER_PAGE = 20
SENDER = "mail_sender"

# How many emails of one kind an address gets within the period, if its owner may not have asked for them. The limit is
# per kind: otherwise an attacker could use up the limit of the email that its owner needs to log in again.
MAX_OF_A_KIND = 5
PERIOD = timedelta(hours=1)
LIMIT_LOCK = 1  # any number: only this limit uses PostgreSQL's advisory locks with two keys
FAREWELL = "account_deleted"  # this email's row is deleted when the email is sent: the account no longer exists
NOW = text("(CURRENT_TIMESTAMP)")

bp = Blueprint("mail", __name__)


class Mail(Base):
    """An email. With a `next_try_at` it is queued, with a `sent_at` it was sent; without both, sending has failed."""

    __tablename__ = "mail"

    id: Mapped[int] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(String(320), index=True)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(40))
    headers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")
    message_id: Mapped[str | None] = mapped_column(String(300))  # None if the demo kept the email
    reference: Mapped[str] = mapped_column(String(20), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utcnow, server_default=NOW)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str] = mapped_column(String(MAX_ERROR), default="", server_default="")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def init_app(app: Flask) -> None:
    """Register the outbox page, and the template filter that makes the shop's own links clickable."""
    app.register_blueprint(bp)
    app.add_template_filter(with_links)


def send(
    to: str, subject: str, body: str, kind: str, headers: Mapping[str, str] | None = None, *, limited: bool = False
) -> bool:
    """Add an email to the current transaction: it is sent after the commit, and never after a rollback.

    Pass `limited` for an email that its recipient may not have asked for. If the address has reached the limit of this
    kind, no email is added and False is returned: then roll back changes that depend on the email, such as a new link
    that replaces an older one.
    """
    settings, now = settings_of_app(), utcnow()
    if limited and not is_shared_by_a_class(to) and _limit_reached(to, kind):
        log.warning("mail_over_limit", kind=kind)
        return False
    mail = Mail(recipient=to, subject=subject, body=body, kind=kind, created_at=now)
    if settings.keeps_mail:
        mail.sent_at = now
    else:
        mail.headers, mail.reference, mail.next_try_at = dict(headers or {}), reference(), now
        mail.message_id = make_msgid(domain=sender_of(settings).domain)
        on_commit(current_app.extensions[SENDER].wake)
    db.session.add(mail)
    return True


def _limit_reached(to: str, kind: str) -> bool:
    """Tell whether the address has reached the limit. A lock makes concurrent requests count one after the other."""
    if db.engine.dialect.name == "postgresql":
        locked = func.hashtext(f"{kind} {to.lower()}")
        db.session.execute(select(func.pg_advisory_xact_lock(LIMIT_LOCK, locked)))  # until the transaction ends
    lately = (func.lower(Mail.recipient) == to.lower(), Mail.kind == kind, Mail.created_at > utcnow() - PERIOD)
    return (db.session.scalar(select(func.count()).select_from(Mail).where(*lately)) or 0) >= MAX_OF_A_KIND


def is_waiting() -> ColumnElement[bool]:
    """Match the emails that are still to be sent."""
    return Mail.next_try_at.is_not(None)


def is_given_up() -> ColumnElement[bool]:
    """Match the emails that could not be sent."""
    return Mail.next_try_at.is_(None) & Mail.sent_at.is_(None)


class Verbatim(UnstructuredHeader, BaseHeader):
    """A header that is written without folding: folded inside a long link, it would be encoded and the link broken."""

    def fold(self, *, policy: policy.Policy) -> str:
        """Return the header as one line (at most 998 characters: RFC 5322, section 2.1.1)."""
        return f"{self.name}:{policy.linesep} {self}{policy.linesep}"


HEADERS = HeaderRegistry()
HEADERS.map_to_type("list-unsubscribe", Verbatim)
POLICY = policy.default.clone(header_factory=HEADERS, cte_type="7bit")


def compose(
    settings: Settings,
    to: str,
    subject: str,
    body: str,
    headers: Mapping[str, str] | None = None,
    *,
    message_id: str | None = None,
    written_at: datetime | None = None,
) -> EmailMessage:
    """Build the message, in ASCII; a line break in a header, which would add another header, is a `ValueError`.

    A mail server need not take 8-bit text (RFC 6152, section 3), so the body is encoded (RFC 2045, section 6).
    """
    message = EmailMessage(POLICY)
    sender = sender_of(settings)
    message["From"] = sender
    message["To"] = Address(addr_spec=to_ascii(to))
    if settings.mail_reply_to:
        message["Reply-To"] = Address(addr_spec=to_ascii(settings.mail_reply_to))
    message["Subject"] = subject
    message["Date"] = format_datetime(written_at or utcnow())
    message["Message-ID"] = message_id or make_msgid(domain=sender.domain)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5: no automatic replies
    for name, value in (headers or {}).items():
        message[name] = value
    message.set_content(body)
    return message


def to_ascii(address: str) -> str:
    """Return an address with its domain in ASCII (RFC 5890), because few servers take others (SMTPUTF8, RFC 6531)."""
    local, _at, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError("the part of an address before the @ must be ASCII")
    return address if domain.isascii() else f"{local}@{idna.encode(domain, uts46=True).decode()}"


class Conversation(smtplib.SMTP):
    """A conversation with the mail server that ends in time: a socket timeout restarts with every byte that arrives."""

    def connect(self, *where: Any, **more: Any) -> tuple[int, bytes]:
        """Connect, and start the clock."""
        self._is_over = threading.Event()
        threading.Thread(target=self._end_in_time, name="mail-deadline", daemon=True).start()
        try:
            return super().connect(*where, **more)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._is_over.set()
        super().close()

    def _end_in_time(self) -> None:
        """Close the socket when the time is over; repeat it because STARTTLS may have replaced the socket meanwhile."""
        pause = MAX_CONVERSATION_SECONDS
        while not self._is_over.wait(pause):
            pause = 1.0
            if connected := self.sock:
                with suppress(OSError):
                    socket.socket.shutdown(connected, socket.SHUT_RDWR)  # wakes the thread that reads, also under TLS


class TlsConversation(Conversation, smtplib.SMTP_SSL):
    """A conversation with TLS from the start."""


def connection(url: str, seconds: float = TIMEOUT_SECONDS) -> smtplib.SMTP:
    """Connect to the mail server and log in. An unencrypted password is sent only to this machine."""
    parts, tls = urlsplit(url), ssl.create_default_context()
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        server: smtplib.SMTP = TlsConversation(host, parts.port or SMTPS_PORT, timeout=seconds, context=tls)
    else:
        server = Conversation(host, parts.port or SMTP_PORT, timeout=seconds)
    try:
        if parts.scheme == "smtp":
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=tls)
            elif parts.username and parts.hostname not in LOCAL_HOSTS:
                raise smtplib.SMTPNotSupportedError("the server offers no TLS for the password")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def sender_of(settings: Settings) -> Address:
    """Return the sender of every email."""
    given = parse_qs(urlsplit(settings.mail_url).query).get("from", [""])[0]
    return Address(NAME, addr_spec=to_ascii(given or f"no-reply@{urlsplit(settings.public_url).hostname}"))


@bp.get("/outbox")
def outbox() -> ResponseReturnValue:
    """Show the emails that the demo kept, the newest first."""
    if not settings_of_app().shows_outbox:
        abort(404)
    kept = select(Mail).where(Mail.message_id.is_(None))
    return render("mail/outbox.html", listing=paginate_as_asked(kept, Mail.id, PER_PAGE))


def with_links(text: str) -> Markup:
    """Escape the text of an email, and make clickable the links to this shop only."""
    shop_url = re.escape(settings_of_app().public_url)
    parts = re.split(rf"({shop_url}(?![^/?#\s])\S*)", text)  # every second one is a link
    link = Markup('<a href="{0}">{0}</a>').format
    return Markup("").join(link(part) if number % 2 else escape(part) for number, part in enumerate(parts))
