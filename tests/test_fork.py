"""A fork is a whole shop: written by the command, it is clean, starts, and its own tests pass.

Its whole suite takes minutes. Here it runs the files that are quick and nearest to what was cut or changed (`CHOSEN`:
translations, passwords, staff accounts, whole logins), in a process that does not see this project.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask

from app.about import NAME, SLUG
from demo import fork as forking
from demo.fork import own, parts
from demo.fork import tests as kept_tests

ROOT = Path(__file__).resolve().parent.parent
THEIRS = "Bø & “Søn”"
CHOSEN = (
    "tests/test_events.py",
    "tests/test_settings.py",
    "tests/test_translations.py::test_no_translation_is_left_over_or_unsure",
    "tests/customers/test_passwords.py",
    "tests/staff/test_commands.py",
    "tests/vipps/test_whole_login.py",
)
ENVIRON = {"PATH": os.environ["PATH"]}
START = """
from app import create_app
from app.settings import load

app = create_app(load({
    "VIPPS_ENVIRONMENT": "test", "VIPPS_CLIENT_ID": "an-id", "VIPPS_CLIENT_SECRET": "a-secret", "SECRET_KEY": "k" * 48,
    "DATABASE_URL": "sqlite:///new.sqlite",
}))
print(app.test_cli_runner().invoke(args=["setup"]).output)
for path in ("/", "/login", "/register", "/terms", "/privacy", "/staff/login"):
    answer = app.test_client().get(path, base_url="http://localhost:8000")
    assert answer.status_code == 200, (path, answer.text)
    assert "Bø &amp; “Søn”" in answer.text, path
for path in ("/guide/", "/demo", "/outbox"):
    assert app.test_client().get(path, base_url="http://localhost:8000").status_code == 404, path
assert "fork" not in app.cli.commands
"""


def run(folder: Path, *command: str) -> str:
    """Run a command in a fork, without this project on its path; returns what it said, and fails if it failed."""
    ended = subprocess.run([sys.executable, *command], cwd=folder, env=ENVIRON, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a fork, once for all tests here."""
    folder = tmp_path_factory.mktemp("fork") / "shop"
    forking.write(ROOT, folder, THEIRS)
    return folder


