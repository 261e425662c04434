"""The Build track: each solution passes up to its stage and fails at the next one; the command and the texts."""

import json
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import urllib3
from werkzeug.test import Client

from simulator import protocol
from simulator.check.browser import Answer
from simulator.check.cases import every_case
from simulator.check.lab import Lab
from simulator.check.merchant import load
from simulator.check.provider import Provider
from simulator.check.run import NO_LOGIN, RED, Report, follow
from simulator.config import MerchantConfig
from simulator.testing import create_test_simulator
from simulator.tests.check.conftest import Clock, World, now
from simulator.tests.check.shop import Trouble
from workshop import __main__ as workshop_command
from workshop import track
from workshop.__main__ import main, next_step

LAST = len(track.stages()) - 1
MERCHANT = load(track.FOLDER / "empty" / "merchant.toml")
IS_WHOLE = os.environ.get("BUILD_TRACK") == "whole"
"""`make test-build-track` runs every stage up to the solution's own, which takes minutes; `make test` that one only."""


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    own = MERCHANT.simulator
    unit = MerchantConfig(
        client_id=own.client_id, client_secret=own.client_secret, name="Learner", redirect_uris=tuple(own.redirect_uris)
    )
    app = create_test_simulator(tmp_path_factory.mktemp("build") / "simulator.sqlite", merchants=(unit,))
    yield app
    app.extensions["simulator"].store.engine.dispose()


def shop_at(number: int, world: World, clock: Clock) -> Any:
    """Return the Flask app of a stage's solution; its requests go to the simulator without a socket."""

    def request(
        method: str, url: str, *, body: Any = None, headers: Any = None, timeout: float = 600, redirect: bool = True,
        retries: bool | None = None, preload_content: bool = True,
    ) -> Any:  # fmt: skip
        try:
            status, found = world.fetch(method, url, headers or {}, body, timeout=timeout, limit=10**9, follow=redirect)
        except Trouble:
            raise urllib3.exceptions.HTTPError from None
        return urllib3.HTTPResponse(BytesIO(found), status=status, preload_content=preload_content)

    module = ModuleType("shop")
    exec(compile(track.solution("flask", number), "shop.py", "exec"), module.__dict__)
    module.urllib3 = SimpleNamespace(request=request, exceptions=urllib3.exceptions, make_headers=urllib3.make_headers)
    module.time = SimpleNamespace(time=lambda: now(clock))
    return module.app


