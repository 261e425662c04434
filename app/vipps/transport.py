"""HTTP calls to Vipps: one pool of kept-alive connections, with limits on every response.

Each call has a total deadline (`deadline_http`). A response may have 1 MiB, unpacked. Redirects are not followed: a 307
from the token endpoint would send the authorization code and the verifier to another server. Nothing is retried,
because a code works only once (RFC 6749, section 4.1.2).
"""

import json
import socket
import threading
import time
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import urllib3
from blinker import Namespace
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.exceptions import TimeoutError as PoolTimeout
from urllib3.util.url import Url, parse_url

from . import breaker
from .breaker import Breaker, CallResult
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

    def members(self) -> dict[str, Any]:
        """Return the body as a JSON object; raise `ValueError` if it is something else."""
        try:
            body = json.loads(self.body)
        except (ValueError, RecursionError) as error:  # RecursionError: the JSON is nested too deeply
            raise ValueError("not JSON") from error
        if not isinstance(body, dict):
            raise ValueError("not an object")
        return body


@dataclass(frozen=True)
class Call:
    """One request to Vipps and its outcome.

    `status` and the fields after it belong to a complete response; without one, `failure` names the refusal. `seconds`
    is the time until the last byte was read, or until the failure.
    """

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    seconds: float = 0.0
    status: int | None = None
    answer_headers: dict[str, str] = field(default_factory=dict, repr=False)
    answer_body: bytes = field(default=b"", repr=False)
    failure: str = ""


call_made = Namespace().signal("call-made")
"""Sent after each call, with `call`: a `Call`; for a log, a metric or a guide. It has no receiver by default.

A receiver gets secrets, codes and tokens unmasked and must mask them before it stores anything.
"""


class Transport:
    """The HTTP client of the process, shared by its threads. It opens connections at the first call."""

    def __init__(self, connections: int, failures_on_demand: bool = False, connect_to: ConnectTo | None = None) -> None:
        self.breaker = Breaker()
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
        """Send one request and read the whole response. `may_throttle`: a 429 is about one person, so not an outage.

        Raise `LoginRefused`: vipps_timeout, vipps_unreachable, answer_too_large, redirect_refused; vipps_resting at
        once while the circuit is open.
        """
        call, in_time = Call(method, url, headers, body), deadline.left() >= CONNECT_SECONDS

        def judge(result: ProviderResponse | LoginRefused) -> CallResult:
            outcome = result if isinstance(result, LoginRefused) else result.status
            if may_throttle and outcome == 429:
                return CallResult.ANSWERED
            judged = breaker.judge(outcome, carries_input=body is not None, in_time=in_time)
            # With the simulator a visitor can order a failure, which must not open the circuit for others.
            return CallResult.UNKNOWN if self._failures_on_demand and judged is CallResult.OUTAGE else judged

        return self.breaker.call(lambda: self._call_and_signal(call, deadline), judge)

    def check_reachable(self, url: str) -> None:
        """Connect to an address without a request; raise `LoginRefused` if no server accepts the connection."""
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = (self._connect_to or (parts.hostname or "", port))[:2]

        def connect() -> None:
            try:
                socket.create_connection(address, CONNECT_SECONDS).close()
            except OSError as error:
                raise LoginRefused("vipps_unreachable", detail=type(error).__name__) from error

        self.breaker.call(connect, lambda refused: CallResult.OUTAGE if refused else CallResult.ANSWERED)

    def _call_and_signal(self, call: Call, deadline: Deadline) -> ProviderResponse:
        """Send a request and send the signal `call_made` with its outcome."""
        started = time.monotonic()
        try:
            answer = self._call_in_time(call, deadline)
        except LoginRefused as error:
            call_made.send(call=replace(call, seconds=time.monotonic() - started, failure=error.code))
            raise
        took, headers = time.monotonic() - started, dict(answer.headers)
        ended = replace(call, seconds=took, status=answer.status, answer_headers=headers, answer_body=answer.body)
        call_made.send(call=ended)
        return answer

    def _call_in_time(self, call: Call, deadline: Deadline) -> ProviderResponse:
        """Send a request within the time that is left, and turn every failure into a refusal."""
        seconds = min(CALL_SECONDS, deadline.left())
        if seconds <= 0:
            raise LoginRefused("vipps_timeout", detail="no time left for this call")
        try:
            with time_limit(seconds):
                return self._send(call, seconds)
        except NewConnectionError as error:
            raise LoginRefused("vipps_unreachable", detail=type(error).__name__) from error
        except (TimeoutError, PoolTimeout) as error:
            raise LoginRefused("vipps_timeout", detail=type(error).__name__) from error
        except (HTTPError, OSError) as error:
            code = "vipps_timeout" if _is_timeout(error) else "vipps_unreachable"
            raise LoginRefused(code, detail=type(error).__name__) from error

    def _send(self, call: Call, seconds: float) -> ProviderResponse:
        where = _parsed(call.url)
        pool = self._pool().connection_from_host(where.host, where.port, where.scheme)
        response = pool.urlopen(
            call.method,
            where.request_uri,
            body=call.body,
            headers={"Accept-Encoding": "identity", **call.headers},
            redirect=False,
            retries=False,
            preload_content=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, seconds), read=seconds),
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
