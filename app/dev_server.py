"""Serve the shop for development with Werkzeug's server, alone or with the simulator beside it.

On a local address the app is reloaded when its source changes, and an exception opens Werkzeug's debugger, also one
that was raised while the app was built. On other addresses both are off, because the debugger executes code.

The simulator runs in a second process: inside the shop's own process, a request to the simulator could wait for the
request that made it.
"""

import logging
import os
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

from app.origins import ENDS_IN_NUMBER
from app.settings import LOCAL_HOSTS

MAX_START_SECONDS = 30.0  # for the simulator
POLL_SECONDS = 0.05


class QuietHandler(WSGIRequestHandler):
    """Log no requests: the app's own log has no query string, and a callback's query string contains the code."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def listening_address(origin: str, bind: str = "", port: int = 8000) -> tuple[str, int]:
    """Return the host and port to listen on for a public address; `bind` is `HOST:PORT`, `:PORT` or empty."""
    # An https address is that of a proxy or tunnel, which reaches `port` on this machine. A name of the local network
    # need not resolve to its address on this machine, so all addresses are served.
    parts = urlsplit(origin)
    public, is_https = parts.hostname or "", parts.scheme == "https"
    host, _, bound = bind.rpartition(":")
    if not host and public in LOCAL_HOSTS:
        host = public
    elif not host and is_https:
        host = "localhost"
    elif not host:
        host = public if ENDS_IN_NUMBER.fullmatch(public) or ":" in public else "0.0.0.0"  # noqa: S104 - as PUBLIC_URL says
    return host.strip("[]"), int(bound or (port if is_https else parts.port or 80))


def refuse_if_taken(address: tuple[str, int], setting: str) -> None:
    """End with a message if the address is taken, before the output says that the shop is ready."""
    try:
        family, kind, proto, _, found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, proto) as probe:
            if os.name == "posix":  # as the server does it; elsewhere two programs could share the port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found)
            probe.listen()
    except OSError as error:
        said = f"Cannot listen on {address[0]}:{address[1]}: {error.strerror}."
        print(said, f"Stop the program that does, or set {setting}.", file=sys.stderr)
        raise SystemExit(1) from None


def serve(build: Callable[[], Any], origin: str, says: str = "", *, address: tuple[str, int] | None = None) -> None:
    """Build an app, print its address, and serve it on a local address, by default on its public one."""
    host, port = address or listening_address(origin)
    is_local = {urlsplit(origin).hostname, host} <= LOCAL_HOSTS
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
    run_simple(host, port, app, threaded=True, request_handler=QuietHandler, use_reloader=is_local)


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


def serve_both(serve_shop: Callable[[], None], command: list[str], address: tuple[str, int]) -> None:
    """Start the simulator with its own command; serve the shop once the simulator answers; end both together."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
    simulator = subprocess.Popen(command)  # noqa: S603 - this project's own
    try:
        if not _answers(simulator, address):
            print("The simulator did not start, so the shop does not either.", file=sys.stderr)
            raise SystemExit(1)
        serve_shop()
    except KeyboardInterrupt:
        pass
    finally:
        simulator.terminate()
        simulator.wait()


def _answers(process: "subprocess.Popen[bytes]", address: tuple[str, int]) -> bool:
    """Wait until the address accepts connections; return False if its process has ended or the time is over."""
    host = address[0].replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - it is replaced, not listened on
    deadline = time.monotonic() + MAX_START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((host, address[1]), timeout=1).close()
            return True
        except OSError:
            time.sleep(POLL_SECONDS)  # a socket of another process cannot be waited for before it exists
    return False
