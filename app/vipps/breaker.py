"""A circuit breaker between this shop and Vipps: while Vipps is down, nobody waits to find that out once more.

After `OUTAGES` calls in a row without an answer the circuit is *open*: for `REST_SECONDS` no call is made, a login is
refused at once, and the login page says so before anybody presses the button. Then it is *half-open*: one call may try,
and its outcome closes the circuit or opens it again (M. Nygard, Release It!, "Circuit Breaker"; the names are his).
One breaker per process, shared by its threads: workers learn of an outage each by themselves, within a few logins.

What counts is Vipps' failure and nothing that a visitor can bring about. A made-up code gets a 400, which is an answer
and shows that Vipps is there. A plain 500 to a request that carries a visitor's value (the code) counts for nothing,
since an odd value might be what provokes it. Waiting for a place is no call, and a timeout proves nothing if the call
began when there was hardly time for an answer.
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

OUTAGES = 5
WINDOW_SECONDS = 60.0  # within which they must have happened
REST_SECONDS = 15.0

T = TypeVar("T")

# A gateway says by these that who should answer did not (RFC 9110, sections 15.6.3 to 15.6.5), or that we are too many.
AWAY = frozenset({429, 502, 503, 504})
SILENT = frozenset({"vipps_timeout", "vipps_unreachable"})


class State(StrEnum):
    """What the circuit is; calls flow while it is closed."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Said(Enum):
    """What a call said about whether Vipps is there."""

    ANSWERED = "answered"
    OUTAGE = "outage"
    NOTHING = "nothing"


class Breaker:
    """The circuit. `clock` gives seconds that never go back, `now` the time of day; both are for tests to bend."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._now = now
        self._lock = threading.Lock()
        self._outages: deque[float] = deque(maxlen=OUTAGES)
        self._opened_at: float | None = None
        self._trying = False
        # Counts the changes of state: what began before the last one says nothing about the present.
        self._era = 0
        # When the circuit opened first in this outage (None while it is closed), and whether Vipps ever answered.
        self.since: datetime | None = None
        self.has_heard = False

    @property
    def state(self) -> State:
        """Return what the circuit is at this moment."""
        with self._lock:
            return self._state()

    def check(self) -> None:
        """Raise `LoginRefused` while the circuit is open; asks nobody and takes no trial's place."""
        with self._lock:
            self._refuse_if_open()

    def ask(self, call: Callable[[], T], judge: Callable[[T | LoginRefused], Said]) -> T:
        """Make a call if the circuit lets it pass, and learn from what `judge` makes of its result or refusal.

        Raises `LoginRefused` ("vipps_resting") at once if it does not let it pass.
        """
        era, said = self._admit(), Said.NOTHING
        try:
            result = call()
            said = judge(result)
            return result
        except LoginRefused as error:
            said = judge(error)
            raise
        finally:
            self._note(said, era)

    def _admit(self) -> int:
        with self._lock:
            self._refuse_if_open()
            if self._state() is State.HALF_OPEN:
                if self._trying:
                    raise LoginRefused("vipps_resting", detail="another login is trying", retry_after=1)
                self._trying = True
            return self._era

    def _note(self, said: Said, era: int) -> None:
        with self._lock:
            if era != self._era:
                return
            self._trying = False
            self.has_heard = self.has_heard or said is Said.ANSWERED
            if said is Said.ANSWERED:
                self._close()
            elif said is Said.OUTAGE and (self._opened_at is not None or self._was_the_last_straw()):
                self._open()

    def _was_the_last_straw(self) -> bool:
        """Tell whether this outage makes too many; the deque holds no more than that, the oldest first."""
        self._outages.append(self._clock())
        return len(self._outages) == OUTAGES and self._outages[-1] - self._outages[0] <= WINDOW_SECONDS

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
        if self._state() is State.OPEN:
            raise LoginRefused("vipps_resting", retry_after=math.ceil(self._left()))

    def _state(self) -> State:
        if self._opened_at is None:
            return State.CLOSED
        return State.OPEN if self._left() > 0 else State.HALF_OPEN

    def _left(self) -> float:
        """Return the seconds of rest that are left."""
        return 0.0 if self._opened_at is None else self._opened_at + REST_SECONDS - self._clock()


def judged_status(status: int, carries_input: bool) -> Said:
    """Judge an answer by its status; `carries_input` says that the request held a value that came from a visitor."""
    if status in AWAY:
        return Said.OUTAGE
    if status >= 500:
        return Said.NOTHING if carries_input else Said.OUTAGE
    return Said.ANSWERED


def judged_refusal(refusal: LoginRefused, in_time: bool) -> Said:
    """Judge a call that brought no usable answer: silence is an outage; what was answered and refused is not.

    A call that began with little time left, because the login's earlier ones took long, ends by our clock and not by
    Vipps' silence; unless nobody could be reached, which takes no time to be told.
    """
    if refusal.code == "vipps_timeout" and not in_time:
        return Said.NOTHING
    return Said.OUTAGE if refusal.code in SILENT else Said.NOTHING
