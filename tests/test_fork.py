"""A fork is a complete shop: the command writes it, it is clean, starts, keeps the tests, and some of them pass here.

Its whole suite takes minutes. `CHOSEN` is quick and near to what a fork changes: consents, whole logins at the
simulator, prices, order numbers and translations. A fork's tests run in a process that does not see this project.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from flask import Flask

from app import about
from demo import fork as forking
from demo.fork import commit, identity, requirements, selection

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parent.parent
NAME = "Ø&M “Søn”"
CHOSEN = (
    "tests/customers/consents/test_ledger.py", "tests/customers/consents/test_asking.py",
    "tests/customers/test_sample_customers.py", "tests/test_packaging.py",
    "tests/customers/test_passwords.py::test_a_password_is_judged_by_length_and_by_attackers_lists",
    "tests/mail/test_sending.py::test_an_email_is_sent_with_tls_and_password_and_its_text_is_erased",
    "tests/test_translations.py",
    "tests/shop/test_last_one.py::test_a_double_click_on_the_order_button_is_one_order",
    "tests/shop/test_orders.py::test_the_confirmation_lists_the_ordered_products",
)  # fmt: skip
# Folders and files whose tests a fork keeps completely.
KEPT = (
    "simulator/tests", "tests/attacks", "tests/conformance", "tests/customers", "tests/hosts", "tests/shop",
    "tests/staff", "tests/vipps",
)  # fmt: skip
ENVIRON = {"PATH": os.environ["PATH"]}
START = """
import wsgi

shop = wsgi.app
print(shop.test_cli_runner().invoke(args=["setup"]).output)
browser = shop.test_client()
assert "This page is empty" in browser.get("/", base_url="http://localhost:8000").text
print(shop.test_cli_runner().invoke(args=["load-products", "samples/products.json"]).output)
print(shop.test_cli_runner().invoke(args=["setup", "--demo"]).output)
for path in ("/", "/login", "/register", "/terms", "/privacy", "/staff/login", "/products/hammock", "/outbox"):
    answer = browser.get(path, base_url="http://localhost:8000")
    assert answer.status_code == 200, (path, answer.text)
    assert "Ø&amp;M “Søn”" in answer.text, path
    assert not {"/demo", "/guide", "css/demo"} & set(answer.text.split('"')), path
assert 'class="card' in browser.get("/", base_url="http://localhost:8000").text
for path in ("/guide/", "/demo"):
    assert browser.get(path, base_url="http://localhost:8000").status_code == 404, path
assert "fork" not in shop.cli.commands
assert wsgi.simulator.test_client().get("/", base_url="http://localhost:8001").status_code == 200
"""


def run(folder: Path, *command: str) -> str:
    """Run Python in a fork, without this project on its path; return the output, and fail if the command failed."""
    ended = subprocess.run([sys.executable, *command], cwd=folder, env=ENVIRON, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    return ended.stdout


@pytest.fixture(scope="module")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a fork, once for all tests here, with its own currency and settings."""
    folder = tmp_path_factory.mktemp("fork") / "shop"
    forking.write(ROOT, folder, NAME)
    says = (folder / "app" / "about.py").read_text()
    own = says.replace('"NOK", "nb_NO"', '"EUR", "fi_FI"').replace("DELIVERY_PRICE = 0", "DELIVERY_PRICE = 4900")
    assert {"EUR", "4900"} <= set(re.findall(r"\w+", own))
    (folder / "app" / "about.py").write_text(own)
    (folder / ".env").write_text("PASSWORDS=0\n")
    return folder


def texts(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if (
            path.is_file()
            and ".hypothesis" not in path.parts
            and path.suffix not in (".woff2", ".png", ".ico", ".mo", ".sqlite", ".pyc")
        ):
            found[path.relative_to(folder).as_posix()] = path.read_text(encoding="utf-8")
    return found


def test_chosen_tests_of_a_fork_pass(fork: Path) -> None:
    assert " passed" in run(fork, "-m", "pytest", "-q", "-x", "-p", "no:randomly", *CHOSEN)


def test_a_fork_collects_as_many_tests_as_this_project(fork: Path, request: pytest.FixtureRequest) -> None:
    theirs = per_file(run(fork, "-m", "pytest", "--collect-only", "-q").splitlines())
    ours = per_file(item.nodeid for item in request.session.items)
    for folder in KEPT:
        names = [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("test_*.py")]
        assert names
        assert [name for name in names if not theirs[name]] == []
        # This session may run a part of the tests only.
        assert [(name, ours[name], theirs[name]) for name in names if theirs[name] < ours[name]] == []
    browser = {name for name in theirs if name.startswith("tests/browser/")}
    assert len(browser) >= 5
    assert sum(theirs.values()) > 3500


def per_file(tests: Iterable[str]) -> Counter[str]:
    return Counter(test.partition("::")[0] for test in tests if "::" in test)


def test_code_of_a_fork_is_clean(fork: Path) -> None:
    run(fork, "-m", "ruff", "check", "--no-cache", ".")
    run(fork, "-m", "ruff", "format", "--no-cache", "--check", ".")
    run(fork, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))")


