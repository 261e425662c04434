"""The delivery as it is delivered: the image, compose.yaml with compose.demo.yaml, the proxy, all in a real engine.

`make test-delivery` runs these tests, in their order. The base images are stand-ins from Debian's packages.
"""

import json
import os
import secrets
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import Page, expect

from tests import chromium
from tests.browser import steps

ROOT = Path(__file__).resolve().parents[2]
SHOP = "https://shop.localhost"
COMPOSE = ["docker-compose", "-p", "rehearsal", "-f", "compose.yaml", "-f", "compose.demo.yaml"]
OF_THE_GUIDE = ("/guide/inspector", "/guide/checklist") if (ROOT / "app/guide").is_dir() else ()
RECOVERS_WITHIN = 90  # seconds, on a busy machine
pool = urllib3.PoolManager(retries=False, timeout=15)
# The proxy has a certificate of its own authority for each name; no test needs to resolve the names.
https = urllib3.HTTPSConnectionPool(
    "127.0.0.1", server_hostname="shop.localhost", cert_reqs="CERT_NONE", retries=False, timeout=15, maxsize=8
)
pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")


def run(*command: str, folder: Path = ROOT, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, **options)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Copy what a host gets, without settings of this machine; bring it up, and take it down in any case."""
    folder = tmp_path_factory.mktemp("delivery") / "shop"
    files = run("git", "ls-files").stdout.splitlines()
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    settings = {
        "SECRET_KEY": secrets.token_hex(32), "POSTGRES_PASSWORD": secrets.token_hex(32), "PUBLIC_URL": SHOP,
    }  # fmt: skip
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    try:
        done = run(*COMPOSE, "up", "--build", "--detach", folder=folder)
        assert done.returncode == 0, done.stderr[-3000:] + run(*COMPOSE, "logs", "--tail=30", folder=folder).stdout
        wait_for(lambda: status("/readyz") == 200)
        yield folder
    finally:
        run(*COMPOSE, "down", "--volumes", "--timeout", "5", folder=folder)


def ask(path: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return https.request("GET", path, headers={"Host": "shop.localhost", **headers}, redirect=False)


def status(path: str) -> int:
    try:
        return ask(path).status
    except urllib3.exceptions.HTTPError:
        return 0


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + RECOVERS_WITHIN
    while not holds():
        assert time.monotonic() < deadline, "it did not recover"
        threading.Event().wait(0.2)


@contextmanager
def visitors() -> Iterator[Counter[str]]:
    """Let four visitors reload the front page; yields what they saw: the status, and whether it was a page of ours."""
    seen: Counter[str] = Counter()
    stop = threading.Event()

    def visit() -> None:
        while not stop.wait(0.05):
            try:
                answer = ask("/")
                is_page = b"<!doctype html>" in answer.data
                seen[f"{answer.status}{'' if is_page else ' bare'}"] += 1
            except urllib3.exceptions.HTTPError as error:
                seen[type(error).__name__] += 1

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def page(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setattr(chromium, "FLAGS", [*chromium.FLAGS[:-1], f"{chromium.FLAGS[-1]}, EXCLUDE *.localhost"])
    with chromium.launched() as browser:
        context = browser.new_context(ignore_https_errors=True, locale="en-GB")
        yield context.new_page()


def test_a_person_logs_in_over_tls(page: Page) -> None:
    page.goto(f"{SHOP}/login?next=/account")
    steps.press_vipps(page)
    steps.approve(page)
    expect(page).to_have_url(f"{SHOP}/account")
    cookies = {each["name"]: each for each in page.context.cookies(SHOP)}
    session = next(each for name, each in cookies.items() if name.startswith("__Host-") and "session" in name)
    assert (session["secure"], session["httpOnly"], session["sameSite"]) == (True, True, "Lax")
    for path in ("/outbox", *OF_THE_GUIDE):
        answer = page.goto(f"{SHOP}{path}")
        assert answer is not None
        assert answer.status == 200, path


def test_plain_http_leads_to_https(project: Path) -> None:
    answer = pool.request("GET", "http://127.0.0.1/", headers={"Host": "shop.localhost"}, redirect=False)
    assert (answer.status, answer.headers["Location"]) == (308, f"{SHOP}/")


def test_static_files_are_compressed_and_pages_are_not(project: Path) -> None:
    sheet, front = (ask(path, **{"Accept-Encoding": "gzip"}) for path in ("/static/css/shop.css", "/"))
    assert sheet.headers.get("Content-Encoding") == "gzip"
    assert front.headers.get("Content-Encoding") is None
    assert "Server" not in front.headers


@pytest.mark.parametrize("service", ["shop", "retention", "simulator", "db", "redis", "proxy"])
def test_a_container_has_no_more_rights_than_it_needs(project: Path, service: str) -> None:
    container = run(*COMPOSE, "ps", "-q", service, folder=project).stdout.strip()
    (found,) = json.loads(run("docker", "inspect", container).stdout)
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert (host["CapAdd"] or []) == (["NET_BIND_SERVICE"] if service == "proxy" else [])
    assert host["Memory"] == 1024**3
    written = run("docker", "exec", container, "sh", "-c", "touch /srv/new /usr/new 2>&1")
    assert written.returncode != 0
    if service in ("shop", "retention", "simulator"):
        assert run("docker", "exec", container, "id", "-u").stdout.strip() == "10001"
        capabilities = run("docker", "exec", container, "grep", "CapEff", "/proc/1/status").stdout
        assert capabilities.split()[1].strip("0") == ""


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("redis", {"200"}),  # each worker counts for itself meanwhile
        ("db", {"200", "503"}),
        ("shop", {"200", "502", "503"}),  # the proxy's own page says so
    ],
)
def test_a_restart_shows_visitors_a_page_and_heals(project: Path, service: str, expected: set[str]) -> None:
    with visitors() as seen:
        wait_for(lambda: seen["200"] > 20)
        assert run(*COMPOSE, "restart", "--timeout", "10", service, folder=project).returncode == 0
        wait_for(lambda: status("/readyz") == 200)
        before = seen["200"]
        wait_for(lambda: seen["200"] > before + 20)
    assert set(seen) <= expected, seen


def test_a_setting_that_is_missing_is_named(project: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "DOCKER_HOST": os.environ["DOCKER_HOST"]}
    for missing in ("SECRET_KEY", "POSTGRES_PASSWORD", "PUBLIC_URL"):
        lines = [line for line in (project / ".env").read_text().splitlines() if not line.startswith(f"{missing}=")]
        (project / "some.env").write_text("\n".join(lines))
        done = run(
            "docker-compose", "--env-file", "some.env", "-f", "compose.yaml", "config", folder=project, env=environ
        )
        assert done.returncode != 0
        assert missing in done.stderr
    bare = run("docker", "run", "--rm", "--read-only", "-e", "VIPPS_ENVIRONMENT=test", "shop:local")
    assert bare.returncode == 3
    assert {"VIPPS_CLIENT_ID", "VIPPS_CLIENT_SECRET"} <= {
        line.split(":")[0].strip() for line in bare.stderr.splitlines()
    }
    assert "Traceback" not in bare.stderr


def test_one_container_is_the_demo(project: Path, page: Page) -> None:
    ports = [argument for port in (18000, 18001) for argument in ("-p", f"127.0.0.1:{port}:{port}")]
    urls = ["-e", "PUBLIC_URL=http://localhost:18000", "-e", "SIMULATOR_URL=http://localhost:18001"]
    container = run("docker", "run", "--detach", "--rm", *ports, *urls, "shop:local", "demo").stdout.strip()
    try:

        def answers() -> bool:
            with suppress(urllib3.exceptions.HTTPError):
                return pool.request("GET", "http://127.0.0.1:18000/readyz").status == 200
            return False

        wait_for(answers)
        page.goto("http://localhost:18000/login?next=/account")
        steps.press_vipps(page)
        steps.approve(page)
        expect(page).to_have_url("http://localhost:18000/account")
    finally:
        run("docker", "stop", "--time", "5", container)
