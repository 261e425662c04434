"""The deployment files: Dockerfile, compose files and Procfile are valid, and their commands run here.

There is no container engine in these tests (`make test-delivery` has one). So the files are linted (hadolint,
compose-lint), read, and their commands run as they stand, in a copy of the image's files that nothing may write to.
"""

import http.client
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from app.settings import Settings, load
from app.vipps.config import DISCOVERY_PATH
from tests.conftest import served
from tests.hosts.processes import listens, until

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
FILES = ("compose.yaml", "compose.demo.yaml")


def merged(base: Any, over: Any) -> Any:
    """Merge two compose files as Compose does: maps by key, lists of volumes one after the other."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {key: merged(base.get(key), over.get(key)) for key in (*base, *(set(over) - set(base)))}
    if isinstance(base, list) and isinstance(over, list) and base[0] not in ("flask", "gunicorn"):
        return [*base, *over]
    if isinstance(base, list) and isinstance(over, dict):  # networks, with and without options
        return merged({name: {} for name in base}, over)
    return base if over is None else over


PRODUCTION, OVERLAY = (yaml.safe_load((ROOT / name).read_text()) for name in FILES)
COMPOSE = merged(PRODUCTION, OVERLAY)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROCESSES = dict(re.findall(r"^(\w+): (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE))
OWN = ("migrate", "shop", "mail", "retention", "simulator")
ONCE = ("migrate", "trust")
# Variables of compose.yaml only; all others in it are settings of the shop.
FOR_COMPOSE = {"POSTGRES_PASSWORD", "PUBLISH_ON"}
FOR_OTHERS = {"BIND", "SSL_CERT_FILE", "POSTGRES_USER", "POSTGRES_PASSWORD"}
# These commands read the source, the tests and the image's files.
OF_THE_GUIDE = (
    ("/guide/checklist", "/guide/running-it", "/guide/source/tests/test_delivery.py") if find_spec("app.guide") else ()
)
PREPARED = ("gunicorn", "flask", "python", "sh")  # programs in the project's image


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their arguments; continued lines are joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = filter(None, re.sub(r"\\\n\s*", "", text).splitlines())
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in lines)]


def instruction(name: str) -> str:
    (found,) = [rest for each, rest in instructions() if each == name]
    return found


def health_check() -> list[str]:
    return list(json.loads(instruction("HEALTHCHECK").partition(" CMD ")[2]))


def ignore_lines() -> list[str]:
    """Return the rules of .dockerignore; the last rule that matches a path decides."""
    return [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]


def allowed_in() -> list[str]:
    """Return the paths that .dockerignore admits into the image."""
    return [line.removeprefix("!") for line in ignore_lines() if line.startswith("!")]


def kept_out() -> list[str]:
    """Return the names that .dockerignore excludes again, in any folder."""
    lines = ignore_lines()
    return [line.removeprefix("**/") for line in lines[1 + len(allowed_in()) :]]


@pytest.mark.parametrize(
    ("path", "ignored"), [(".env", True), (".env.production", True), ("deploy/.env", True), (".env.example", False)]
)
def test_git_does_not_take_a_file_with_settings(tmp_path: Path, path: str, ignored: bool) -> None:
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    asked = subprocess.run(["git", "check-ignore", "-q", path], cwd=tmp_path)
    assert (asked.returncode == 0) is ignored


@pytest.mark.parametrize("arguments", [["hadolint", "Dockerfile"], ["compose-lint", "--quiet", *FILES]])
def test_linter_finds_nothing(arguments: list[str]) -> None:
    found = subprocess.run([BIN / arguments[0], *arguments[1:]], cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_image_serves_as_a_user_who_owns_nothing() -> None:
    names = [name for name, _ in instructions()]
    user, _, group = instruction("USER").partition(":")
    assert user.isdecimal()
    assert int(user) >= 10_000
    assert user == group
    assert names.index("USER") > max(at for at, name in enumerate(names) if name in ("COPY", "RUN"))
    assert "ADD" not in names
    assert not [rest for name, rest in instructions() if name == "COPY" and "--chown" in rest]


def test_image_is_built_from_a_named_line_and_keeps_what_seldom_changes() -> None:
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", instruction("FROM"))
    copied = [rest.split()[0] for name, rest in instructions() if name == "COPY"]
    assert copied == ["requirements.txt", "."], "a change of the code must not reinstall the packages"


def test_no_secret_and_no_database_gets_into_the_image() -> None:
    assert ignore_lines() == ["*", *(f"!{name}" for name in allowed_in()), *(f"**/{name}" for name in kept_out())]
    for astray in (".env", ".env.local", "shop.sqlite", "shop.sqlite-wal", "server.pem", "tls.key", "__pycache__"):
        assert any(fnmatchcase(astray, name) for name in kept_out()), astray
    for name in allowed_in():
        assert (ROOT / name).exists() or name in ("demo", "examples"), f"{name} does not exist"
        assert not name.startswith((".", "instance"))
        assert "*" not in name


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_hardened(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert "privileged" not in service
    assert ":" in service["image"]
    assert not service["image"].endswith(":latest")


@pytest.mark.parametrize("name", SERVICES)
def test_service_has_a_health_check_and_waits_for_its_dependencies(name: str) -> None:
    service = SERVICES[name]
    assert (service["restart"] == "no") == (name in ONCE)
    if name not in (*OWN, *ONCE):
        assert service["healthcheck"]["test"][0] == "CMD"
    for needed, how in service.get("depends_on", {}).items():
        expected = "service_completed_successfully" if needed in ONCE else "service_healthy"
        assert how == {"condition": expected}, needed
        assert needed in SERVICES


def test_only_the_proxy_is_reached_from_outside_and_only_the_shop_reaches_the_data() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert all(port.startswith("${PUBLISH_ON:-127.0.0.1}:") for port in SERVICES["proxy"]["ports"])
    assert COMPOSE["networks"]["data"] == {"internal": True}
    beside = {name for name, service in SERVICES.items() if "data" in service.get("networks", ())}
    assert beside == {"migrate", "shop", "mail", "retention", "db", "redis"}


def test_volumes_are_named_and_secrets_have_no_default() -> None:
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())}
    assert {each for each in used if not each.startswith("./")} == set(COMPOSE["volumes"])
    assert all((ROOT / each).is_file() for each in used if each.startswith("./"))
    text = (ROOT / "compose.yaml").read_text()
    for secret in ("SECRET_KEY", "POSTGRES_PASSWORD", "PUBLIC_URL"):
        assert set(re.findall(rf"\$\{{{secret}(..)", text)) == {":?"}


def test_every_variable_is_known() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    asked = {name for file in FILES for name in re.findall(r"\$\{(\w+)", (ROOT / file).read_text())}
    assert asked <= settings | FOR_COMPOSE
    for service in SERVICES.values():
        assert set(service.get("environment", {})) <= settings | FOR_OTHERS
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text()
    assert set(re.findall(r"\{\$(\w+)\}", caddyfile)) == set(SERVICES["proxy"]["environment"])


def interpolated(value: str, environ: dict[str, str]) -> str:
    """Return a value after Compose's interpolation: `${NAME:-default}` and `${NAME:?required}`."""

    def one(found: re.Match[str]) -> str:
        return environ.get(found[1]) or (found[3] if found[2] == ":-" else environ[found[1]])

    return re.sub(r"\$\{(\w+)(:-|:\?)([^}]*)\}", one, value)


