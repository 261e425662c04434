"""Run hosts, each a gunicorn with the project's settings whose workers a test can kill, and a real Redis."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "FLASK_SKIP_DOTENV")  # environment variables that a host keeps
STARTS_WITHIN, ENDS_WITHIN = 60, 20  # seconds


class Host:
    """One gunicorn with its workers; its log is a file."""

    def __init__(self, port: int, env: dict[str, str], log: Path) -> None:
        self.port, self._log = port, log
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "wsgi:app"], cwd=ROOT,
                env={**kept, **env, "BIND": f"127.0.0.1:{port}"}, stdout=subprocess.DEVNULL, stderr=stderr,
            )  # fmt: skip

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def wait(self) -> None:
        until(lambda: listens(self.port), STARTS_WITHIN, lambda: f"gunicorn did not start: {self.log()[-2000:]}")

    def workers(self) -> list[psutil.Process]:
        return sorted(psutil.Process(self.process.pid).children(), key=lambda child: child.pid)

    def kill_a_worker(self) -> None:
        """Kill the oldest worker as the kernel does when memory runs out; gunicorn starts another one."""
        for worker in self.workers()[:1]:
            worker.kill()

    def kill(self) -> None:
        """Kill the host and its workers at once."""
        family = [psutil.Process(self.process.pid), *self.workers()] if self.process.poll() is None else []
        for process in family:
            process.kill()
        self.process.wait()


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Redis or Valkey server without files on disk."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    assert binary is not None, "tools/programs.sh installs redis-server"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    with subprocess.Popen([binary, *options], stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: listens(port), STARTS_WITHIN, lambda: "Redis did not start")
            yield process
        finally:
            process.kill()


def until(holds: Callable[[], bool], seconds: float, otherwise: Callable[[], str]) -> None:
    """Repeat a check until it is true; fail with the message after so many seconds."""
    gives_up_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < gives_up_at, otherwise()
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Tell whether the port of this machine accepts connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
