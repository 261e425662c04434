"""The revocation event: what is sent, when, and what a receiver that is gone, slow or lost changes."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.simulator import revocations
from tests.simulator.conftest import UNIT, Provider, decoded
from tests.simulator.test_pages import at_home

# The sample of the provider's own documentation, whose header ends with a line break.
DOCUMENTED = (
    "eyJhbGciOiJub25lIiwidHlwIjogIkpXVCJ9Cg.eyJleHAiOjE1OTI1NzE3ODgsImlhdCI6MTU5MjU3MTQ4OCwibmJmIjoxNTkyNTcxNDg4LCJzdWI"
    "iOiJjOWQxMDQ0NC1kOTkyLTQ4NTAtYWM2MC05ZDM1MDIwOTUwMDgiLCJldmVudCI6IkNPTlNFTlRfUkVWT0tFRCJ9"
)


class Receiver(HTTPServer):
    """A company's server: it keeps what comes, and answers as it is told."""

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[str, str | None, str]] = []
        self.answer, self.location = 200, ""

    @property
    def url(self) -> str:
        """Return the address of the webhook."""
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    """Takes one event."""

    server: Receiver

    def do_POST(self) -> None:
        """Keep the event and answer."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.received.append((self.path, self.headers["Content-Type"], body))
        self.send_response(self.server.answer)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a company's server for one test."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def told(provider: Provider, url: str) -> dict[str, Any]:
    """Let Ola share with the company, and end that; return what the control API says about it."""
    provider.control(f"merchants/{UNIT.client_id}", {"webhook_url": url}, method="PATCH")
    provider.claims("ola", {"scope": "openid name"})
    return provider.control("persons/ola/revoke", {"client_id": UNIT.client_id})


def test_the_body_says_what_the_documented_sample_says() -> None:
    sample = decoded(DOCUMENTED)
    body = revocations.unsigned_jwt(sample["sub"], sample["iat"])
    assert body.split(".")[1] == DOCUMENTED.split(".")[1]
    assert decoded(body, 0) == {"alg": "none", "typ": "JWT"}
    assert body.count(".") == 1
    assert "=" not in body


def test_a_company_is_told_whom_it_lost(provider: Provider, receiver: Receiver) -> None:
    subject = provider.claims("ola", {"scope": "openid name"})["sub"]
    assert told(provider, receiver.url)["delivered"] == {UNIT.client_id: 200}
    [(path, kind, sent)] = receiver.received
    assert (path, kind) == ("/hook", "text/plain")
    assert decoded(sent)["sub"] == subject
    assert decoded(sent)["exp"] - decoded(sent)["iat"] == revocations.LIFETIME


def test_the_start_page_tells_the_company_too(browser: FlaskClient, provider: Provider, receiver: Receiver) -> None:
    provider.control(f"merchants/{UNIT.client_id}", {"webhook_url": receiver.url}, method="PATCH")
    provider.log_in("ola", {"scope": "openid name"})
    at_home(browser).press("ola/revoke")
    assert len(receiver.received) == 1


def test_a_redirect_is_not_followed(provider: Provider, receiver: Receiver) -> None:
    receiver.answer, receiver.location = 302, receiver.url
    assert told(provider, receiver.url)["delivered"] == {UNIT.client_id: 302}
    assert len(receiver.received) == 1


def test_a_company_that_cannot_be_reached_keeps_nobody_from_ending_it(provider: Provider) -> None:
    answer = told(provider, "http://127.0.0.1:9/nobody")
    assert answer == {"revoked": [UNIT.client_id], "delivered": {UNIT.client_id: None}}
    ola = next(person for person in provider.control("persons")["persons"] if person["key"] == "ola")
    assert ola["shares"] == {}


def test_a_company_without_a_webhook_is_not_told(provider: Provider) -> None:
    provider.claims("ola", {"scope": "openid name"})
    assert provider.control("persons/ola/revoke", {"client_id": UNIT.client_id})["delivered"] == {}