def environment_of(name: str, **environ: str) -> dict[str, str]:
    environ = {"PUBLIC_URL": "https://shop.localhost", **environ}
    return {key: interpolated(value, environ) for key, value in SERVICES[name]["environment"].items()}


def test_settings_of_the_shop_and_its_simulator_can_be_used() -> None:
    settings = load(environment_of("shop", SECRET_KEY="k" * 64, POSTGRES_PASSWORD="hex"))
    assert (settings.https, settings.trusted_proxies, settings.simulated) == (True, 1, True)
    assert settings.database == "postgresql+psycopg://shop:hex@db/shop"
    names = SERVICES["proxy"]["networks"]["web"]["aliases"]
    assert [f"https://{name}" for name in names] == [settings.public_url, settings.provider_url]
    assert "web" in SERVICES["shop"]["networks"]


def test_commands_are_of_the_image_that_runs_them() -> None:
    for name in OWN:
        command = SERVICES[name].get("command") or json.loads(instruction("CMD"))
        assert command[0] in PREPARED, name
    assert json.loads(instruction("CMD")) == ["gunicorn", "wsgi:app"]
    assert health_check()[0] in PREPARED
    assert [shlex.split(command)[0] for command in PROCESSES.values()] == ["flask", "gunicorn", "gunicorn"]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a read-only folder with the image's files."""
    folder = tmp_path_factory.mktemp("image")
    for name in allowed_in():
        if not (ROOT / name).exists():
            continue  # a fork has no demo
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*kept_out()))
        else:
            shutil.copy(ROOT / name, folder / name)
    (folder / "instance").mkdir()
    (compiled,) = re.findall(r"python (-m compileall[^&]+)", dict(instructions())["RUN"])
    subprocess.run([sys.executable, *shlex.split(compiled)], cwd=folder, check=True)
    subprocess.run(["chmod", "-R", "a-w", folder], check=True)
    yield folder
    subprocess.run(["chmod", "-R", "u+w", folder], check=True)