@pytest.fixture
def followed(simulator: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that checks the stages with one stage's solution."""

    def run(number: int, wanted: Any) -> Report:
        clock = Clock()
        monkeypatch.setattr(protocol.time, "sleep", clock.sleep)
        world = World(simulator, clock)
        world.merchant = Client(shop_at(number, world, clock), use_cookies=False)
        lab = Lab(MERCHANT, Provider(world, MERCHANT.simulator), world, seed=1, sleep=clock.sleep)
        return follow(lab, [stage for stage in track.course() if stage.number in wanted])

    return run


def green_and_red(report: Report) -> tuple[set[int], set[int]]:
    """Return the numbers of the passed and the failed stages of a report."""
    red = {each.case.stage for each in report.results if each.finding.verdict in RED}
    return {each.case.stage for each in report.results} - red, red


@pytest.mark.parametrize("number", range(LAST + 1))
def test_a_solution_is_green_at_its_stage_and_red_at_the_next(number: int, followed: Any) -> None:
    wanted = range(0 if IS_WHOLE else number, number + 2)
    report = followed(number, wanted)
    found = [(each.case.id, each.finding) for each in report.results if each.finding.verdict in RED]
    assert number < 3 or NO_LOGIN not in [each.finding for each in report.results], "a login works from stage 3 on"
    assert green_and_red(report) == (set(wanted) - {number + 1, LAST + 1}, {number + 1} - {LAST + 1}), found
    assert number == LAST or next_step(report) == f"Hints: python -m workshop show {number + 1} --hints 1"


def test_each_case_of_the_checker_is_in_exactly_one_stage() -> None:
    cases = [case.id for stage in track.stages() for case in stage.cases]
    assert sorted(cases) == sorted([*every_case(), "home-answers", "start-answers"])


def test_each_text_is_there_in_two_languages() -> None:
    for stage in track.stages():
        for texts in stage.texts.values():
            assert [*map(bool, (texts.title, texts.goal, texts.tries, *texts.hints))] == [True] * 6, stage.number
        if stage.number != 9:  # the stage about PKCE has only one name
            assert stage.texts["en"].goal != stage.texts["nb"].goal


@pytest.mark.parametrize("starter", ["flask", "express"])
def test_a_starter_is_short_and_has_a_task_for_each_stage(starter: str) -> None:
    text = track.solution(starter, 0)
    assert len(text.splitlines()) < 80
    tasks = " ".join(line.partition("TODO")[2].partition(":")[0] for line in text.splitlines())
    assert {int(number) for number in tasks.replace(",", " ").split()} == set(range(1, LAST + 1))
    assert "TODO" not in track.solution(starter, LAST)


@pytest.mark.parametrize("starter", track.SHOPS)
def test_the_command_writes_a_starter(starter: str, tmp_path: Path) -> None:
    assert main(["start", starter, str(tmp_path / "shop")]) == 0
    assert load(tmp_path / "shop") == MERCHANT
    assert main(["start", starter, str(tmp_path / "shop")]) == 2  # it does not overwrite a folder


@pytest.mark.parametrize(
    ("arguments", "words", "missing"),
    [
        (["show"], "14 What they agreed to", "Hint"), (["show", "--lang", "nb"], "14 Hva de har samtykket til", "What"),
        (["show", "6", "--hints", "1"], "1. Use a JOSE library", "2. Name the algorithm"),
        (["show", "6", "--cases"], "- algorithm-none: ", "1. Use"),
        (["solution", "9"], '+    form["code_verifier"]', "Hello"),
        (["solution", "9", "--in", "express"], "+  form.code_verifier = started.verifier;", "Hello"),
    ],
)  # fmt: skip
def test_the_command_shows_stages_and_solutions(arguments: list[str], words: str, missing: str, capsys: Any) -> None:
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert words in told
    assert missing not in told


@pytest.mark.parametrize("chosen", [[], ["--upto", "3"], ["--stage=3"], ["--case", "audience-other"]])
def test_a_check_runs_all_stages_or_the_chosen_ones(chosen: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    monkeypatch.setattr(workshop_command.command, "main", lambda options, course, after: seen.extend([options, after]))
    main(["check", "merchant.toml", *chosen])
    assert seen == [["merchant.toml", *(chosen or ["--upto", str(LAST)])], next_step]


def test_a_solution_is_told_to_the_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(workshop_command, "Network", lambda: lambda *call: sent.append(call) or Answer(call[1], 404))
    room, file = ["--room", "http://teacher.test/workshop/BCDF23", "--words", "a b c"], tmp_path / "merchant.toml"
    shop = ["solution", "6", "--write", str(tmp_path / "shop.py")]
    assert main([*shop, *room]) == 0
    file.write_text((track.FOLDER / "empty" / "merchant.toml").read_text().replace("# room", "room"))
    assert main(shop) == 2  # the learner's three words are missing
    file.write_text(file.read_text().replace("# words", "words"))
    assert [main(shop), main(["solution", "6", "--merchant", str(file)])] == [0, 0]
    told = [(url, json.loads(body)["words"], json.loads(body)["looked_up"]) for _, url, _, body in sent]
    own = ("http://192.168.1.5:8000/workshop/BKRT47/verdicts", "fjell kopp ugle", True)
    assert told == [("http://teacher.test/workshop/BCDF23/verdicts", "a b c", True), own, own]
    assert "answered 404. Compare room and words" in capsys.readouterr().out
    assert (tmp_path / "shop.py").read_text() == track.solution("flask", 6)


@pytest.mark.parametrize(("starter", "port"), [("flask", "5000"), ("express", "5000")])
def test_a_written_solution_keeps_the_learners_addresses(starter: str, port: str, tmp_path: Path) -> None:
    file = tmp_path / "shop"
    file.write_text(track.solution(starter, 3).replace(port, "5050").replace(":8001/", ":8009/w/mine/"))
    assert main(["solution", "6", "--in", starter, "--write", str(file)]) == 0
    text = file.read_text().replace("--port 5000", "")
    assert (":8009/w/mine/" in text, port in text) == (True, False)
