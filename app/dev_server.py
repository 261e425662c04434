"""Serve the shop for development with Werkzeug's server, alone or with the simulator beside it.

At an address of this machine an app is reloaded when its source changes, and an exception opens Werkzeug's debugger,
also one that was raised while the app was built. Elsewhere there is neither: the debugger executes code.

The simulator runs in a second process: inside the shop's own process, a request to the simulator could wait for the
request that made it.
"""

import logging
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit

from werkzeug.debug import DebuggedApplication
from werkzeug.serving import WSGIRequestHandler, is_running_from_reloader, run_simple

from app.settings import LOCAL_HOSTS, Settings

MAX_START_SECONDS = 30.0  # for the simulator
POLL_SECONDS = 0.05


class QuietHandler(WSGIRequestHandler):
    """Log no requests: the app's own log has no query string, and a callback's query string contains the code."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def serve(build: Callable[[], Any], origin: str, says: str = "") -> None:
    """Build an app, say where it is, and serve it on the host and port of its origin."""
    parts = urlsplit(origin)
    is_local = parts.hostname in LOCAL_HOSTS
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # it would repeat the addresses, in two processes each
    # With the reloader, this process only watches another one, which runs the same program and serves.
    watches = is_local and not is_running_from_reloader()
    app: Any = None if watches else built_or_broken(build) if is_local else build()
    if app and is_local:
        app = DebuggedApplication(app, evalex=True, pin_logging=False)
        app.trusted_hosts += LOCAL_HOSTS
        if says and sys.stdout.isatty():
            says += f"  If a page fails, it opens a debugger; its PIN is {app.pin}.\n"
    if app and says:
        print(f"\n{says}", flush=True)
    run_simple(
        parts.hostname or "localhost",
        parts.port or (443 if parts.scheme == "https" else 80),
        app,
        threaded=True,
        request_handler=QuietHandler,
        use_reloader=is_local,
    )


def built_or_broken(build: Callable[[], Any]) -> Any:
    """Build an app. If that raises, print it and return an app that raises it at each request, for the debugger."""
    try:
        return build()
    except Exception as error:
        traceback.print_exc()
        mistake = error

    def broken(environ: object, start_response: object) -> NoReturn:
        raise mistake

    return broken


def serve_both(settings: Settings, serve_shop: Callable[[], None], command: list[str]) -> None:
    """Serve the shop here and the simulator by a command of its own; end them together.

    The shop is served only when the simulator answers, because an early click would otherwise meet the page that says
    Vipps is down.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    simulator = subprocess.Popen(command)  # noqa: S603 - this project's own
    try:
        _wait_for(simulator, settings.simulator_url)
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
