"""gunicorn and a real mail server: the time of an answer, kept-alive connections, and workers that are killed."""

import http.client
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import create_app
from app.database import db, utcnow
from app.mail import Mail
from app.settings import load
from tests import speed
from tests.conftest import ENVIRONMENT, free_port
from tests.customers.steps import add_customer
from tests.hosts.processes import Host, until
from tests.mail.server import MailServer, serving

pytestmark = pytest.mark.slow
KNOWN = [f"person{number}@example.com" for number in range(4)]
PROBES = 10
DELAY = 3.0


@dataclass(frozen=True)
class Place:
    """A shop under gunicorn, its mail server, and the same shop in this process, to read the database."""

    host: Host
    server: MailServer
    app: Flask


@pytest.fixture
def place(certified: Path, empty_database: Path, tmp_path: Path) -> Iterator[Place]:
    """Serve with one worker, so that a kill ends the only one; the mail server takes long for each email."""
    port, database = free_port(), tmp_path / "shop.sqlite"
    database.write_bytes(empty_database.read_bytes())
    with serving(certified) as (server, url):
        environment = {
            **ENVIRONMENT,
            "DATABASE_URL": f"sqlite:///{database}",
            "PUBLIC_URL": f"http://localhost:{port}",
            "MAIL_URL": url,
            "WEB_CONCURRENCY": "1",
        }
        app = create_app(load(environment))
        for email in KNOWN:
            add_customer(app, email)
        host = Host(port, {**environment, "SSL_CERT_FILE": str(certified)}, tmp_path / "log")
        host.wait()
        server.seconds = DELAY
        yield Place(host, server, app)
        host.kill()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


class Visitor:
    """A browser with one connection that stays open."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("localhost", port, timeout=20)
        page = self._ask("GET", None, {})
        self._cookie = page[1].partition(";")[0]
        self._token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page[2])[1]

    def forgot(self, email: str) -> float:
        """Request a link; return the seconds until the response."""
        form = urlencode({"email": email, "csrf_token": self._token})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self._cookie}
        started = time.perf_counter()
        status, _cookie, _text = self._ask("POST", form, headers)
        seconds = time.perf_counter() - started
        assert status == 303
        return seconds

    def _ask(self, method: str, body: str | None, headers: dict[str, str]) -> tuple[int, str, str]:
        self.connection.request(method, "/password/forgot", body, headers)
        answer = self.connection.getresponse()
        return answer.status, answer.getheader("Set-Cookie", ""), answer.read().decode()


def ask_for_a_link(place: Place) -> None:
    """Request a password link; return while the mail server has the email and has not confirmed it."""
    visitor = Visitor(place.host.port)
    visitor.forgot(KNOWN[0])
    visitor.connection.close()
    until(lambda: bool(place.server.messages), 10, place.host.log)


def mails(place: Place) -> list[Mail]:
    with place.app.app_context():
        return list(db.session.scalars(select(Mail).order_by(Mail.id)))


def separation(one: list[float], other: list[float]) -> float:
    """Return how clearly two samples differ: the z value of the Mann-Whitney U test; above 3.3 is 1 in 1,000."""
    wins = sum((a > b) + (a == b) / 2 for a in one for b in other)
    pairs = len(one) * len(other)
    return abs(wins - pairs / 2) / sqrt(pairs * (len(one) + len(other) + 1) / 12)


def test_the_time_does_not_tell_whether_an_address_has_an_account(place: Place) -> None:
    """The mail server takes three seconds for each email; the responses come over one connection."""
    visitor = Visitor(place.host.port)
    known, unknown = [], []
    for number in range(PROBES):
        known.append(visitor.forgot(KNOWN[number % len(KNOWN)]))
        unknown.append(visitor.forgot(f"stranger{number % len(KNOWN)}@example.com"))
    visitor.connection.close()
    assert min(known + unknown) >= speed.EQUAL_SECONDS
    assert max(known + unknown) < DELAY / 2
    difference = abs(statistics.median(known) - statistics.median(unknown))
    assert difference < 0.003 or separation(known, unknown) < 3.3, (known, unknown)
    assert len(mails(place)) == PROBES


def test_an_email_of_a_killed_worker_is_not_lost(place: Place) -> None:
    """The worker is killed after the server has the email and before it confirms it: only then is it sent twice."""
    ask_for_a_link(place)
    place.host.kill_a_worker()
    (waiting,) = mails(place)
    assert (waiting.recipient, waiting.sent_at) == (KNOWN[0], None)
    place.server.seconds = 0.0
    with place.app.app_context():  # end the lease
        db.session.execute(update(Mail).where(Mail.next_try_at.is_not(None)).values(next_try_at=utcnow()))
        db.session.commit()
    until(lambda: mails(place)[0].sent_at is not None, 30, place.host.log)
    assert [message["Message-ID"] for message in place.server.messages] == [waiting.message_id] * 2


def test_the_end_of_the_server_does_not_wait_for_an_email(place: Place) -> None:
    place.server.seconds = 60.0
    ask_for_a_link(place)
    started = time.monotonic()
    place.host.process.terminate()
    assert place.host.process.wait(timeout=20) == 0
    assert time.monotonic() - started < 12  # gunicorn would kill it after 15 seconds
    assert [mail.sent_at for mail in mails(place)] == [None]