@pytest.fixture
def environ(tmp_path: Path, unused_port: int) -> dict[str, str]:
    """Return the shop's environment as in compose.yaml, with the services that the test has."""
    given = environment_of("shop", SECRET_KEY="k" * 64, POSTGRES_PASSWORD="hex")
    here = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'shop.sqlite'}", "REDIS_URL": "", "BIND": f"127.0.0.1:{unused_port}",
        "PORT": str(unused_port), "WEB_CONCURRENCY": "1", "PATH": f"{BIN}:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(tmp_path),
    }  # fmt: skip
    del given["SSL_CERT_FILE"]
    return given | here


def as_in_a_container(command: list[str]) -> list[str]:
    """Return a command without root's permission to write everywhere."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", *command]


def run(command: list[str], image: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(as_in_a_container(command), cwd=image, env=environ, capture_output=True, text=True)


@contextmanager
def serving(command: list[str], image: Path, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server's command; end it with the image's stop signal, and check that it ends without an error."""
    server = subprocess.Popen(as_in_a_container(command), cwd=image, env=environ)
    try:
        port = int(environ["PORT"])
        until(lambda: listens(port) or server.poll() is not None, 60, lambda: "it never listened")
        until(lambda: run(health_check(), image, environ).returncode == 0, 60, lambda: "it never answered")
        yield server
    finally:
        server.send_signal(getattr(signal, instruction("STOPSIGNAL")))
        try:
            assert server.wait(30) == 0
        finally:
            server.kill()


def get(environ: dict[str, str], path: str) -> tuple[int, str]:
    """Send a request like the proxy, with the shop's host name; return status and text."""
    connection = http.client.HTTPConnection(environ["BIND"], timeout=30)
    connection.request("GET", path, headers={"Host": urlsplit(environ["PUBLIC_URL"]).netloc})
    with closing(connection):
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def test_copy_cannot_be_written_to(image: Path, environ: dict[str, str]) -> None:
    for folder in (".", "app", "instance"):
        assert run(["python", "-c", f"open('{folder}/new', 'w')"], image, environ).returncode


def test_shop_is_set_up_and_serves_from_read_only_files(image: Path, environ: dict[str, str]) -> None:
    for command in (shlex.split(PROCESSES["release"]), SERVICES["migrate"]["command"]):
        done = run(command, image, environ)
        assert done.returncode == 0, done.stderr
    assert run(health_check(), image, environ).returncode == 1
    with serving(json.loads(instruction("CMD")), image, environ):
        assert get(environ, "/readyz")[0] == 200
        for path in ("/", "/login", *OF_THE_GUIDE):
            assert get(environ, path)[0] == 200, path
        assert get(environ, "/nothing")[0] == 404
    assert not list((image / "instance").iterdir())


def test_simulator_needs_its_volume_only(image: Path, environ: dict[str, str]) -> None:
    instance = image / "instance"
    assert SERVICES["simulator"]["volumes"][-1].endswith("/instance")
    instance.chmod(0o700)
    try:
        with serving(SERVICES["simulator"]["command"], image, environ):
            status, text = get({**environ, "PUBLIC_URL": environ["SIMULATOR_URL"]}, DISCOVERY_PATH)
            assert status == 200
            assert json.loads(text)["issuer"].startswith("https://vipps.localhost/")
        assert {each.name for each in instance.iterdir()} >= {"simulator.sqlite", "simulator_key"}
    finally:
        shutil.rmtree(instance)
        instance.mkdir(0o500)


def test_health_check_fails_on_an_unhealthy_answer(image: Path, environ: dict[str, str]) -> None:
    with served(lambda _environ, start: start("503 Service Unavailable", []) and [b""]) as origin:
        ill = {**environ, "BIND": urlsplit(origin).netloc.replace("localhost", "127.0.0.1")}
        assert run(health_check(), image, ill).returncode == 1


def test_procfile_serves_at_the_port_that_it_is_given(image: Path, environ: dict[str, str]) -> None:
    assert PROCESSES["simulator"] == PROCESSES["web"].replace(":app", ":simulator")
    with serving(["sh", "-c", f"unset BIND; exec {PROCESSES['web']}"], image, environ):
        assert get(environ, "/healthz")[0] == 200
