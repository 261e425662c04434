"""The Build track: each stage's solution is green up to its stage and red at the next; its command and its texts."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import urllib3
from werkzeug.test import Client

from simulator import protocol
from simulator.check.cases import Stage, every_case
from simulator.check.lab import Lab
from simulator.check.merchant import load
from simulator.check.provider import Provider
from simulator.check.run import RED, Report, follow
from simulator.check.steps import Verdict
from simulator.config import MerchantConfig
from simulator.testing import create_test_simulator
from simulator.tests.check.conftest import Clock, World, now
from simulator.tests.check.shop import Trouble
from workshop import track

LAST = len(track.stages()) - 1
MERCHANT = load(track.FOLDER / "empty" / "merchant.toml")
QUICK = [(number, (number, number + 1)) for number in range(LAST + 1)]
"""Each solution at its own stage and at the next one."""
WHOLE = [(number, range(number + 2)) for number in range(LAST + 1)]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    client = MERCHANT.simulator
    unit = MerchantConfig(
        client_id=client.client_id,
        client_secret=client.client_secret,
        name="Learner",
        redirect_uris=tuple(client.redirect_uris),
    )
    app = create_test_simulator(tmp_path_factory.mktemp("build") / "simulator.sqlite", merchants=(unit,))
    yield app
    app.extensions["simulator"].store.engine.dispose()


def shop_at(number: int, world: World, clock: Clock) -> Any:
    """Return the Flask app of a stage's solution; its requests go to the simulator without a socket."""

    def request(method: str, url: str, headers: Any = None, fields: Any = None, **options: Any) -> Any:
        timeout, limit = options.get("timeout", 600), 10**9
        try:
            status, body = world.fetch(
                method, url, headers or {}, fields, timeout=timeout, limit=limit, follow=options.get("redirect", True)
            )
        except Trouble:
            raise urllib3.exceptions.HTTPError from None
        return urllib3.HTTPResponse(BytesIO(body), status=status, preload_content=options.get("preload_content", True))

    module = ModuleType("shop")
    exec(compile(track.solution("flask", number), "shop.py", "exec"), module.__dict__)  # noqa: S102 - our own text
    module.urllib3 = SimpleNamespace(request=request, exceptions=urllib3.exceptions, util=urllib3.util)  # type: ignore[attr-defined]
    module.time = SimpleNamespace(time=lambda: now(clock))  # type: ignore[attr-defined]
    return module.app


@pytest.fixture
def followed(simulator: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that follows stages with the solution of one."""

    def run(number: int, wanted: Any) -> Report:
        clock = Clock()
        monkeypatch.setattr(protocol.time, "sleep", clock.sleep)
        world = World(simulator, clock)
        world.merchant = Client(shop_at(number, world, clock), use_cookies=False)
        lab = Lab(MERCHANT, Provider(world, MERCHANT.simulator), world, seed=1, sleep=clock.sleep)
        return follow(lab, [stage for stage in track.course() if stage.number in wanted])

    return run


def green_and_red(report: Report) -> tuple[set[int], set[int]]:
    """Return the numbers of the green and the red stages of a report."""
    red = {each.case.stage for each in report.results if each.finding.verdict in RED}
    return {each.case.stage for each in report.results} - red, red


@pytest.mark.parametrize(("number", "wanted"), QUICK)
def test_a_solution_is_green_at_its_stage_and_red_at_the_next(number: int, wanted: Any, followed: Any) -> None:
    report = followed(number, wanted)
    found = [(each.case.id, each.finding) for each in report.results if each.finding.verdict in RED]
    assert green_and_red(report) == (set(wanted) - {number + 1}, {number + 1} - {LAST + 1}), found
