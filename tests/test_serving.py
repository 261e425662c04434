"""`make run`: the shop and the simulator beside each other."""

import signal
import socket
import sys
from collections.abc import Iterator

import pytest

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


def test_the_shop_is_served_when_the_simulator_answers(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    port, steps = int(settings.simulator_url.rpartition(":")[2]), []

    def serve_shop() -> None:
        socket.create_connection(("localhost", port), timeout=1).close()
        steps.append("served")

    serve_both(settings, serve_shop, [sys.executable, "-c", LISTENS, str(port)])
    assert steps == ["served"]
    assert settings.public_url in capsys.readouterr().out
    with pytest.raises(OSError, match="refused"):  # they end together
        socket.create_connection(("localhost", port), timeout=1)


def test_a_simulator_that_cannot_start_does_not_keep_the_shop_waiting(settings: Settings) -> None:
    steps: list[str] = []
    serve_both(settings, lambda: steps.append("served"), [sys.executable, "-c", "raise SystemExit(3)"])
    assert steps == ["served"]
