"""A circuit breaker for the calls to Vipps: while Vipps is down, logins are refused at once instead of waiting.

After `MAX_OUTAGES` calls in a row without an answer the circuit is *open*: for `OPEN_SECONDS` no call is made, and the
login page says so before the customer presses the button. Then the circuit is *half-open*: one call may try, and its
outcome closes the circuit or opens it again (M. Nygard, Release It!, "Circuit Breaker"). Each process has one breaker,
shared by its threads; each worker notices an outage by itself, within a few logins.

Only failures of Vipps count, so a visitor cannot open the circuit. An invented code gets a 400, which shows that Vipps
answers. A plain 500 to a request with a visitor's value (the code) proves nothing, because the value may have caused
it. Neither does a timeout of a call that started with hardly any time left.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import TypeVar

from .errors import LoginRefused

MAX_OUTAGES = 5
WINDOW_SECONDS = 60.0  # within which the outages must have happened
OPEN_SECONDS = 15.0

T = TypeVar("T")

# Gateway errors (RFC 9110, sections 15.6.3 to 15.6.5) and throttling count as outages.
UNAVAILABLE_STATUSES = frozenset({429, 502, 503, 504})


class BreakerState(StrEnum):
    """The state of the circuit. Calls are made while it is closed."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CallResult(Enum):
    """What a call shows about Vipps: it answers, it is down, or unknown."""

    ANSWERED = "answered"
    OUTAGE = "outage"
    UNKNOWN = "unknown"


class Breaker:
    """The circuit. Tests replace `clock` (seconds that never go back) and `now` (the time of day)."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._outages: deque[float] = deque(maxlen=MAX_OUTAGES)
        self._opened_at: float | None = None
        self._trying = False
        # Counts the changes of state. A call that started before the last change is ignored.
        self._era = 0
        # When the circuit opened first in this outage (None while it is closed), and whether Vipps ever answered.
        self.since: datetime | None = None
        self.has_heard = False

    @property
    def state(self) -> BreakerState:
        """Return the present state of the circuit."""
        with self._lock:
            return self._state()

    def check(self) -> None:
        """Raise `LoginRefused` while the circuit is open. This check does not count as the trial call."""
        with self._lock:
            self._refuse_if_open()

    def call(self, make: Callable[[], T], judge: Callable[[T | LoginRefused], CallResult]) -> T:
        """Make a call if the circuit allows it, and record how `judge` judges its result or refusal.

        Raise `LoginRefused` ("vipps_resting") at once if the circuit is open.
        """
        era, judged = self._admit(), CallResult.UNKNOWN
        try:
            result = make()
            judged = judge(result)
            return result
        except LoginRefused as error:
            judged = judge(error)
            raise
        finally:
            self._record(judged, era)

    def _admit(self) -> int:
        with self._lock:
            self._refuse_if_open()
            if self._state() is BreakerState.HALF_OPEN:
                if self._trying:
                    raise LoginRefused("vipps_resting", detail="another login is trying", retry_after=1)
                self._trying = True
            return self._era

    def _record(self, judged: CallResult, era: int) -> None:
        with self._lock:
            if era != self._era:
                return
            self._trying = False
            self.has_heard = self.has_heard or judged is CallResult.ANSWERED
            if judged is CallResult.ANSWERED:
                self._close()
            elif judged is CallResult.OUTAGE and (self._opened_at is not None or self._reaches_the_limit()):
                self._open()

    def _reaches_the_limit(self) -> bool:
        """Add an outage; tell whether there are `MAX_OUTAGES` within the window. The deque keeps the latest ones."""
        self._outages.append(self._clock())
        return len(self._outages) == MAX_OUTAGES and self._outages[-1] - self._outages[0] <= WINDOW_SECONDS

    def _open(self) -> None:
        self._opened_at = self._clock()
        self.since = self.since or self._now()
        self._era += 1

    def _close(self) -> None:
        self._outages.clear()
        if self._opened_at is not None:
            self._opened_at = self.since = None
            self._era += 1

    def _refuse_if_open(self) -> None:
        if self._state() is BreakerState.OPEN:
            raise LoginRefused("vipps_resting", retry_after=math.ceil(self._seconds_left()))

    def _state(self) -> BreakerState:
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._seconds_left() > 0 else BreakerState.HALF_OPEN

    def _seconds_left(self) -> float:
        """Return the seconds for which the circuit stays open."""
        return 0.0 if self._opened_at is None else self._opened_at + OPEN_SECONDS - self._clock()


def judge(result: int | LoginRefused, carries_input: bool, in_time: bool) -> CallResult:
    """Judge a call by its status or its refusal: no answer is an outage, an answer that was refused is not.

    `carries_input`: the request had a visitor's value, which may have caused a 500. `in_time`: the call started with
    enough time to connect; otherwise its timeout proves nothing. A refused connection always counts as an outage.
    """
    if isinstance(result, LoginRefused):
        is_outage = result.code == "vipps_unreachable" or (result.code == "vipps_timeout" and in_time)
        return CallResult.OUTAGE if is_outage else CallResult.UNKNOWN
    if result in UNAVAILABLE_STATUSES:
        return CallResult.OUTAGE
    if result >= 500:
        return CallResult.UNKNOWN if carries_input else CallResult.OUTAGE
    return CallResult.ANSWERED