def texts(folder: Path) -> dict[str, str]:
    """Return every text of a folder by its path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".woff2", ".mo", ".sqlite", ".pyc"):
            found[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
    return found


def test_own_tests_of_a_fork_pass(fork: Path) -> None:
    assert " passed" in run(fork, "-m", "pytest", "-q", "-x", "-p", "no:randomly", *CHOSEN)


def test_code_of_a_fork_is_clean(fork: Path) -> None:
    run(fork, "-m", "ruff", "check", "--no-cache", ".")
    run(fork, "-m", "ruff", "format", "--no-cache", "--check", ".")
    run(fork, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))")


def test_a_fork_starts_empty_and_asks_for_its_own_keys(fork: Path) -> None:
    assert "The database is ready" in run(fork, "-c", START)
    refused = subprocess.run(
        [sys.executable, "-c", "import wsgi; wsgi.app"], cwd=fork, env=ENVIRON, capture_output=True, text=True
    )
    assert refused.returncode == 3
    for name in ("VIPPS_CLIENT_ID", "VIPPS_CLIENT_SECRET", "SECRET_KEY"):
        assert f"{name}: required" in refused.stderr


def test_a_fork_has_neither_the_stage_nor_the_old_name(fork: Path) -> None:
    modules = "|".join(re.escape(name) for name in parts.left_modules())
    for path, text in texts(fork).items():
        assert not re.search(rf"\b(app\.guide|(import|from) ({modules}))\b", text), path
        assert "stage:" not in text, path
        assert not re.search(rf"{NAME}|{SLUG}|Skarvfjell|Kaigata", text, re.IGNORECASE), path
        assert SLUG not in path
    assert not [path for path in parts.LEFT if (fork / path).exists()]


def test_a_fork_keeps_whole_logins_and_the_tests_of_the_integration(fork: Path) -> None:
    functions = {
        f"{path}::{name}"
        for path, text in texts(fork).items()
        if path.startswith("tests/") and path.endswith(".py")
        for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)
    }
    assert len(functions) > 500
    assert any("test_whole_login" in name for name in functions)
    ours = {path.name for path in (ROOT / "tests" / "vipps").glob("test_*.py")}
    theirs = {path.name for path in (fork / "tests" / "vipps").glob("test_*.py")}
    assert ours - theirs == {"test_breaker.py", "test_flow.py", "test_two_clocks.py", "test_webhook_trouble.py"}


def test_every_style_sheet_of_a_fork_is_used(fork: Path) -> None:
    pages = "".join(text for path, text in texts(fork).items() if path.startswith("templates/"))
    sheets = sorted(each.stem for each in (fork / "static" / "css").iterdir())
    assert len(sheets) > 10
    assert [each for each in sheets if not re.search(rf'css/{each}\.css|"{each}"', pages)] == []


def test_nothing_but_source_is_copied(tmp_path: Path) -> None:
    above = (".env", "instance/shop.sqlite", ".git/config", "docs/a.png", ".ci/key", "app/kept.py")
    astray = ("app/.env", "app/.env.py", "app/.hidden/x.py", "app/x.sqlite-wal", "app/py", "app/__pycache__/x.pyc")
    elsewhere = ("tests/x.json", "tests/server.pem", "static/.DS_Store", "static/dump.txt")
    for path in (*above, *astray, *elsewhere):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "app" / "link.py").symlink_to(tmp_path / ".env")
    for name in parts.TAKEN:
        (tmp_path / name).mkdir(exist_ok=True)
    assert list(parts.taken(tmp_path)) == ["app/kept.py"]


def test_every_kind_of_file_that_belongs_there_is_copied() -> None:
    listed = subprocess.run(["git", "ls-files", *parts.TAKEN], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a checkout: nobody knows which files belong here")
    ours = {path for path in listed.stdout.splitlines() if (ROOT / path).is_file() and not parts.is_left(path)}
    of_the_simulator = {path for path in ours if path.startswith("tests/simulator/") and path.endswith(".json")}
    assert ours - of_the_simulator - set(parts.taken(ROOT)) == set()


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        ("Shop", "taken", "is not empty"),
        ("Shop", str(ROOT / "app" / "inside"), "outside of this project"),
        ("", "new", "1 to 40"),
        ("x" * 41, "new", "1 to 40"),
        ("Two\nlines", "new", "one line"),
    ],
)
def test_what_would_go_wrong_is_refused_before_anything_is_written(
    app: Flask, tmp_path: Path, name: str, target: str, said: str
) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "theirs.txt").write_text("theirs")
    result = app.test_cli_runner().invoke(args=["fork", "--name", name, str(tmp_path / target)])
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())
    assert not (tmp_path / "new").exists()
    assert not (ROOT / "app" / "inside").exists()
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["theirs.txt"]


BEGIN, END = "stage: begin", "stage: end"  # in two halves, so that no region begins in this file


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (f"a\n    # {BEGIN}\n    b\n    # {END}\nc\n", "a\nc\n"),
        (f"<p>\n{{# {BEGIN} #}}\nb\n{{# {END} #}}\n</p>\n", "<p>\n</p>\n"),
        (f"a\n\n\n# {BEGIN}\nb\n# {END}\n", "a\n"),
        ("a\n", "a\n"),
    ],
)
def test_what_is_around_a_region_stays(text: str, whole: str) -> None:
    assert parts.changed("app/x.py", text.encode()) == whole.encode()


@pytest.mark.parametrize(
    ("path", "text"), [("app/x.py", f"# {BEGIN}\na\n"), ("app/x.py", f"a\n# {END}\n"), ("Makefile", "run:\n")]
)
def test_a_region_or_a_line_that_is_not_as_expected_stops_the_fork(path: str, text: str) -> None:
    with pytest.raises(ValueError, match=path):
        parts.changed(path, text.encode())


def test_a_test_is_left_by_what_it_names_imports_or_asks_for() -> None:
    files = {
        "tests/__init__.py": "",
        "tests/stage.py": "import simulator\n@pytest.fixture\ndef vipps(): ...\n",
        "tests/steps.py": "from tests.stage import vipps\n",
        "tests/alone.py": "",
        "tests/test_own.py": "import app.guide\n@pytest.fixture\ndef shop(): ...\ndef test_x(shop): ...\n",
        "tests/helper.py": "",
        "tests/a/__init__.py": "",
        "tests/a/test_keeps.py": "from tests.helper import x\ndef test_x(shop): ...\n",
        "tests/a/test_asks.py": "def test_x(vipps): ...\n",
        "tests/a/test_imports.py": "from tests import steps\ndef test_x(): ...\n",
        "tests/b/__init__.py": "",
        "tests/b/test_names.py": 'def test_x(): patch("app.guide.faq")\n',
        "tests/b/data/x.json": "{}",
        "tests/guide/test_y.py": "def test_y(): ...\n",
    }
    left = kept_tests.left_behind({path: text.encode() for path, text in files.items()})
    assert set(files) - left == {
        "tests/__init__.py",
        "tests/helper.py",
        "tests/a/__init__.py",
        "tests/a/test_keeps.py",
    }


@pytest.mark.parametrize(
    ("name", "slug"), [("My shop", "my-shop"), (THEIRS, "bo-son"), ("Ærlig Ål", "aerlig-al"), ("店", "shop")]
)
def test_a_name_becomes_a_slug_and_stays_what_it_is(name: str, slug: str) -> None:
    assert own.slug_of(name) == slug
    written: dict[str, object] = {}
    exec(own.files(name)["app/about.py"].decode(), written)
    assert written["NAME"] == name


def test_guide_and_simulator_can_also_just_be_removed(tmp_path: Path) -> None:
    for name in ("app", "demo", "samples", "templates", "static"):
        ignored = shutil.ignore_patterns("guide", "simulator")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "wsgi.py", tmp_path)
    said = run(
        tmp_path,
        "-c",
        "import wsgi; page = wsgi.app.test_client().get('/login', base_url='http://localhost:8000').text; print(page)",
    )
    assert "/demo" in said
    assert "/guide/" not in said
    refused = subprocess.run(
        [sys.executable, "-c", "import wsgi; wsgi.simulator"], cwd=tmp_path, env=ENVIRON, capture_output=True, text=True
    )
    assert refused.returncode == 3
    assert "There is no simulator here" in refused.stderr
    assert "Traceback" not in refused.stderr
