"""Serve the shop for development with Werkzeug's server, alone or with the simulator beside it.

The simulator runs in a second process: inside the shop's own process, a request to the simulator could wait for the
request that made it.
"""

import signal
import socket
import subprocess
import time
from collections.abc import Callable
from types import FrameType
from typing import Any
from urllib.parse import urlsplit

from werkzeug.serving import WSGIRequestHandler, run_simple

from app.settings import Settings

MAX_START_SECONDS = 30.0  # for the simulator
POLL_SECONDS = 0.05


class QuietHandler(WSGIRequestHandler):
    """Log no requests: the app's own log has no query string, and a callback's query string contains the code."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def serve(application: Any, origin: str) -> None:
    """Serve an app on the host and port of its origin."""
    parts = urlsplit(origin)
    run_simple(
        parts.hostname or "localhost",
        parts.port or (443 if parts.scheme == "https" else 80),
        application,
        threaded=True,
        request_handler=QuietHandler,
    )


def serve_both(
    settings: Settings, build_shop: Callable[[], object], serve_shop: Callable[[], None], command: list[str]
) -> None:
    """Serve the shop here and the simulator by a command of its own; end them together.

    Both are built at the same time. The shop is served only when the simulator answers, because an early click would
    otherwise meet the page that says Vipps is down.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    simulator = subprocess.Popen(command)  # noqa: S603 - this project's own
    try:
        build_shop()
        _wait_for(simulator, settings.simulator_url)
        print(f"\n  The shop:       {settings.public_url}\n  The simulator:  {settings.simulator_url}\n", flush=True)
        serve_shop()
    except KeyboardInterrupt:
        pass
    finally:
        simulator.terminate()
        simulator.wait()


def _wait_for(process: "subprocess.Popen[bytes]", origin: str) -> None:
    """Wait until the simulator's address accepts connections, its process has ended, or the time is over."""
    parts, deadline = urlsplit(origin), time.monotonic() + MAX_START_SECONDS
    address = (parts.hostname or "localhost", parts.port or 80)
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(address, timeout=1).close()
            return
        except OSError:
            time.sleep(POLL_SECONDS)  # a socket of another process cannot be waited for before it exists
