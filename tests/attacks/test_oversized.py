"""Too much of everything, at the server as it runs: refused quickly, with no harm to who comes next."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port

ROOT = Path(__file__).parents[2]
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
BOUNDARY = b"Content-Type: multipart/form-data; boundary=x\r\n"
PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n'


@pytest.fixture(scope="module")
def port(demo_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serve a shop with gunicorn, as in production but with one worker; yields its port."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(demo_database, folder / "shop.sqlite")
    number = free_port()
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VIPPS_")},
        "DATABASE_URL": f"sqlite:///{folder / 'shop.sqlite'}", "PUBLIC_URL": f"http://localhost:{number}",
        "SIMULATOR_URL": "http://localhost:1", "SECRET_KEY": "a key for tests that is long enough to sign",
        "BIND": f"127.0.0.1:{number}", "WEB_CONCURRENCY": "1",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "gunicorn", "wsgi:app"], cwd=ROOT, env=environ, stderr=log)
    try:
        until = time.monotonic() + 60
        while ask(number, b"GET /healthz HTTP/1.1\r\n") != 200:
            assert time.monotonic() < until, (folder / "log").read_text()
            assert server.poll() is None, (folder / "log").read_text()
        yield number
    finally:
        server.terminate()
        server.wait()
    assert "Traceback" not in (folder / "log").read_text()


def ask(port: int, head: bytes, body: bytes = b"") -> int:
    """Send a request as it is, and return the status; 0 for a connection that was refused or closed."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            length = b"Content-Length: %d\r\n" % len(body) if body and b"Transfer" not in head else b""
            request = head + b"Host: localhost:%d\r\nConnection: close\r\n" % port + length + b"\r\n" + body
            connection.sendall(request)
            with connection.makefile("rb") as answers:
                answer = answers.readline()
    except OSError:
        return 0
    return int(answer.split()[1]) if answer else 0


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
def test_too_much_is_refused_at_once(port: int, head: bytes, body: bytes, statuses: set[int]) -> None:
    begun = time.monotonic()
    assert ask(port, head, body) in statuses
    assert time.monotonic() - begun < 5
    assert ask(port, b"GET / HTTP/1.1\r\n") == 200


def test_slow_or_silent_clients_hold_up_no_other_client(port: int) -> None:
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
