"""Fixtures for tests of merchants: `vipps`, a simulator of this test run, and `vipps_world`, a world of this test.

pytest loads it when the package is installed. It imports the simulator when a test asks for it.
"""

import uuid
from collections.abc import Iterator

import pytest

from .client import Vipps


@pytest.fixture(scope="session")
def vipps() -> Iterator[Vipps]:
    """Serve a simulator on a free port, once per test process; take a fresh person in each test (`vipps.person()`)."""
    from .serving import running

    with running() as simulator:
        yield Vipps(simulator.url, simulator.client_id, simulator.client_secret)


@pytest.fixture
def vipps_world(vipps: Vipps) -> Vipps:
    """Return a world that no other test uses, for tests that rotate keys, stop the clock or change merchants."""
    return vipps.world(uuid.uuid4().hex[:12])