def test_a_fork_starts_without_keys_and_shows_products(tmp_path: Path) -> None:
    forking.write(ROOT, tmp_path / "shop", NAME)
    said = run(tmp_path / "shop", "-c", START)
    assert "The database is ready" in said
    assert "products are loaded" in said


def test_a_fork_has_neither_the_demo_nor_the_old_name(fork: Path) -> None:
    old = rf"\b({about.NAME}|{about.TOWN}|{about.STREET})\b|{re.escape(about.EMAIL)}|{about.SLUG}:local"
    for path, text in texts(fork).items():
        assert not re.search(r"^\s*(from|import) (demo|app\.guide|bench)\b", text, re.MULTILINE), path
        assert not re.search(r"\b(stage|demo-only): (begin|end)\b", text), path
        # The licence keeps its copyright notice, and the doctor names what is left of the template.
        assert path in ("LICENSE", "app/doctor/own.py") or not re.search(old, text), path
        assert about.SLUG not in path
    assert f'name = "{identity.slug_of(NAME)}"' in (fork / "pyproject.toml").read_text()
    assert not [path for path in selection.LEFT if (fork / path).exists()]


def test_the_readme_of_a_fork_names_the_upstream_commit(fork: Path) -> None:
    readme = (fork / "README.md").read_text()
    commit = identity.commit_of(ROOT)
    assert commit == "unknown" or re.fullmatch("[0-9a-f]{40}", commit)
    assert f"forked from upstream commit `{commit}`" in readme
    assert "UPSTREAM_COMMIT" not in readme


