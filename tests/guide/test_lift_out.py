"""The integration alone: copied into an empty folder with the guide's example, it logs people in over real HTTP."""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from werkzeug.security import generate_password_hash

from app.vipps.config import WEBHOOK_PATH
from tests.provider import CLIENT_ID, SUBJECT, TOKEN_PATH, Provider, running
from tests.vipps.events import jwt

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 30.0
WEBHOOK_TOKEN = "a-token-for-tests-that-is-long-enough-to-be-one"
SIGNING = Flask("signing")
SIGNING.config["SECRET_KEY"] = "a key for tests that is long enough to sign"
WITH_ACCOUNTS = pytest.mark.parametrize("site", ["flask_login_site"], indirect=True)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running() as provider:
        provider.userinfo = {"sub": SUBJECT, "name": "Tuva Lien"}
        yield provider


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the integration and the example, and no other file of this project."""
    shutil.copytree(ROOT / "app" / "vipps", tmp_path / "vipps", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("lift_out.py", "flask_login_site.py"):
        shutil.copy(ROOT / "examples" / name, tmp_path)
    return tmp_path


@pytest.fixture
def site(folder: Path, provider: Provider, unused_port: int, request: pytest.FixtureRequest) -> Iterator[str]:
    """Run an example as its own process, without this project on its path; yield its origin."""
    origin = f"http://localhost:{unused_port}"
    environ = {
        "PATH": os.environ["PATH"], "PUBLIC_URL": origin, "SECRET_KEY": SIGNING.config["SECRET_KEY"],
        "VIPPS_BASE_URL": provider.origin, "VIPPS_CLIENT_ID": CLIENT_ID, "VIPPS_CLIENT_SECRET": "s+cr/t==",
        "VIPPS_WEBHOOK_TOKEN": WEBHOOK_TOKEN, "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite'}",
    }  # fmt: skip
    example = getattr(request, "param", "lift_out")
    command = [sys.executable, *f"-m flask --app {example} run --port {unused_port}".split()]
    with (folder / "said.txt").open("w") as said:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=said, stderr=said)
        try:
            wait_for(unused_port, process, folder / "said.txt")
            yield origin
        finally:
            process.terminate()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    """Wait until a port accepts connections; fail with the process's output if the process ends first."""
    gives_up_at = time.monotonic() + DEADLINE
    while time.monotonic() < gives_up_at:
        assert process.poll() is None, said.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"no server listens: {said.read_text()}")


def begin(browser: requests.Session, site: str, provider: Provider) -> str:
    """Press the button; return the state."""
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
    assert requests.get(site, timeout=DEADLINE).text.startswith("<a href"), "other browsers stay logged in"


def test_wrong_callbacks_are_refused_without_the_shop_too(site: str, provider: Provider) -> None:
    with requests.Session() as browser:
        state = begin(browser, site, provider)
        provider.nonce = "of another login"
        page = browser.get(f"{site}/login/vipps/callback", params={"state": state, "code": "the-code"})
        assert page.status_code >= 400
        assert "We could not confirm this login" in page.text
        assert "Log in with Vipps" in browser.get(site).text


def press(browser: requests.Session, site: str, path: str, **fields: str) -> requests.Response:
    """Post a form of the front page with its token."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(site).text)
    assert token
    return browser.post(f"{site}{path}", data={"csrf_token": token[1], **fields}, allow_redirects=False)


def log_in(browser: requests.Session, site: str, provider: Provider) -> str:
    """Log in with Vipps; return the page after it."""
    response = {"state": begin(browser, site, provider), "code": "the-code"}
    return browser.get(f"{site}/login/vipps/callback", params=response).text


def add_user(folder: Path, email: str) -> None:
    """Add a user with a password, as the site's own registration would have."""
    with closing(sqlite3.connect(folder / "site.sqlite")) as database, database:
        hashed = generate_password_hash("a password", method="pbkdf2:sha256:1")
        database.execute(
            "INSERT INTO user (email, name, password_hash, sessions_end_before) VALUES (?, 'Tuva L.', ?, 0)",
            (email, hashed),
        )


def links(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "site.sqlite")) as database:
        return int(database.execute("SELECT count(*) FROM vipps_link").fetchone()[0])


@WITH_ACCOUNTS
def test_an_email_address_opens_no_account_until_its_owner_connects(
    site: str, provider: Provider, folder: Path
) -> None:
    add_user(folder, "tuva@example.com")
    provider.userinfo |= {"email": "Tuva@example.com", "email_verified": True}
    with requests.Session() as browser:
        assert "more than one account" in log_in(browser, site, provider)
        assert links(folder) == 0
        press(browser, site, "/login", email="tuva@example.com", password="a password")
        started = press(browser, site, "/connect")
        page = browser.get(f"{site}{started.headers['Location'].removeprefix(site)}")
        asked = parse_qs(urlsplit(unescape(page.headers["Refresh"].partition("url=")[2])).query)
        (provider.nonce,), (state,) = asked["nonce"], asked["state"]
        done = browser.get(f"{site}/login/vipps/callback", params={"state": state, "code": "the-code"})
        assert done.text.startswith("Hello, Tuva L.")
    with requests.Session() as other:
        assert log_in(other, site, provider).startswith("Hello, Tuva L.")
    assert links(folder) == 1


@WITH_ACCOUNTS
def test_connecting_needs_a_recent_login(site: str, folder: Path) -> None:
    add_user(folder, "tuva@example.com")
    signer = SecureCookieSessionInterface().get_signing_serializer(SIGNING)
    assert signer
    with requests.Session() as browser:
        answer = press(browser, site, "/login", email="tuva@example.com", password="a password")
        assert "SameSite=Lax" in answer.headers["Set-Cookie"]
        (cookie,) = browser.cookies
        held = signer.loads(cookie.value)
        cookie.value = signer.dumps({**held, "began_at": held["began_at"] - 3600})
        assert browser.get(site).text.startswith("Hello, ")
        assert press(browser, site, "/connect").headers["Location"] == "/"
        assert "Log in with Vipps" in browser.get(site).text


@WITH_ACCOUNTS
def test_a_revocation_ends_the_session_and_the_next_login_undoes_it(
    site: str, provider: Provider, folder: Path
) -> None:
    claims = {"event": "CONSENT_REVOKED", "sub": SUBJECT, "iat": time.time() + 1, "exp": time.time() + 99}
    event = jwt(json.dumps(claims))
    with requests.Session() as browser:
        assert log_in(browser, site, provider).startswith("Hello, Tuva Lien")
        for token, status in (("another", 404), (WEBHOOK_TOKEN, 200)):
            sent = requests.post(
                f"{site}{WEBHOOK_PATH}{token}", event, headers={"Content-Type": "text/plain"}, timeout=DEADLINE
            )
            assert sent.status_code == status
        assert "Log in with Vipps" in browser.get(site).text
        assert links(folder) == 1


def test_example_is_short_and_does_not_use_the_shop(folder: Path) -> None:
    lines = [line for line in (folder / "lift_out.py").read_text().splitlines() if line.strip()]
    assert len(lines) <= 50
    code = "".join(path.read_text() for path in folder.rglob("*.py"))
    assert "import app" not in code
    assert "from app" not in code
