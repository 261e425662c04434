"""Oversized and malformed requests to the real server: refused quickly, without harm to the next client."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.discovery import TOKEN as TOKEN_ENDPOINT
from tests.conftest import WEBHOOK_TOKEN, free_port

pytestmark = pytest.mark.slow
WEBHOOK = f"/webhooks/vipps/consent-revoked/{WEBHOOK_TOKEN}"
ROOT = Path(__file__).parents[2]
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
BOUNDARY = b"Content-Type: multipart/form-data; boundary=x\r\n"
PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'


@pytest.fixture(scope="module")
def port(demo_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve a shop with gunicorn, as in production but with one worker; yield its port."""
    yield from served_by_gunicorn("app", demo_database, tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def simulator_port(demo_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve a simulator with gunicorn; yield its port."""
    yield from served_by_gunicorn("simulator", demo_database, tmp_path_factory.mktemp("served"))


def served_by_gunicorn(application: str, demo_database: Path, folder: Path) -> Iterator[int]:
    """Serve one of the two apps with the project's own settings of gunicorn; yield its port."""
    shutil.copy(demo_database, folder / "shop.sqlite")
    number = free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VIPPS_")},
        "DATABASE_URL": f"sqlite:///{folder / 'shop.sqlite'}",
        "PUBLIC_URL": f"http://localhost:{number}" if application == "app" else "http://localhost:1",
        "SIMULATOR_URL": "http://localhost:1" if application == "app" else f"http://localhost:{number}",
        "SECRET_KEY": "a key for tests that is long enough to sign",
        "BIND": f"127.0.0.1:{number}",
        "WEB_CONCURRENCY": "1",
    }
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "gunicorn", f"wsgi:{application}"]
        server = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=log)
    try:
        until = time.monotonic() + 60
        while ask(number, b"GET /healthz HTTP/1.1\r\n") != 200:
            assert time.monotonic() < until, (folder / "log").read_text()
            assert server.poll() is None, (folder / "log").read_text()
        yield number
    finally:
        server.terminate()
        server.wait()
    assert not re.search("Traceback|unexpected_error|Error handling request", (folder / "log").read_text())


def ask(port: int, head: bytes, body: bytes = b"") -> int:
    """Send raw bytes as a request; return the status, or 0 if the connection was refused or closed."""
    answer = ask_for_head(port, head, body)
    return int(answer.split()[1]) if answer else 0


