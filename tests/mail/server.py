"""A real mail server (aiosmtpd) with TLS and a password, which can refuse, hang or hang up at each step."""
# ruff: noqa: N802 - aiosmtpd calls the handlers by these names

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import free_port

USER, PASSWORD = "shop", "s3cr:t/ p"
HANG, HANG_UP = "hang", "hang up"


def certificate(folder: Path) -> Path:
    """Write a certificate for localhost, with its key, and return its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "mail.pem"
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()) + made.public_bytes(pem))
    return file


class MailServer:
    """Keeps the messages that it accepted. `answers` has a reply for a step: a line, `HANG` or `HANG_UP`."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.attempts: list[str] = []
        self.answers: dict[str, str] = {}
        self.only_for = ""
        self.seconds = 0.0

    def accepted(self) -> list[str]:
        return [str(message["To"]) for message in self.messages]

    async def _step(self, step: str, server: SMTP, address: str) -> str:
        answer = self.answers.get(step, "") if self.only_for in address else ""
        if answer == HANG:
            await asyncio.Event().wait()
        if answer == HANG_UP:
            server.transport.abort()
        return "" if answer == HANG_UP else answer

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """Take the sender."""
        envelope.mail_from = address
        return await self._step("MAIL", server, "") or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """Take the recipient."""
        self.attempts.append(address)
        if answer := await self._step("RCPT", server, address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        """Accept the message only if it is ASCII: this server does not offer 8BITMIME (RFC 6152, section 3)."""
        if answer := await self._step("DATA", server, envelope.rcpt_tos[0]):
            return answer
        if not envelope.content.isascii():
            return "554 5.6.1 Body type not supported by remote host"
        self.messages.append(message_from_bytes(envelope.content))
        await asyncio.sleep(self.seconds)
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Any, envelope: Any) -> str:
        """End the conversation."""
        return await self._step("QUIT", server, "") or "221 Bye"

    def authenticate(self, server: SMTP, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right and "AUTH" not in self.answers, handled=False)


class Listener(Controller):
    """aiosmtpd in its own thread; it closes every connection before it stops."""

    def __init__(self, handler: MailServer, **options: Any) -> None:
        self.conversations: list[SMTP] = []
        super().__init__(handler, **options)

    def factory(self) -> SMTP:
        self.conversations.append(super().factory())
        return self.conversations[-1]

    async def hang_up(self) -> None:
        """End every connection, so that its socket is closed."""
        for conversation in self.conversations:
            if conversation.transport is not None:
                conversation.transport.abort()
        for _turn in range(5):  # the event loop needs some turns to close the connections
            await asyncio.sleep(0)


@contextmanager
def serving(certified: Path) -> Iterator[tuple[MailServer, str]]:
    """Serve with STARTTLS and a password, both required; yield the server and the `MAIL_URL` for it."""
    handler, port = MailServer(), free_port()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified)
    controller = Listener(
        handler,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=handler.authenticate,
    )
    controller.start()
    try:
        yield handler, f"smtp://{USER}:s3cr%3At%2F%20p@localhost:{port}?from=shop@example.com"
    finally:
        asyncio.run_coroutine_threadsafe(controller.hang_up(), controller.loop).result()
        controller.stop()


def silent_port() -> tuple[socket.socket, int]:
    """Return a socket that accepts connections and never answers, with its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    return listening, int(listening.getsockname()[1])
