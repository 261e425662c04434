"""Uses of private names of libraries in `app/`: `tests/test_library_internals.py` fails if an upgrade changes them.

Rule: add to this file only what no public name can do, with the figures that justify it.
"""

import threading
import time
from typing import Any

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
            self._remove_empty_lists()
        finally:
            self._pruning.release()

    def _remove_empty_lists(self) -> None:
        for key in [key for key, counts in list(self.events.items()) if not counts]:
            with self.locks[key]:
                if not self.events.get(key):
                    self.events.pop(key, None)
                    self.locks.pop(key, None)
