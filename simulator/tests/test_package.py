"""The installed package: a small wheel, a command that starts quickly, fixtures, helpers and recipes."""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from .. import cli
from ..client import Vipps
from ..serving import DEMO, main, running
from .servers import served as serve_merchant

FOLDER = Path(__file__).parents[1]
RECIPES = FOLDER / "recipes"
MAX_WHEEL_BYTES = 300_000
BUILD = "import setuptools.build_meta as backend, sys; print(backend.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from a copy, so that building leaves nothing in the source."""
    pytest.importorskip("setuptools", reason="setuptools builds the package")
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(FOLDER, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=folder / "source", check=True, capture_output=True)
    return next(folder.glob("vipps_login_simulator-*.whl"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Put the folder on Python's path under the package's name; return the environment for it."""
    site = tmp_path_factory.mktemp("site")
    (site / "vipps_login_simulator").symlink_to(FOLDER)
    return {**os.environ, "PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def served() -> Iterator[Vipps]:
    with running() as simulator:
        yield Vipps(simulator.url)


def authorization_url(vipps: Vipps, redirect_uri: str = "http://localhost:3000/callback") -> str:
    query = f"client_id=demo&response_type=code&scope=openid&state=a-random-state&redirect_uri={redirect_uri}"
    return f"{vipps.issuer}oauth2/auth?{query}"


def test_the_wheel_is_small_and_has_all_but_the_tests(wheel: Path) -> None:
    assert wheel.stat().st_size < MAX_WHEEL_BYTES
    with zipfile.ZipFile(wheel) as packed:
        names = {name.removeprefix("vipps_login_simulator/") for name in packed.namelist()}
        metadata = packed.read(next(name for name in packed.namelist() if name.endswith("METADATA"))).decode()
    files = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file()}
    left = {"tests", "build", "__pycache__", "vipps_login_simulator.egg-info"}
    ends = (".py", ".html", ".css", ".svg", ".json", ".mo", ".mjs", ".http", ".sh")
    needed = {name for name in files if name.endswith(ends) and not left & set(Path(name).parts)} - {"setup.py"}
    assert needed - names == set()
    assert not [name for name in names if name.startswith("tests/")]
    required = {line.split(">=")[0].removeprefix("Requires-Dist: ") for line in metadata.splitlines() if ">=" in line}
    assert required - {"Requires-Python: "} == {"flask", "flask-babel", "flask-wtf", "joserfc", "sqlalchemy", "urllib3"}


def test_the_command_serves_many_at_once_and_leaves_nothing(installed: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "vipps_login_simulator", "serve", "--port", "0", "--json"]
    environment = {**installed, "TMPDIR": str(tmp_path)}
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=tmp_path) for _ in range(3)]
    try:
        lines = [process.stdout.readline() for process in processes if process.stdout]
        facts = [json.loads(line) for line in lines]
        assert len({each["issuer"] for each in facts}) == 3
        for each in facts:
            vipps = Vipps(each["url"])
            assert "code=" in vipps.log_in(authorization_url(vipps))
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        assert [process.wait(20) for process in processes] == [0, 0, 0]
        for process in processes:
            if process.stdout:
                process.stdout.close()
    assert list(tmp_path.iterdir()) == []


def test_state_in_a_folder_outlives_the_server(tmp_path: Path) -> None:
    for name in ("Nytt", "Nyere"):
        with running(state=tmp_path) as simulator:
            vipps = Vipps(simulator.url)
            before = vipps.control("GET", "persons")["persons"][0]["family_name"]
            assert (before == "Nytt") == (name == "Nyere")
            vipps.change("kari", family_name=name)


@pytest.mark.parametrize(
    ("uri", "accepted"),
    [
        ("http://localhost:3000/callback", True), ("http://127.0.0.1:5000/x?y=1", True), ("https://localhost/x", True),
        ("http://[::1]:8080/", True), ("http://localhost.evil.example/", False), ("http://evil.example/", False),
        ("http://localhost:3000/%23#x", False), ("http://localhost@evil.example/", False), ("app://localhost/", False),
        ("http://evil.example\\@localhost/", False), ("http://localhost:99999/", False), ("javascript:alert(1)", False),
    ],
)  # fmt: skip
def test_the_demo_merchant_takes_any_redirect_uri_on_localhost(served: Vipps, uri: str, accepted: bool) -> None:
    from urllib.parse import quote

    url = authorization_url(served, quote(uri, safe=""))
    if accepted:
        assert served.log_in(url).startswith(uri)
    else:
        with pytest.raises(ValueError, match="redirect_uri_unregistered"):
            served.log_in(url)


def test_only_a_merchant_that_says_so_takes_them(served: Vipps) -> None:
    served.control("PUT", "merchants/strict", {"name": "Strict", "client_secret": "s", "redirect_uris": []})
    with pytest.raises(ValueError, match="redirect_uri_unregistered"):
        served.log_in(authorization_url(served).replace("client_id=demo", "client_id=strict"))
    assert DEMO.any_local_redirect


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--help"], 0, "serve"), ([], 0, "serve"), (["--version"], 0, "vipps-login-simulator 1."),
        (["other"], 2, "serve"),
    ],
)  # fmt: skip
def test_the_command_explains_itself(
    arguments: list[str], status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == status
    assert words in "".join(capsys.readouterr())


def test_a_port_in_use_and_a_wrong_file_are_said_in_one_line(
    served: Vipps, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "merchants.json").write_text('[{"client_id": 7}]')
    port = served.url.rpartition(":")[2]
    for arguments in (["--port", port], ["--port", "0", "--merchants", str(tmp_path / "merchants.json")]):
        assert main(arguments) == 2
        assert capsys.readouterr().err.startswith("The simulator cannot start: ")


def test_the_fixtures_give_a_fresh_person_and_a_world(installed: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "test_merchant.py").write_text(
        "def test_it(vipps, vipps_world):\n"
        "    person = vipps.person('ola')\n"
        "    after = vipps.last_request()\n"
        "    url = vipps.issuer + 'oauth2/auth?client_id=demo&response_type=code&scope=openid&state=12345678'\n"
        "    url += '&redirect_uri=http://localhost:3000/callback'\n"
        "    assert 'code=' in vipps.log_in(url, person['key'])\n"
        "    assert 'error=access_denied' in vipps.log_in(url, action='deny')\n"
        "    taken = vipps_world.snapshot()\n"
        "    vipps_world.set_clock(ahead=60)\n"
        "    vipps_world.restore(taken)\n"
        "    assert vipps_world.control('GET', 'clock')['ahead'] == 0\n"
        "    assert vipps_world.issuer != vipps.issuer\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "vipps_login_simulator.pytest_plugin",
        "-p",
        "no:cacheprovider",
    ]
    environment = {**installed, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_waiting_in_vain_is_an_error(served: Vipps) -> None:
    with pytest.raises(TimeoutError):
        served.wait_for("revoke", seconds=0.01)
    urlopen(served.discovery).close()
    assert served.wait_for("configuration")["status"] == 200


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
def test_the_helper_for_javascript(installed: dict[str, str]) -> None:
    command = json.dumps([sys.executable, "-m", "vipps_login_simulator"])
    done = subprocess.run(
        ["node", "--test", str(RECIPES / "merchant.test.mjs")],
        env={**installed, "VIPPS_SIMULATOR": command},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 4" in done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_recipe_for_curl(served: Vipps) -> None:
    done = subprocess.run(["sh", str(RECIPES / "curl.sh"), served.url], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["name"].startswith("Kari")


def test_the_requests_for_editors(served: Vipps) -> None:
    """Send each request of the `.http` file in turn, as an editor does."""
    blocks = (RECIPES / "simulator.http").read_text().split("\n###")[1:]
    assert len(blocks) > 8
    for block in blocks:
        head, _, body = block.partition("\n\n")
        method, url = head.splitlines()[1].split(" ", 1)
        world = served.world("my-tests") if "/w/my-tests" in url else served
        path = re.sub(r"{{simulator}}(/w/my-tests)?", "", url)
        if path.startswith("/control/"):
            text = body.replace("{{simulator}}", served.url)
            world.control(method, path.removeprefix("/control/"), json.loads(text) if text.strip() else None)
        else:
            urlopen(f"{world.url}{path}").close()


@pytest.mark.browser
def test_the_recipe_for_a_browser(served: Vipps, chromium: Any) -> None:
    @Request.application
    def merchant(request: Request) -> Response:
        if request.path == "/login":
            url = authorization_url(served, f"{request.host_url}callback").replace("scope=", "scope=name+email+")
            return redirect(url)
        assert request.args["code"]
        return Response("<title>Shop</title><p>Welcome, Kari", content_type="text/html")

    spec = importlib.util.spec_from_file_location("recipe", RECIPES / "test_browser.py")
    assert spec
    assert spec.loader
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    page = chromium.new_context(locale="en-GB").new_page()
    page.set_default_timeout(10_000)
    with serve_merchant(merchant) as recipe.SHOP:
        recipe.test_log_in(page, served)
        page.context.close()