def ask_for_head(port: int, head: bytes, body: bytes = b"", host: bytes = b"localhost") -> bytes:
    """Send raw bytes as a request; return the head of the response, empty if the connection was refused."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            framed = b"Transfer" in head or b"Content-Length" in head
            length = b"Content-Length: %d\r\n" % len(body) if body and not framed else b""
            request = head + b"Host: %s:%d\r\nConnection: close\r\n" % (host, port) + length + b"\r\n" + body
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            with connection.makefile("rb") as answers:
                return answers.read().partition(b"\r\n\r\n")[0]
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("head", "body", "statuses"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n", b"", {0, 400, 431}, id="a header of 100 KB"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000, b"", {0, 400, 431}, id="5,000 headers"),
        pytest.param(
            b"GET / HTTP/1.1\r\nCookie: session=" + b"x" * 8000 + b"\r\n", b"", {200, 400}, id="a cookie of 8 KB"
        ),
        pytest.param(b"GET /?" + b"a=b&" * 10_000 + b" HTTP/1.1\r\n", b"", {0, 400, 414}, id="10,000 parameters"),
        pytest.param(b"GET /?" + b"a&" * 4000 + b" HTTP/1.1\r\n", b"", {200}, id="as many as fit"),
        pytest.param(b"GET /" + b"a/" * 4000 + b" HTTP/1.1\r\n", b"", {404}, id="a path of 8 KB"),
        pytest.param(b"GET /" + b"../" * 2000 + b"etc/passwd HTTP/1.1\r\n", b"", {400, 404}, id="up and up"),
        pytest.param(b"POST /cart/add HTTP/1.1\r\n" + FORM, b"a=" + b"x" * 1_100_000, {413}, id="a form of 1.1 MB"),
        pytest.param(b"POST /cart/add HTTP/1.1\r\n" + FORM, b"a&" * 500_000, {400, 413}, id="500,000 fields"),
        pytest.param(b"POST /cart/add HTTP/1.1\r\n" + BOUNDARY, PART * 10_000 + b"--x--", {413}, id="10,000 parts"),
        pytest.param(
            b"POST /cart/add HTTP/1.1\r\n" + BOUNDARY,
            b"--x\r\n" + b"Content-Disposition: form-data; name=a\r\n" * 8000, {400, 413}, id="a part of headers only",
        ),
        pytest.param(
            b"POST /cart/add HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + FORM,
            (b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n") * 20 + b"0\r\n\r\n", {400, 413},
            id="chunks without an end in sight",
        ),
        pytest.param(
            b"POST /cart/add HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n" + FORM,
            b"0\r\n\r\nGET /staff HTTP/1.1\r\n\r\n", {400}, id="two lengths",
        ),
        pytest.param(b"POST /cart/add HTTP/1.1\r\nContent-Length: 5, 5\r\n" + FORM, b"", {400}, id="a length twice"),
        pytest.param(b"POST /cart/add HTTP/1.1\r\nContent-Length: -1\r\n" + FORM, b"", {400}, id="a length below zero"),
    ],
)  # fmt: skip
def test_oversized_requests_are_refused_at_once(port: int, head: bytes, body: bytes, statuses: set[int]) -> None:
    begun = time.monotonic()
    assert ask(port, head, body) in statuses
    assert time.monotonic() - begun < 5
    assert ask(port, b"GET / HTTP/1.1\r\n") == 200


NO_NAME = b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
EVENT = b"e30.e30"
MALFORMED = {
    "a part without a name": (BOUNDARY, NO_NAME),
    "a file without a name": (BOUNDARY, NO_NAME.replace(b"data", b'data; filename="a"')),
    "no size of a chunk": (CHUNKED, b"zz\r\n"),
    "no size of the second chunk": (CHUNKED, b"7\r\n" + EVENT + b"\r\nzz\r\n"),
    "a size below zero": (CHUNKED, b"-7\r\n" + EVENT + b"\r\n0\r\n\r\n"),
    "a chunk without its end": (CHUNKED, b"7\r\n" + EVENT + b"XX"),
    "a chunk that is cut": (CHUNKED, b"ffffffffffffffffff\r\n" + EVENT),
    "a NUL in a chunk's extension": (CHUNKED, b"7;\x00\r\n" + EVENT + b"\r\n0\r\n\r\n"),
    "a NUL in a trailer": (CHUNKED, b"7\r\n" + EVENT + b"\r\n0\r\nX\x00: y\r\n\r\n"),
    "a body that is cut": (b"Content-Length: 100\r\n", EVENT),
    "two lengths in one": (b"Content-Length: 4, 5\r\n", EVENT),
    "a length with an underscore": (b"Content-Length: 1_0\r\n", EVENT),
    "an encoding that is not chunked": (b"Transfer-Encoding: gzip\r\n", EVENT),
    "chunked, and then another encoding": (b"Transfer-Encoding: chunked, identity\r\n", EVENT),
    "a blank in a header's name": (b"Bad Header: x\r\n", EVENT),
    "a NUL in a header": (b"X: a\x00b\r\n", EVENT),
}


@pytest.mark.parametrize("path", ["/cart/add", "/staff/login", WEBHOOK, "/forget", TOKEN_ENDPOINT])
def test_a_body_that_cannot_be_read_is_the_senders_mistake(request: pytest.FixtureRequest, path: str) -> None:
    """RFC 9112, sections 6.3 and 7.1; RFC 7578, section 4.2."""
    at = request.getfixturevalue("simulator_port" if path in ("/forget", TOKEN_ENDPOINT) else "port")
    for name, (head, body) in MALFORMED.items():
        if head == BOUNDARY and path == WEBHOOK:
            continue  # the webhook reads plain text only
        kind = b"" if head == BOUNDARY else b"Content-Type: text/plain\r\n" if path == WEBHOOK else FORM
        assert ask(at, b"POST %s HTTP/1.1\r\n" % path.encode() + kind + head, body) in (400, 501), name
        assert ask(at, b"GET /healthz HTTP/1.1\r\n") == 200, name


@pytest.mark.parametrize(("expectation", "statuses"), [(b"100-continue", {100}), (b"a miracle", {417})])
def test_an_expect_header_is_answered(port: int, expectation: bytes, statuses: set[int]) -> None:
    head = b"POST /cart/add HTTP/1.1\r\nExpect: " + expectation + b"\r\n" + FORM
    assert ask(port, head, b"a=b") in statuses


@pytest.mark.parametrize("name", [b"SCRIPT_NAME", b"Script-Name", b"PATH_INFO", b"X-Forwarded-Prefix"])
def test_no_header_names_the_path_prefix(port: int, name: bytes) -> None:
    """gunicorn takes SCRIPT_NAME and PATH_INFO from clients on this machine, unless `forwarder_headers` forbids it."""
    answer = ask_for_head(port, b"GET /account HTTP/1.1\r\n" + name + b": //evil.example\r\n")
    assert b"\r\nLocation: /login?next=/account\r\n" in answer + b"\r\n"
    assert b"evil" not in answer


@pytest.mark.parametrize("target", [b"/%0d%0aX:1", b"/a%3fb", b"/a%2fb?c=%"])
def test_the_redirect_to_the_canonical_host_keeps_the_target_as_it_was_sent(port: int, target: bytes) -> None:
    head = ask_for_head(port, b"GET %s HTTP/1.1\r\n" % target, host=b"127.0.0.1")
    assert head.startswith(b"HTTP/1.1 308 ")
    assert b"\r\nLocation: http://localhost:%d%s\r\n" % (port, target) in head


def test_slow_or_silent_clients_do_not_delay_other_clients(port: int) -> None:
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(60)]
    try:
        for number, connection in enumerate(held):
            connection.sendall(b"POST /cart/add HTTP/1.1\r\nHost: localhost\r\nContent-Le"[: 10 + number])
        begun = time.monotonic()
        assert ask(port, b"GET / HTTP/1.1\r\n") == 200
        assert time.monotonic() - begun < 5
    finally:
        for connection in held:
            connection.close()
