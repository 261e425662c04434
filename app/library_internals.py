"""Uses of private names of libraries in `app/`: `tests/test_library_internals.py` fails if an upgrade changes them.

Rule: use a private name only if no public name can do the same, and add the figures that justify it.
"""

import threading
import time
from typing import Any

from flask import Flask
from flask_limiter import Limiter
from limits.storage import MemoryStorage

PRUNE_SECONDS = 60.0


class PrunedMemoryStorage(MemoryStorage):
    """The rate limits' counts in this process's memory, with expired ones removed once a minute.

    `limits` looks for expired counts after every count, in a new thread: 39 ms each time with the counts of
    10,000 clients. It also never removes the empty list of a client whose counts have expired, so an attacker with many
    addresses could fill the memory. An expired count limits no request, whether it is removed or not.
    """

    STORAGE_SCHEME = ["pruned-memory"]

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, **options: Any) -> None:
        self._pruned_at = time.monotonic()
        self._pruning = threading.Lock()
        super().__init__(uri, wrap_exceptions, **options)

    def _MemoryStorage__schedule_expiry(self) -> None:  # noqa: N802 - `limits` calls it before every count
        if time.monotonic() - self._pruned_at < PRUNE_SECONDS or not self._pruning.acquire(blocking=False):
            return
        try:
            self._pruned_at = time.monotonic()
            self._MemoryStorage__expire_events()  # type: ignore[attr-defined]  # a private method of `limits`
            for key in [key for key, counts in list(self.events.items()) if not counts]:
                with self.locks[key]:
                    if not self.events.get(key):
                        self.events.pop(key, None)
                        self.locks.pop(key, None)
        finally:
            self._pruning.release()


def skip_search_for_wide_limits(app: Flask, limiter: Limiter) -> None:
    """Search a request for limits only if a blueprint or the whole app has one.

    The extension searches every request, although it counts a limit of a function only when that function is called.
    The search took 10 % of the front page's processor time.
    """

    def check() -> None:
        wide = limiter.limit_manager
        if wide._blueprint_limits or wide._application_limits or wide._default_limits:
            limiter._check_request_limit()

    hooks = app.before_request_funcs[None]
    hooks[hooks.index(limiter._check_request_limit)] = check


def add_limiter(app: Flask, limiter: Limiter, shares_counts: bool) -> None:
    """Add the limiter. With `shares_counts` it keeps the counts of the app built before, which are otherwise reset."""
    if shares_counts:  # do the same to the app as `init_app`, which would replace the storage too
        app.extensions["limiter"] = {limiter}
        app.before_request(limiter._check_request_limit)
        app.after_request(limiter._Limiter__inject_headers)  # type: ignore[attr-defined]  # a private method
        app.teardown_request(limiter._Limiter__release_context)  # type: ignore[attr-defined]  # a private method too
    else:
        limiter.init_app(app)
    skip_search_for_wide_limits(app, limiter)