def git(folder: Path, *arguments: str) -> str:
    """Run Git in a folder, with no settings of this machine."""
    author = ["-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "protocol.file.allow=always"]
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(["git", *author, *arguments], cwd=folder, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_fork_takes_a_later_fix_as_its_readme_says(
    fork: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream, mine = tmp_path / "upstream", tmp_path / "mine"
    shutil.copytree(ROOT / "app", upstream / "app", ignore=shutil.ignore_patterns("__pycache__"))
    git(upstream, "init", "--quiet", "--initial-branch", "main")
    git(upstream, "add", "--all")
    git(upstream, "commit", "--quiet", "-m", "what the fork was made from")
    forked_from = git(upstream, "rev-parse", "HEAD").strip()
    shutil.copytree(fork, mine, ignore=shutil.ignore_patterns("__pycache__", ".hypothesis"))
    with monkeypatch.context() as hook:
        hook.setenv("GIT_DIR", str(upstream / ".git"))  # as in a Git hook of the upstream repository
        commit(mine, forked_from)
    assert git(upstream, "rev-parse", "HEAD").strip() == forked_from
    assert git(mine, "log", "--format=%s").strip() == f"Fork from upstream commit {forked_from}"
    assert git(mine, "status", "--porcelain") == ""

    fixed = upstream / "app" / "vipps" / "return_path.py"
    fixed.write_text(fixed.read_text().replace("MAX_LENGTH = 500", "MAX_LENGTH = 400"))
    git(upstream, "commit", "--quiet", "--all", "-m", "return path: shorten it")
    git(mine, "remote", "add", "upstream", str(upstream))
    git(mine, "fetch", "--quiet", "upstream")
    log = git(mine, "log", "--oneline", f"{forked_from}..upstream/main", "--", "app/vipps")
    assert log.strip().endswith("return path: shorten it")
    (tmp_path / "fix.patch").write_text(git(mine, "diff", forked_from, "upstream/main", "--", "app/vipps"))
    git(mine, "apply", "--3way", str(tmp_path / "fix.patch"))
    assert "MAX_LENGTH = 400" in (mine / "app" / "vipps" / "return_path.py").read_text()
    assert git(mine, "diff", "--cached", "--name-only").split() == ["app/vipps/return_path.py"]


def plain(names: Iterable[str]) -> set[str]:
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def test_a_fork_needs_only_the_packages_that_it_uses(fork: Path) -> None:
    names = tomllib.loads((fork / "pyproject.toml").read_text())
    own = {name.partition("[")[0] for name in map(requirements.name_of, names["project"]["dependencies"])}
    own |= set(map(requirements.name_of, names["dependency-groups"]["dev"]))
    lists = ("pyproject.toml", "uv.lock", "requirements.txt", "requirements-dev.txt")
    used = "\n".join(text for path, text in texts(fork).items() if path not in lists)
    words = set(re.findall(r"[\w-]+", re.sub(r"[.:/]", " ", used)))
    modules = packages_distributions()
    for name in sorted(own):
        if not name.startswith(("pytest-", "types-")):  # plugins and stubs are not imported
            called = {name.removesuffix("-bin"), *(script.name for script in distribution(name).entry_points)}
            called.update(module for module, sources in modules.items() if name in plain(sources))
            assert called & words, name
    for file in lists:
        assert not re.search(r"^flask-login|name = .flask-login", (fork / file).read_text(), re.MULTILINE), file
    assert "pygments==" not in (fork / "requirements.txt").read_text()
    assert "pygments==" in (fork / "requirements-dev.txt").read_text()  # pytest needs it


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    assert identity.commit_of(tmp_path) == "unknown"


def test_every_style_sheet_of_a_fork_is_used(fork: Path) -> None:
    pages = "".join(text for path, text in texts(fork).items() if path.startswith("templates/"))
    sheets = sorted(each.stem for each in (fork / "static" / "css").iterdir())
    assert sheets == ["shop", "staff", "tokens"]
    assert [each for each in sheets if not re.search(rf"css/{each}\.css", pages)] == []


def test_only_source_files_are_copied(tmp_path: Path) -> None:
    above = (".env", "instance/shop.sqlite", ".git/config", "docs/a.png", ".ci/key", "app/kept.py")
    astray = ("app/.env", "app/.env.py", "app/.hidden/x.py", "app/x.sqlite-wal", "app/py", "app/__pycache__/x.pyc")
    elsewhere = ("tests/x.json", "tests/server.pem", "static/.DS_Store", "static/dump.txt", "samples/customers.json")
    left = ("demo/x.py", "app/guide/x.py", "tests/demo/test_x.py", "tests/test_fork.py", "bench/x.py")
    for path in (*above, *astray, *elsewhere, *left):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    (tmp_path / "app" / "link.py").symlink_to(tmp_path / ".env")
    for name in selection.TAKEN:
        (tmp_path / name).mkdir(exist_ok=True)
    assert list(selection.taken(tmp_path)) == ["app/kept.py"]


def test_every_kind_of_file_of_a_taken_folder_is_copied() -> None:
    listed = subprocess.run(["git", "ls-files", *selection.TAKEN], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a Git checkout")
    ours = {path for path in listed.stdout.splitlines() if (ROOT / path).is_file() and not selection.is_left(path)}
    assert ours - set(selection.taken(ROOT)) == set()


@pytest.mark.parametrize(
    ("name", "target", "said"),
    [
        ("Shop", "taken", "is not empty"), ("Shop", str(ROOT / "app" / "inside"), "outside of this project"),
        ("", "new", "1 to 40"), ("x" * 41, "new", "1 to 40"), ("Two\nlines", "new", "one line"),
    ],
)  # fmt: skip
def test_a_bad_name_or_folder_is_refused_before_anything_is_written(
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


def test_marked_lines_are_left_out_of_makefile_and_pyproject_only(tmp_path: Path) -> None:
    text = "a\n    # demo-only: begin\n    b\n    # demo-only: end\nc\n"
    for path in ("Makefile", "wsgi.py"):
        (tmp_path / path).write_text(text)
    assert selection.content(tmp_path, "Makefile") == b"a\nc\n"
    assert selection.content(tmp_path, "wsgi.py") == text.encode()
    marked = {path for path in selection.taken(ROOT) if b"demo-only: " in (ROOT / path).read_bytes()}
    assert marked == set(selection.MARKED)


@pytest.mark.parametrize(
    ("name", "slug"), [("My shop", "my-shop"), (NAME, "o-m-son"), ("Ærlig Ål", "aerlig-al"), ("店", "shop")]
)
def test_a_name_becomes_a_slug_and_stays_unchanged_itself(name: str, slug: str) -> None:
    assert identity.slug_of(name) == slug
    written: dict[str, object] = {}
    exec(identity.files(name, "unknown")["app/about.py"].decode(), written)
    assert written["NAME"] == name


def test_guide_and_simulator_can_also_just_be_removed(tmp_path: Path) -> None:
    for name in ("app", "demo", "samples", "templates", "static"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("guide"))
    for name in ("wsgi.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    said = run(
        tmp_path, "-c",
        "import wsgi; page = wsgi.app.test_client().get('/login', base_url='http://localhost:8000').text; print(page)",
    )  # fmt: skip
    assert "/demo" in said
    assert "/guide/" not in said
    refused = subprocess.run(
        [sys.executable, "-c", "import wsgi; wsgi.simulator"], cwd=tmp_path, env=ENVIRON, capture_output=True, text=True
    )
    assert refused.returncode == 3
    assert "There is no simulator here" in refused.stderr
    assert "Traceback" not in refused.stderr
