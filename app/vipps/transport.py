"""HTTP calls to Vipps: one pool of kept-alive connections, with limits on every response.

Each call has a total deadline (`deadline_http`). A response may have 1 MiB, unpacked. Redirects are not followed: a 307
from the token endpoint would send the authorization code and the verifier to another server. Nothing is retried,
because a code works only once (RFC 6749, section 4.1.2).
"""

import json
import socket
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as PoolTimeout
from urllib3.util.url import Url, parse_url

from .breaker import Breaker, CallResult, judge_refusal, judge_status
from .call_signal import Call, call_made
from .config import ConnectTo
from .deadline_http import CONNECT_SECONDS, Deadline, pool_manager, time_limit
from .errors import LoginRefused

CALL_SECONDS = 5.0
MAX_BYTES = 1024 * 1024
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class ProviderResponse:
    """A complete response of the provider."""

    status: int
    headers: urllib3.HTTPHeaderDict
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON; raises `ValueError`, also for JSON that is nested too deeply."""
        try:
            return json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


class Transport:
    """The HTTP client of the process, shared by its threads. It opens connections at the first call."""

    def __init__(
        self,
        connections: int,
        breaker: Breaker | None = None,
        failures_on_demand: bool = False,
        connect_to: ConnectTo | None = None,
    ) -> None:
        self.breaker = breaker or Breaker()
        self._connections = connections
        self._connect_to = connect_to
        self._failures_on_demand = failures_on_demand
        self._lock = threading.Lock()
        self._pools: urllib3.PoolManager | None = None

    def call(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        deadline: Deadline,
        body: bytes | None = None,
        may_throttle: bool = False,
    ) -> ProviderResponse:
        """Send one request and read the whole response. `may_throttle`: a 429 is about one person and no outage.

        Raises `LoginRefused`: vipps_timeout, vipps_unreachable, answer_too_large, redirect_refused, or at once
        vipps_resting.
        """
        in_time = deadline.left() >= CONNECT_SECONDS
        return self.breaker.call(
            lambda: self._call_and_signal(method, url, headers, deadline, body),
            lambda result: self._judge(result, in_time, carries_input=body is not None, may_throttle=may_throttle),
        )

    def check_reachable(self, url: str) -> None:
        """Connect to an address without a request; raises `LoginRefused` if no server accepts the connection."""
        self.breaker.call(
            lambda: check_reachable(url, self._connect_to),
            lambda refused: CallResult.OUTAGE if refused else CallResult.ANSWERED,
        )

    def _judge(
        self, result: ProviderResponse | LoginRefused, in_time: bool, carries_input: bool, may_throttle: bool
    ) -> CallResult:
        """Judge a call. `in_time`: it started with at least as much time as connecting may take."""
        if isinstance(result, ProviderResponse):
            if may_throttle and result.status == 429:
                return CallResult.ANSWERED
            judged = judge_status(result.status, carries_input)
        else:
            judged = judge_refusal(result, in_time)
        # With the simulator a visitor can order a failure, which must not open the circuit for others.
        return CallResult.UNKNOWN if self._failures_on_demand and judged is CallResult.OUTAGE else judged

    def _call_and_signal(
        self, method: str, url: str, headers: dict[str, str], deadline: Deadline, body: bytes | None
    ) -> ProviderResponse:
        """Send a request and send the signal `call_made` with its outcome."""
        started = time.monotonic()
        try:
            answer = self._call_in_time(method, url, headers, body, deadline)
        except LoginRefused as error:
            call_made.send(call=Call(method, url, headers, body, time.monotonic() - started, failure=error.code))
            raise
        took = time.monotonic() - started
        call_made.send(call=Call(method, url, headers, body, took, answer.status, dict(answer.headers), answer.body))
        return answer

    def _call_in_time(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, deadline: Deadline
    ) -> ProviderResponse:
        """Send a request within the time that is left, and turn every failure into a refusal."""
        seconds = min(CALL_SECONDS, deadline.left())
        if seconds <= 0:
            raise LoginRefused("vipps_timeout", detail="no time left for this call")
        try:
            with time_limit(seconds):
                return self._send(method, url, headers, body, seconds)
        except NewConnectionError as error:
            raise LoginRefused("vipps_unreachable", detail=type(error).__name__) from error
        except (TimeoutError, PoolTimeout) as error:
            raise LoginRefused("vipps_timeout", detail=type(error).__name__) from error
        except (HTTPError, OSError) as error:
            code = "vipps_timeout" if _is_timeout(error) else "vipps_unreachable"
            raise LoginRefused(code, detail=type(error).__name__) from error

    def _send(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, seconds: float
    ) -> ProviderResponse:
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
            answer = ProviderResponse(response.status, response.headers, _read(response))
        except BaseException:
            response.close()  # a connection with an unread response must not go back into the pool
            raise
        response.release_conn()
        return answer

    def _pool(self) -> urllib3.PoolManager:
        """Return the pool. It is made at the first call, because loading the certificates takes 15 ms."""
        with self._lock:
            if self._pools is None:
                self._pools = pool_manager(self._connections, self._connect_to)
            return self._pools


@lru_cache(maxsize=16)  # the provider has four addresses
def _parsed(url: str) -> Url:
    return parse_url(url)


def check_reachable(url: str, connect_to: ConnectTo | None = None) -> None:
    """Connect to an address without a request; raises `LoginRefused` if no server accepts the connection."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((connect_to or (parts.hostname or "", port))[:2], CONNECT_SECONDS).close()
    except OSError as error:
        raise LoginRefused("vipps_unreachable", detail=type(error).__name__) from error


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    body = bytearray()
    while chunk := response.read(CHUNK_BYTES, decode_content=True):
        body += chunk
        if len(body) > MAX_BYTES:
            raise LoginRefused("answer_too_large")
    return bytes(body)


def _is_timeout(error: BaseException) -> bool:
    """Tell whether a timeout caused an error that the HTTP library wrapped."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, (TimeoutError, PoolTimeout)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
