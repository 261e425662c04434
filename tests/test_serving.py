"""`make run`: the shop and the simulator beside each other."""

import logging
import logging.handlers
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from app import dev_server
from app.dev_server import serve_both
from app.settings import Settings, load
from tests.conftest import ENVIRONMENT, free_port

LISTENS = "import signal, socket, sys; s = socket.create_server(('localhost', int(sys.argv[1]))); signal.pause()"


@pytest.fixture
def settings() -> Iterator[Settings]:
    """Return settings whose simulator has a free port, and leave SIGTERM as it was."""
    before = signal.getsignal(signal.SIGTERM)
    yield load({**ENVIRONMENT, "SIMULATOR_URL": f"http://localhost:{free_port()}"})
    signal.signal(signal.SIGTERM, before)


def test_the_shop_is_served_when_the_simulator_answers(settings: Settings) -> None:
    port, steps = int(settings.simulator_url.rpartition(":")[2]), []

    def serve_shop() -> None:
        socket.create_connection(("localhost", port), timeout=1).close()
        steps.append("served")

    serve_both(settings, serve_shop, [sys.executable, "-c", LISTENS, str(port)])
    assert steps == ["served"]
    with pytest.raises(OSError, match="refused"):  # they end together
        socket.create_connection(("localhost", port), timeout=1)


def test_a_simulator_that_cannot_start_does_not_keep_the_shop_waiting(settings: Settings) -> None:
    steps: list[str] = []
    serve_both(settings, lambda: steps.append("served"), [sys.executable, "-c", "raise SystemExit(3)"])
    assert steps == ["served"]


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("serves", [True, False])
def test_the_addresses_are_the_last_words_and_the_pin_of_the_debugger_is_for_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, serves: bool, is_terminal: bool
) -> None:
    """Werkzeug's reloader runs the program twice: the first one watches, the second one serves."""
    werkzeug = logging.getLogger("werkzeug")

    def run_simple(host: str, port: int, app: Any, **options: Any) -> None:
        assert (app is not None) is serves
        assert not options.get("use_debugger")  # it would log the PIN
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
