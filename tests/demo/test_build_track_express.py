"""The Build track in Express: each solution passes up to its stage and fails at the next one, as a learner sees it.

It runs with `make test-build-track` only: npm needs a network, and the shops and the simulator are served for real.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator import protocol
from simulator.check.browser import Network
from simulator.check.run import RED
from tests.conftest import free_port
from tests.hosts.processes import until
from workshop import track
from workshop.__main__ import main

pytestmark = pytest.mark.skipif(os.environ.get("BUILD_TRACK") != "whole", reason="make test-build-track runs these")
LAST = len(track.stages()) - 1
FASTER = 4  # divides the simulator's delays and the shop's timeouts


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the starter's npm packages."""
    folder = tmp_path_factory.mktemp("express") / "shop"
    assert main(["start", "express", str(folder)]) == 0
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are not installed")
    install = subprocess.run([npm, "install", "--no-audit", "--no-fund"], cwd=folder, capture_output=True, text=True)
    if install.returncode:
        pytest.skip(f"npm cannot get the packages: {install.stderr[-300:]}")
    return folder


@contextmanager
def running(folder: Path, code: str, port: int) -> Iterator[None]:
    """Run a shop with Node until the block ends."""
    (folder / "shop.mjs").write_text(code, encoding="utf-8")
    with (folder / "log").open("w") as log, subprocess.Popen(["node", "shop.mjs"], cwd=folder, stderr=log) as node:
        try:
            until(
                lambda: Network()("GET", f"http://localhost:{port}/", (), None).status == 200,
                30,
                lambda: (folder / "log").read_text(),
            )
            yield
        finally:
            node.kill()


@pytest.mark.parametrize("number", range(LAST + 1))
def test_a_solution_is_green_at_its_stage_and_red_at_the_next(
    number: int, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep, ports = time.sleep, {"5000": str(free_port()), "8001": str(free_port())}
    monkeypatch.setattr(protocol.time, "sleep", lambda seconds: sleep(seconds / FASTER))
    code, merchant = track.solution("express", number), (installed / "merchant.toml").read_text(encoding="utf-8")
    code = code.replace("TIMEOUT_MS = 5000", f"TIMEOUT_MS = {5000 // FASTER}")
    for given, mine in ports.items():
        code, merchant = code.replace(f"localhost:{given}", f"localhost:{mine}"), merchant.replace(given, mine)
    code = code.replace("PORT = 5000", f"PORT = {ports['5000']}")
    (tmp_path / "merchant.toml").write_text(merchant, encoding="utf-8")
    found, upto = tmp_path / "found.json", min(number + 1, LAST)
    with running(installed, code, int(ports["5000"])):
        status = main(["check", str(tmp_path / "merchant.toml"), "--upto", str(upto), "--json", str(found)])
    results = json.loads(found.read_text(encoding="utf-8"))["results"]
    red = {each["stage"] for each in results if each["verdict"] in RED}
    told = [(each["id"], each["did"]) for each in results if each["verdict"] in RED]
    assert (red, status == 0) == ({number + 1} - {LAST + 1}, number == LAST), told
