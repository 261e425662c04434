"""`make run`: the shop and the simulator run together."""

import logging
import logging.handlers
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.debug import DebuggedApplication

import wsgi
from app import dev_server
from app.dev_server import listening_address, serve_both
from app.settings import Settings, load
from tests.conftest import ENVIRONMENT, free_port

LISTENS = "import signal, socket, sys; s = socket.create_server(('localhost', int(sys.argv[1]))); signal.pause()"


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Return settings whose shop and simulator have free ports, and leave SIGTERM as it was."""
    before = signal.getsignal(signal.SIGTERM)
    urls = {name: f"http://localhost:{free_port()}" for name in ("PUBLIC_URL", "SIMULATOR_URL")}
    yield load({**ENVIRONMENT, **urls})
    signal.signal(signal.SIGTERM, before)


def test_the_shop_is_served_when_the_simulator_answers(settings: Settings) -> None:
    port, steps = int(settings.simulator_url.rpartition(":")[2]), []

    def serve_shop() -> None:
        socket.create_connection(("localhost", port), timeout=1).close()
        steps.append("served")

    serve_both(serve_shop, [sys.executable, "-c", LISTENS, str(port)], ("localhost", port))
    assert steps == ["served"]
    with pytest.raises(OSError, match="refused"):  # the simulator has ended together with the shop
        socket.create_connection(("localhost", port), timeout=1)


def test_without_its_simulator_the_shop_is_not_served(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    steps: list[str] = []
    with pytest.raises(SystemExit):
        serve_both(lambda: steps.append("served"), [sys.executable, "-c", "raise SystemExit(3)"], ("localhost", 9))
    assert not steps
    assert "The simulator did not start" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("origin", "bind", "expected"),
    [
        ("http://localhost:8000", "", ("localhost", 8000)), ("http://localhost", "", ("localhost", 80)),
        ("http://[::1]:8000", "", ("::1", 8000)), ("https://shop.example.com", "", ("localhost", 8000)),
        ("http://192.168.1.5:8000", "", ("192.168.1.5", 8000)), ("http://[fd00::2]:8000", "", ("fd00::2", 8000)),
        ("http://teacher.local:8000", "", ("0.0.0.0", 8000)), ("http://teacher", "", ("0.0.0.0", 80)),
        ("https://shop.example.com", "0.0.0.0:9000", ("0.0.0.0", 9000)), ("http://teacher", "[::]:90", ("::", 90)),
        ("https://shop.example.com", ":9000", ("localhost", 9000)),
    ],
)  # fmt: skip
def test_the_public_and_the_listening_address_may_differ(origin: str, bind: str, expected: tuple[str, int]) -> None:
    assert listening_address(origin, bind) == expected


@pytest.mark.parametrize("taken", ["public_url", "simulator_url"])
def test_make_run_ends_with_a_message_when_it_cannot_listen(
    settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, taken: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["wsgi.py"])
    monkeypatch.setattr(subprocess, "Popen", pytest.fail)
    monkeypatch.setenv("FLASK_DEBUG", "")
    port = int(getattr(settings, taken).rpartition(":")[2])
    with socket.create_server(("localhost", port)), pytest.raises(SystemExit):
        wsgi.main(settings)
    said = capsys.readouterr()
    assert f"Cannot listen on localhost:{port}" in said.err
    assert taken.upper() in said.err
    assert not said.out


@pytest.mark.parametrize(
    ("environ", "shop", "simulator", "is_debugged"),
    [
        ({}, ("localhost", 8000), ("localhost", 8001), True),
        ({"BIND": "0.0.0.0:9000"}, ("0.0.0.0", 9000), ("0.0.0.0", 8001), False),
        (
            {"PUBLIC_URL": "https://a.example", "SIMULATOR_URL": "https://b.example", "BIND": "127.0.0.1:9000",
             "SIMULATOR_CONNECT_TO": "http://localhost:9001"},
            ("127.0.0.1", 9000), ("127.0.0.1", 9001), False,
        ),
    ],
)  # fmt: skip
def test_the_debugger_is_for_an_address_of_this_machine_only(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], shop: object, simulator: object, *, is_debugged: bool
) -> None:
    for name, value in {"BIND": "", "FLASK_DEBUG": "", "WERKZEUG_RUN_MAIN": "true", **environ}.items():
        monkeypatch.setenv(name, value)
    served: list[tuple[object, ...]] = []
    monkeypatch.setattr(dev_server, "run_simple", lambda host, port, app, **_: served.append((host, port, app)))
    monkeypatch.setattr(wsgi, "build_simulator", lambda *_: object())
    monkeypatch.setattr(wsgi, "build_shop", lambda *_: object())
    monkeypatch.delitem(wsgi.__dict__, "app", raising=False)
    settings = load({**ENVIRONMENT, **{name: value for name, value in environ.items() if name != "BIND"}})
    monkeypatch.setattr(wsgi, "settings_or_exit", lambda: settings)
    for arguments in (["wsgi.py"], ["wsgi.py", "simulator"]):
        monkeypatch.setattr(sys, "argv", arguments)
        wsgi.main(settings)
    monkeypatch.delitem(wsgi.__dict__, "app", raising=False)
    assert [each[:2] for each in served] == [shop, simulator]
    assert [isinstance(app, DebuggedApplication) for *_, app in served] == [is_debugged] * 2


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("serves", [True, False])
def test_the_addresses_are_the_last_words_and_the_pin_of_the_debugger_is_for_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, serves: bool, is_terminal: bool
) -> None:
    """Werkzeug's reloader runs the program twice: the first one watches, the second one serves."""
    werkzeug = logging.getLogger("werkzeug")

    def run_simple(host: str, port: int, app: Any, **options: Any) -> None:
        assert (app is not None) is serves
        assert not options.get("use_debugger")  # Werkzeug would log the PIN
        assert not werkzeug.isEnabledFor(logging.INFO)

    def build() -> object:
        sys.stdout.write("built\n")
        return object()

    monkeypatch.setattr(dev_server, "run_simple", run_simple)
    monkeypatch.setenv("WERKZEUG_RUN_MAIN", "true" if serves else "")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)
    logged = logging.handlers.BufferingHandler(9)
    werkzeug.addHandler(logged)
    try:
        dev_server.serve(build, "http://localhost:8000", "The shop is ready.\n")
    finally:
        werkzeug.removeHandler(logged)
    said = capsys.readouterr().out
    assert not logged.buffer
    assert said.startswith("built\n\nThe shop is ready.\n" if serves else "")
    assert ("PIN" in said) is (is_terminal and serves)
