"""The integration alone: copied into an empty folder with the guide's example, it logs people in over real HTTP."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.provider import CLIENT_ID, SUBJECT, TOKEN_PATH, Provider, running

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 30.0


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        provider.userinfo = {"sub": SUBJECT, "name": "Tuva Lien"}
        yield provider


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the integration and the example, and nothing else of this project."""
    shutil.copytree(ROOT / "app" / "vipps", tmp_path / "vipps", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "docs" / "examples" / "lift_out.py", tmp_path)
    return tmp_path


@pytest.fixture
def site(folder: Path, provider: Provider, unused_port: int) -> Iterator[str]:
    """Run the example as its own process, without this project on its path; yields its origin."""
    origin = f"http://localhost:{unused_port}"
    environ = {
        "PATH": os.environ["PATH"], "PUBLIC_URL": origin, "SECRET_KEY": "a key for tests that is long enough to sign",
        "VIPPS_BASE_URL": provider.origin, "VIPPS_CLIENT_ID": CLIENT_ID, "VIPPS_CLIENT_SECRET": "s+cr/t==",
    }  # fmt: skip
    command = [sys.executable, "-m", "flask", "--app", "lift_out", "run", "--port", str(unused_port)]
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=said, stderr=said)
        try:
            wait_for(unused_port, process, folder / "said.txt")
            yield origin
        finally:
            process.terminate()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    """Wait until a port accepts connections; fail with what the process said if it ended instead."""
    gives_up_at = time.monotonic() + DEADLINE
    while time.monotonic() < gives_up_at:
        assert process.poll() is None, said.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"no server listens: {said.read_text()}")


def begin(browser: requests.Session, site: str, provider: Provider) -> str:
    """Press the button; returns the state."""
    started = browser.get(f"{site}/login/vipps", params={"next": "/"}, allow_redirects=False)
    assert started.status_code == 302, started.text
    asked = parse_qs(urlsplit(started.headers["Location"]).query)
    (provider.nonce,) = asked["nonce"]
    return asked["state"][0]


def test_integration_logs_in_without_the_shop(site: str, provider: Provider, folder: Path) -> None:
    with requests.Session() as browser:
        assert "Log in with Vipps" in browser.get(site).text
        response = {"state": begin(browser, site, provider), "code": "the-code"}
        page = browser.get(f"{site}/login/vipps/callback", params=response)
        assert (page.url, page.text) == (f"{site}/", "Hello, Tuva Lien")
        again = browser.get(f"{site}/login/vipps/callback", params=response)
        assert again.text == "Hello, Tuva Lien"
    assert provider.calls(TOKEN_PATH) == 1
    assert "logged in: Tuva Lien" in (folder / "said.txt").read_text()
    assert requests.get(site, timeout=DEADLINE).text.startswith("<a href"), "only that browser"


def test_what_is_wrong_is_refused_without_the_shop_too(site: str, provider: Provider) -> None:
    with requests.Session() as browser:
        state = begin(browser, site, provider)
        provider.nonce = "of another login"
        page = browser.get(f"{site}/login/vipps/callback", params={"state": state, "code": "the-code"})
        assert page.status_code >= 400
        assert "We could not confirm this login" in page.text
        assert "Log in with Vipps" in browser.get(site).text


def test_example_is_short_and_knows_nothing_of_the_shop(folder: Path) -> None:
    lines = [line for line in (folder / "lift_out.py").read_text().splitlines() if line.strip()]
    assert len(lines) <= 50
    code = "".join(path.read_text() for path in folder.rglob("*.py"))
    assert "import app" not in code
    assert "from app" not in code
