"""Serves a simulator on this computer: `vipps-login-simulator serve`, and `running` for tests.

The port is opened before the simulator is built, so that port 0 (any free one) works and a client that comes early
waits instead of failing. Without `--state` all data is in a temporary folder, in memory where the system has one.
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from .config import LOCAL_HOSTS, MerchantConfig, SimulatorConfig

DEMO = MerchantConfig(
    client_id="demo",
    client_secret="demo-secret",  # noqa: S106 - public: it works with test persons only
    name="Demo merchant",
    redirect_uris=(),
    any_local_redirect=True,
    msn="400001",
    plan="advanced",
)
MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of random name is made in it


@dataclass(frozen=True)
class Running:
    """A simulator that is served: its config, and what a merchant needs."""

    config: SimulatorConfig
    issuer: str
    port: int
    client_id: str = DEMO.client_id
    client_secret: str = DEMO.client_secret

    @property
    def url(self) -> str:
        """Its own origin."""
        return self.config.public_url


class _QuietHandler(WSGIRequestHandler):
    """Log no requests: the control API lists them."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


@contextlib.contextmanager
def running(port: int = 0, host: str = "localhost", state: Path | None = None, **settings: Any) -> Iterator[Running]:
    """Serve a simulator in threads of this process; `settings` are those of `SimulatorConfig`."""
    from . import create_simulator

    with contextlib.ExitStack() as ends:
        sockets = [ends.enter_context(each) for each in _listen(host, port)]
        folder = state or Path(ends.enter_context(_temporary_folder()))
        folder.mkdir(parents=True, exist_ok=True)
        config = SimulatorConfig(
            **{
                "public_url": f"http://{'localhost' if host in LOCAL_HOSTS else host}:{sockets[0].getsockname()[1]}",
                "database_url": f"sqlite:///{folder / 'simulator.sqlite'}",
                "secret_key": _kept_secret(folder / "secret_key"),
                "worlds_folder": folder / "worlds",
                "merchants": (DEMO,),
                **settings,
            }
        )
        app = create_simulator(config)
        ends.callback(app.extensions["simulator"].close)
        for each in sockets:
            server = _server(each, app)
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            ends.callback(thread.join)
            ends.callback(server.shutdown)
        yield Running(config, app.extensions["simulator"].issuer, sockets[0].getsockname()[1])


def main(arguments: Sequence[str]) -> int:
    """Serve until the process is interrupted."""
    options = _options(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    settings: dict[str, Any] = {"control_token": options.control_token, "seed": options.seed}
    if options.public_url:
        settings["public_url"] = options.public_url.rstrip("/")
    try:
        settings["merchants"] = (DEMO, *_read_merchants(options.merchants))
        with running(options.port, options.host, options.state, **settings) as simulator:
            print(json.dumps(_facts(simulator)) if options.json else _greeting(simulator), flush=True)
            stopped.wait()
    except (OSError, ValueError) as error:
        print(f"The simulator cannot start: {error}", file=sys.stderr)
        return 2
    return 0


def _options(arguments: Sequence[str]) -> Any:
    from .cli import parser

    options = parser("serve", "Run the simulator.")
    options.add_argument("--port", type=int, default=8001, help="0 takes any free port (default: 8001)")
    options.add_argument("--host", default="localhost", help="the interface; 0.0.0.0 in a container")
    options.add_argument("--public-url", help="its address for browsers and merchants, if it is not host and port")
    options.add_argument("--state", type=Path, help="a folder that keeps the data; without it the data ends with it")
    options.add_argument("--merchants", type=Path, help="a JSON file with a list of merchants beside `demo`")
    options.add_argument("--seed", type=int, help="the same codes and numbers in each run; not with --state")
    options.add_argument("--json", action="store_true", help="print one line of JSON for scripts")
    parsed = options.parse_args(arguments)
    if parsed.seed is not None and parsed.state:
        options.error("--seed draws the values of the earlier run again, which --state still has; choose one")
    # By the environment only: other users of the computer can read the arguments of a process.
    parsed.control_token = os.environ.get("VIPPS_SIMULATOR_CONTROL_TOKEN", "")
    return parsed


def _facts(simulator: Running) -> dict[str, str]:
    return {
        "url": simulator.url,
        "issuer": simulator.issuer,
        "discovery": f"{simulator.issuer}.well-known/openid-configuration",
        "client_id": simulator.client_id,
        "client_secret": simulator.client_secret,
        "control": f"{simulator.url}/control/",
    }


def _greeting(simulator: Running) -> str:
    facts = _facts(simulator)
    return f"""
  Vipps Login, simulated, at {facts["url"]}

  Issuer         {facts["issuer"]}
  Discovery      {facts["discovery"]}
  Client id      {facts["client_id"]}
  Client secret  {facts["client_secret"]}
  Redirect URI   any on localhost
  Control API    {facts["control"]}

  Ctrl+C ends it.
"""


def _listen(host: str, port: int) -> list[socket.socket]:
    """Listen on the host; on localhost for both IP versions, since clients differ in which one they try."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    first = _socket(family, "127.0.0.1" if host == "localhost" else host, port)
    sockets = [first]
    if host == "localhost":
        with contextlib.suppress(OSError):
            sockets.append(_socket(socket.AF_INET6, "::1", first.getsockname()[1]))
    return sockets


def _socket(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it lets two servers share a port
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(128)
    except OSError as error:
        opened.close()
        raise OSError(f"{host}:{port}: {error.strerror}") from None
    return opened


def _server(opened: socket.socket, app: Any) -> BaseWSGIServer:
    host, port = opened.getsockname()[:2]
    return make_server(host, port, app, threaded=True, request_handler=_QuietHandler, fd=opened.fileno())


def _temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="vipps-simulator-", dir=MEMORY if os.access(MEMORY, os.W_OK) else None)


def _kept_secret(file: Path) -> str:
    if not file.exists():
        file.touch(0o600)
        file.write_text(secrets.token_urlsafe(32))
    return file.read_text()


def _read_merchants(file: Path | None) -> tuple[MerchantConfig, ...]:
    if file is None:
        return ()
    listed = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ValueError(f"{file}: must be a list of merchants")
    return tuple(MerchantConfig.from_json(each) for each in listed)
