"""A small merchant, a simulator, and the checker that calls both, without sockets and without waiting."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from ... import protocol
from ...check.browser import UNREACHABLE, Answer, Headers
from ...check.lab import Lab
from ...check.merchant import from_values
from ...check.provider import Provider
from ...config import MerchantConfig
from ...testing import ORIGIN as PROVIDER
from ...testing import create_test_simulator
from .shop import CALLBACK, ORIGIN, Shop, Trouble, create_shop

CLIENT_ID, SECRET = "0a1b2c3d-checked-shop", "checked-secret"
MERCHANT = {
    "start": f"{ORIGIN}/login", "home": f"{ORIGIN}/", "logged_in": "Log out", "logout": f"{ORIGIN}/logout",
    "account": f"{ORIGIN}/account", "account_pattern": r"Customer number: (\d+)", "next": "next",
    "webhook": f"{ORIGIN}/webhook", "consents": f"{ORIGIN}/consents", "consent_given": "Email: yes",
    "simulator": {"url": PROVIDER, "client_id": CLIENT_ID, "client_secret": SECRET, "redirect_uris": [CALLBACK]},
}  # fmt: skip


class Clock:
    """A clock that moves only when the provider delays an answer."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0
        self.limit = 600.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass, at most as long as the merchant waits."""
        self.seconds += min(seconds, self.limit)
        if seconds > self.limit:
            raise TimeoutError


class World:
    """The simulator, a merchant, and the transport that the checker uses for both."""

    def __init__(self, simulator: Any, clock: Clock) -> None:
        self.simulator = Client(simulator, use_cookies=False)
        self.clock = clock
        self.shop = Shop(self.fetch, PROVIDER, CLIENT_ID, SECRET, lambda: now(clock))
        self.merchant = Client(create_shop(self.shop), use_cookies=False)
        self.requests = 0

    def fetch(
        self, method: str, url: str, headers: dict[str, str], form: Any, *, timeout: float, limit: int, follow: bool
    ) -> tuple[int, bytes]:
        """Send the merchant's request to the provider."""
        self.clock.limit = timeout
        try:
            got = self.simulator.open(
                url, method=method, headers=headers, data=form, follow_redirects=follow, buffered=True
            )
            body = got.get_data()
        except OSError:
            raise Trouble("no answer") from None
        finally:
            self.clock.limit = 600
        if len(body) > limit:
            raise Trouble("too large")
        return got.status_code, body

    def __call__(self, method: str, url: str, headers: Headers, body: bytes | None) -> Answer:
        """Send the checker's request."""
        self.requests += 1
        began = self.clock.now()
        client = self.merchant if url.startswith(ORIGIN) else self.simulator
        parts = urlsplit(url)
        try:
            got = client.open(
                parts.path or "/", base_url=f"{parts.scheme}://{parts.netloc}", query_string=parts.query, method=method,
                headers=list(headers), data=body, environ_base={"REMOTE_ADDR": "127.0.0.1"},
            )  # fmt: skip
        except Exception as error:
            return Answer(url, 500, body=type(error).__name__, seconds=self.clock.now() - began)
        status = got.status_code or UNREACHABLE
        text = got.get_data().decode(errors="replace")
        return Answer(url, status, tuple(got.headers.items()), text, self.clock.now() - began)


def now(clock: Clock) -> float:
    """Return the real time, plus the time that the clock has waited."""
    return time.time() + clock.seconds - 1_800_000_000.0


@pytest.fixture(scope="session")
def checked_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Yield one simulator for all cases: each case has its own persons."""
    unit = MerchantConfig(client_id=CLIENT_ID, client_secret=SECRET, name="Checked", redirect_uris=(CALLBACK,))
    app = create_test_simulator(tmp_path_factory.mktemp("check") / "simulator.sqlite", merchants=(unit,))
    yield app
    app.extensions["simulator"].store.engine.dispose()


@pytest.fixture
def world(checked_simulator: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a fresh merchant at the simulator."""
    clock = Clock()
    monkeypatch.setattr(protocol.time, "sleep", clock.sleep)
    return World(checked_simulator, clock)


@pytest.fixture
def lab(world: World) -> Lab:
    """Return the checker's lab for this merchant."""
    merchant = from_values(MERCHANT)
    return Lab(merchant, Provider(world, merchant.simulator), world, seed=1, sleep=lambda seconds: None)
