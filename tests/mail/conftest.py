"""A shop that sends its emails by a real mail server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.mail.server import MailServer, certificate, serving


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of the mail server's certificate."""
    return certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture
def mail_url(certified: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[MailServer, str]]:
    """Serve, with a certificate that this process trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certified))
    with serving(certified) as both:
        yield both


@pytest.fixture
def server(mail_url: tuple[MailServer, str]) -> MailServer:
    return mail_url[0]


@pytest.fixture
def shop(make_app: Any, mail_url: tuple[MailServer, str]) -> Flask:
    """Return a shop that sends its emails by the server when a test calls `send_due`."""
    app: Flask = make_app(MAIL_URL=mail_url[1])
    return app
