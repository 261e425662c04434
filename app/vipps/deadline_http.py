"""HTTP connections whose every read and write ends at the deadline of the call.

The timeout of an ordinary HTTP client restarts with every byte, so a server that sends one byte every half second can
hold a request for ever. Here the time that is left is set on the socket before each read and write. This module uses
private names of urllib3 (`_new_conn`, `_dns_host`); `tests/vipps/test_deadline_http.py` fails if they change.
"""

import io
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from .config import ConnectTo

CONNECT_SECONDS = 3.0

_ends_at: ContextVar[float] = ContextVar("ends_at")


class Deadline:
    """The time by which all calls of one login must have ended."""

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, never negative."""
        return max(self.ends_at - time.monotonic(), 0.0)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End every read and write of this thread's connections after so many seconds."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


def pool_manager(connections: int, connect_to: ConnectTo | None = None) -> urllib3.PoolManager:
    """Return a pool of connections that obey `time_limit`; `connections` is the most that it keeps per host.

    With `connect_to`, all of them connect to that host and port; requests and certificates keep the name of the URL.
    """
    without_tls = connect_to is not None and connect_to.without_tls
    tls: dict[str, Any] = {} if without_tls else {"ssl_context": ssl.create_default_context()}
    pools = urllib3.PoolManager(num_pools=4, maxsize=connections, **tls)
    http = (urllib3.HTTPConnectionPool, _TimedHTTP, 80)
    https = (*http[:2], 443) if without_tls else (urllib3.HTTPSConnectionPool, _TimedHTTPS, 443)
    pools.pool_classes_by_scheme = {}
    for scheme, (pool, timed, port) in (("http", http), ("https", https)):
        connection = type("_Connection", (timed,), {"connect_to": connect_to, "default_port": port})
        pools.pool_classes_by_scheme[scheme] = type("_Pool", (pool,), {"ConnectionCls": connection})
    return pools


def _time_left() -> float:
    left = _ends_at.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline of this call has passed")
    return left


class _TimedReader(io.RawIOBase):
    """The bytes of a socket; the rest of the call's time limits each read."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_time_left())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedSocket:
    """A connected socket, plain or TLS, whose reads and writes end at the call's deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock))

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_time_left())
        self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _TimedConnection(HTTPConnection):
    """A connection that ends at the call's deadline, except while the system resolves the host's name.

    The system's resolver has its own limits; set `options timeout:1 attempts:2` in resolv.conf. A kept-alive connection
    does not resolve again.
    """

    connect_to: ConnectTo | None = None

    def _new_conn(self) -> socket.socket:
        """Try each address of the host, each for at most the connect timeout."""
        name, port, failure = self._dns_host, self.port, None
        host, connect_port, _ = self.connect_to or ConnectTo(name, port)
        for *_, address in socket.getaddrinfo(host, connect_port, type=socket.SOCK_STREAM):
            self.port = connect_port
            self._dns_host, self.timeout = str(address[0]), min(CONNECT_SECONDS, _time_left())
            try:
                return super()._new_conn()
            except HTTPError as error:
                failure = error
            finally:
                self._dns_host, self.port = name, port
        raise failure or OSError("the host has no address")


class _TimedHTTP(_TimedConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _TimedSocket(self.sock)


class _TimedHTTPS(_TimedConnection, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _TimedSocket(self.sock)
