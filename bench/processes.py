"""Start processes for a measurement, talk to them line by line, and stop them after it."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
ENDS_WITHIN = 10


class BenchmarkError(Exception):
    """A measured process failed, so there is no figure."""


class Child:
    """A Python process in the project's folder; its log goes into a file."""

    def __init__(self, arguments: tuple[str, ...], env: dict[str, str], log: Path) -> None:
        self.name, self._log = " ".join(arguments[:3]), log
        with log.open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    def line(self) -> str:
        """Return the next line that it prints; raise `BenchmarkError` if it has ended."""
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise BenchmarkError(f"{self.name} ended with {self._process.wait()}: {self.last_words()}")
        return line.strip()

    def ask(self, question: str) -> dict[str, Any]:
        """Send it a line and return its answer, a line of JSON."""
        if self._process.stdin and self.running():
            self._process.stdin.write(question + "\n")
            self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.line())
        return answer

    def running(self) -> bool:
        """Tell whether it is running."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """Return the end of its log."""
        return self._log.read_text(errors="replace")[-500:].strip()

    def family(self) -> list[psutil.Process]:
        """Return this process and the processes that it has started."""
        first = psutil.Process(self._process.pid)
        return [first, *first.children(recursive=True)]

    def stop(self) -> None:
        """End this process and those that it has started, and wait for them."""
        family = self.family() if self.running() else []
        self._process.terminate()
        try:
            self._process.communicate(timeout=ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        for left in psutil.wait_procs(family, timeout=1)[1]:
            left.kill()


class Server:
    """A gunicorn with its workers."""

    def __init__(self, child: Child, port: int) -> None:
        self._child, self.port = child, port

    def wait(self) -> None:
        """Wait until it answers."""
        gives_up_at = time.monotonic() + 30
        while time.monotonic() < gives_up_at and self._child.running():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        raise BenchmarkError(f"{self._child.name} did not start: {self._child.last_words()}")

    def processor_seconds(self) -> float:
        """Return its processor time so far, including ended workers."""
        return processor_seconds(self._child.family())


def processor_seconds(family: list[psutil.Process]) -> float:
    """Return the processor time of a process, which is the first, and of its children, including ended ones."""
    times = [process.cpu_times() for process in family]
    return sum(t.user + t.system for t in times) + times[0].children_user + times[0].children_system


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
