"""HTTP to Vipps: one pool of kept-alive connections, and a limit on everything an answer can do to us.

Every call has a total deadline. A timeout of an ordinary HTTP client starts anew with every byte received, so a
server that sends one byte every half second is waited out; here the time that is left is set on the socket before
each read. An answer may have 1 MiB, unpacked. Redirects are not followed: a 307 from the token endpoint would
send the authorization code and the verifier to whoever it names. Nothing is retried, because a code works once.
"""

import io
import json
import socket
import ssl
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as PoolTimeout
from urllib3.util.url import Url, parse_url

from .breaker import Breaker, Said, judged_refusal, judged_status
from .call_signal import Call, call_made
from .errors import LoginRefused

CONNECT_SECONDS = 3.0
CALL_SECONDS = 5.0
MAX_BYTES = 1024 * 1024
CHUNK = 64 * 1024

_ends_at: ContextVar[float] = ContextVar("ends_at")


class Deadline:
    """A moment by which everything must have ended; shared by the calls of one login."""

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that are left, never negative."""
        return max(self.ends_at - time.monotonic(), 0.0)


@dataclass(frozen=True)
class Answer:
    """A complete answer of the provider."""

    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; raises `ValueError`, for hostile nesting too (Python: `RecursionError`)."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


class _TimedReader(io.RawIOBase):
    """The bytes of a socket, each read bounded by what is left of the call's deadline."""

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
    """A connected socket, plain or TLS, whose reads and writes end with the call's deadline."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._sock))

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_time_left())
        self._sock.sendall(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class _Timed(HTTPConnection):
    """A connection whose every step, but for the name's resolution, ends with the call's deadline.

    The resolver is the system's and has its own limits (`options timeout:1 attempts:2` in resolv.conf is wise); a
    kept-alive connection does not ask it.
    """

    def _new_conn(self) -> socket.socket:
        """Try each address of the host, each for the connect timeout at most."""
        name, failure = self._dns_host, None
        for *_, address in socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM):
            self._dns_host, self.timeout = str(address[0]), min(CONNECT_SECONDS, _time_left())
            try:
                return super()._new_conn()
            except HTTPError as error:
                failure = error
            finally:
                self._dns_host = name
        raise failure or OSError("the host has no address")


class _TimedHTTP(_Timed):
    def connect(self) -> None:
        super().connect()
        self.sock = _TimedSocket(self.sock)


class _TimedHTTPS(_Timed, HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        self.sock = _TimedSocket(self.sock)


class _HTTPPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _TimedHTTP


class _HTTPSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _TimedHTTPS


def _time_left() -> float:
    left = _ends_at.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError("the deadline of this call has passed")
    return left


class Transport:
    """The one HTTP client of the process; safe to share between threads, opens connections when first used."""

    def __init__(self, connections: int, breaker: Breaker | None = None, failures_on_demand: bool = False) -> None:
        self.breaker = breaker or Breaker()
        self._connections = connections
        self._failures_on_demand = failures_on_demand
        self._lock = threading.Lock()
        self._pools: urllib3.PoolManager | None = None

    def call(
        self, method: str, url: str, headers: dict[str, str], deadline: Deadline, body: bytes | None = None
    ) -> Answer:
        """Send one request and read the whole answer.

        Raises `LoginRefused`: vipps_timeout, vipps_unreachable, answer_too_large, redirect_refused, or at once
        vipps_resting.
        """
        in_time = deadline.left() >= CONNECT_SECONDS
        return self.breaker.ask(
            lambda: self._told(method, url, headers, deadline, body),
            lambda result: self._judge(result, in_time, carries_input=body is not None),
        )

    def knock(self, url: str) -> None:
        """Make sure that somebody listens at an address, without asking anything; raises `LoginRefused` if not."""
        self.breaker.ask(lambda: knock(url), lambda refused: Said.OUTAGE if refused else Said.ANSWERED)

    def _judge(self, result: Answer | LoginRefused, in_time: bool, carries_input: bool) -> Said:
        """Judge a call; `in_time` says that it began with as much time as connecting alone may take."""
        if isinstance(result, Answer):
            said = judged_status(result.status, carries_input)
        else:
            said = judged_refusal(result, in_time)
        return Said.NOTHING if self._failures_on_demand and said is Said.OUTAGE else said

    def _told(self, method: str, url: str, headers: dict[str, str], deadline: Deadline, body: bytes | None) -> Answer:
        """Send a request, and tell whoever watches what came of it."""
        started = time.monotonic()
        try:
            answer = self._in_time(method, url, headers, body, deadline)
        except LoginRefused as error:
            call_made.send(call=Call(method, url, headers, body, time.monotonic() - started, failure=error.code))
            raise
        took = time.monotonic() - started
        call_made.send(call=Call(method, url, headers, body, took, answer.status, dict(answer.headers), answer.body))
        return answer

    def _in_time(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, deadline: Deadline
    ) -> Answer:
        """Send a request within the time that is left, and give every failure its name."""
        seconds = min(CALL_SECONDS, deadline.left())
        if seconds <= 0:
            raise LoginRefused("vipps_timeout", detail="no time left for this call")
        token = _ends_at.set(time.monotonic() + seconds)
        try:
            return self._send(method, url, headers, body, seconds)
        except NewConnectionError as error:
            raise LoginRefused("vipps_unreachable", detail=type(error).__name__) from error
        except (TimeoutError, PoolTimeout) as error:
            raise LoginRefused("vipps_timeout", detail=type(error).__name__) from error
        except (HTTPError, OSError) as error:
            code = "vipps_timeout" if _timed_out(error) else "vipps_unreachable"
            raise LoginRefused(code, detail=type(error).__name__) from error
        finally:
            _ends_at.reset(token)

    def _send(self, method: str, url: str, headers: dict[str, str], body: bytes | None, seconds: float) -> Answer:
        where = _parsed(url)
        response = (
            self._pool()
            .connection_from_host(where.host, where.port, where.scheme)
            .urlopen(
                method,
                where.request_uri,
                body=body,
                headers={"Accept-Encoding": "identity", **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
            )
        )
        try:
            if response.status in range(300, 400):
                raise LoginRefused("redirect_refused", detail=f"status {response.status}")
            answer = Answer(response.status, response.headers, _read(response))
        except BaseException:
            response.close()  # an answer that was not read to its end must not go back into the pool
            raise
        response.release_conn()
        return answer

    def _pool(self) -> urllib3.PoolManager:
        """Return the pool, made at first use: start-up need not wait 15 ms for the certificate store."""
        with self._lock:
            if self._pools is None:
                context = ssl.create_default_context()
                self._pools = urllib3.PoolManager(num_pools=4, maxsize=self._connections, ssl_context=context)
                self._pools.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
            return self._pools


@lru_cache(maxsize=16)  # the provider has four addresses
def _parsed(url: str) -> Url:
    return parse_url(url)


def knock(url: str) -> None:
    """Make sure that somebody listens at an address, without asking anything; raises `LoginRefused` if not."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), CONNECT_SECONDS).close()
    except OSError as error:
        raise LoginRefused("vipps_unreachable", detail=type(error).__name__) from error


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    body = bytearray()
    while chunk := response.read(CHUNK, decode_content=True):
        body += chunk
        if len(body) > MAX_BYTES:
            raise LoginRefused("answer_too_large")
    return bytes(body)


def _timed_out(error: BaseException) -> bool:
    """Tell whether a timeout is at the bottom of an error that the HTTP library wrapped."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (TimeoutError, PoolTimeout)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
