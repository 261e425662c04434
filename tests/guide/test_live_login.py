"""The live view: a page that follows this browser's login by a stream, which ends by itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from itertools import islice
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from app.database import utcnow
from app.guide.inspector import live
from app.vipps.attempts import LIFETIME
from tests.conftest import browser_of, open_page, served
from tests.vipps_person import VippsPerson

LIVE = "/guide/inspector/live"


def shown(browser: FlaskClient) -> tuple[str, int]:
    """Return the page's text about the login, and the number of steps on the page."""
    page = open_page(browser, LIVE)
    return " ".join(page.one(".live__now").get_text().split()), len(page.select(".steps > li"))


def test_the_page_shows_a_login_as_far_as_it_has_come(vipps: VippsPerson) -> None:
    nothing = "Waiting for a login. Start one in the shop’s window. Open the shop’s login page"
    assert shown(vipps.browser) == (nothing, 0)
    callback = vipps.approve(vipps.start(), "kari")
    said, steps = shown(vipps.browser)
    assert (said.partition(".")[0], steps) == ("You are at Vipps", 4)
    vipps.browser.get(callback)
    said, steps = shown(vipps.browser)
    assert said.startswith("You already had an account here.")
    assert steps > 10
    vipps.browser.get(vipps.approve(vipps.start(), "kari", action="deny"))
    assert "The shop refused the login. The person cancelled" in shown(vipps.browser)[0]
    assert shown(browser_of(vipps.app))[1] == 0, "another browser must not see the login"
    with time_machine.travel(utcnow() + LIFETIME + timedelta(minutes=1)):
        assert shown(vipps.browser)[1] == 0


def test_the_steps_that_go_to_vipps_and_back_are_open(vipps: VippsPerson) -> None:
    vipps.log_in("kari")
    opened = [each.get_text() for each in open_page(vipps.browser, LIVE).select("details[open] > summary .step__title")]
    assert [title for title in opened if "keys" not in title] == [
        "Vipps asks you", "Vipps sends you back", "The shop exchanges the code", "The shop asks who you are",
    ]  # fmt: skip


@dataclass
class Watched:
    """A shop on a socket, and a browser that has opened the live view."""

    app: Flask
    browser: FlaskClient
    opened: list[HTTPResponse] = field(default_factory=list)

    def stream(self, seen: str = "", cookie: str | None = None, client: str = "192.0.2.1") -> HTTPResponse:
        """Open a stream."""
        port = urlsplit(self.app.extensions["settings"].public_url).port
        held = self.browser.get_cookie("inspector")
        assert held
        connection = HTTPConnection("localhost", port, timeout=10)
        headers = {"Cookie": f"{held.key}={held.value if cookie is None else cookie}", "X-Forwarded-For": client}
        connection.request("GET", f"{LIVE}/events?seen={seen}", headers=headers)
        self.opened.append(connection.getresponse())
        return self.opened[-1]


@pytest.fixture
def watched(
    make_app: Callable[..., Flask], simulator: str, unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watched]:
    monkeypatch.setattr(live, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(live, "PING_SECONDS", 0.01)
    url = f"http://localhost:{unused_port}"
    app = make_app(demo=True, PUBLIC_URL=url, SIMULATOR_URL=simulator, TRUSTED_PROXIES="1")
    browser = browser_of(app)
    browser.get(LIVE)
    with served(app, unused_port):
        watched = Watched(app, browser)
        yield watched
        for stream in watched.opened:
            stream.close()
        while live._open:  # wait until the server notices at its next ping
            browser.get("/healthz")


def next_event(response: HTTPResponse) -> str:
    """Return the name of a stream's next event; empty at its end. The pings between are skipped."""
    lines = (line.decode().strip() for line in islice(iter(response.readline, b""), 1000))
    return next((line.removeprefix("event: ") for line in lines if line.startswith("event: ")), "")


def test_a_stream_tells_of_each_half_of_a_login_and_ends_by_itself(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = watched.stream()
    assert (stream.status, stream.getheader("Content-Type")) == (200, "text/event-stream")
    assert (stream.getheader("Cache-Control"), stream.getheader("X-Accel-Buffering")) == ("no-store", "no")
    started = watched.browser.get("/login/vipps")
    assert next_event(stream) == "login"
    state = parse_qs(urlsplit(started.headers["Location"]).query)["state"][0]
    watched.browser.get(f"/login/vipps/callback?error=access_denied&state={state}")
    assert next_event(stream) == "login"
    assert next_event(watched.stream()) == "login", "a marked cookie must still find the login"
    monkeypatch.setattr(live, "MAX_STREAM_SECONDS", 0.0)
    assert next_event(watched.stream()) == "end"


def test_a_stream_starts_with_the_steps_since_the_page_was_loaded(watched: Watched) -> None:
    watched.browser.get("/login/vipps")
    first = watched.stream()
    seen = first.readline() + first.readline()
    assert seen.startswith(b"event: login\ndata: ")
    assert first.readline() + first.readline() == b"\n: the stream is open\n", "the stream reports the step once"
    second = watched.stream(seen.decode().split("data: ")[1].strip())
    assert second.readline() == b": the stream is open\n"


def test_a_response_without_a_body_occupies_no_stream(watched: Watched) -> None:
    for _ in range(live.MAX_STREAMS + 1):
        watched.browser.head(f"{LIVE}/events", headers={"X-Forwarded-For": "192.0.2.1"})
    assert watched.stream().status == 200


def test_a_client_and_a_process_have_a_limited_number_of_streams(watched: Watched) -> None:
    assert watched.stream(cookie="").status == 204, "a browser without a cookie has no logins"
    invented = [watched.stream(cookie=f"another-{number}", client="192.0.2.9") for number in range(live.MAX_STREAMS)]
    held = [each for each in invented if each.status == 200]
    assert len(held) == live.MAX_PER_NETWORK, "new cookies must not raise the limit of a network"
    held += [watched.stream(client=f"192.0.2.{number}") for number in range(live.MAX_STREAMS - len(held))]
    assert [each.status for each in held] == [200] * live.MAX_STREAMS
    assert watched.stream(client="192.0.2.8").status == 204, "the process is full"
    for stream in held:
        stream.close()
    while watched.stream(client="192.0.2.9").status == 204:
        pass  # wait until the server notices at its next ping
