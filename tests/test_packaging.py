"""One list of dependencies: pyproject.toml, the lock file and the exported requirements agree."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([\w.-]+)==(\S+)(.*)$", re.MULTILINE)
HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64})")


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def locked() -> dict[tuple[str, str], dict]:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {(each["name"], each["version"]): each for each in packages if "registry" in each.get("source", {})}


def pins(name: str) -> dict[tuple[str, str], set[str]]:
    """Return the name and version of each requirement in a file with its hashes."""
    text = (ROOT / name).read_text()
    found = list(PIN.finditer(text))
    ends = [each.start() for each in found[1:]] + [len(text)]
    return {(each[1], each[2]): set(HASH.findall(text, each.end(), end)) for each, end in zip(found, ends, strict=True)}


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_each_requirement_is_locked_with_the_same_hashes(file: str, locked: dict[tuple[str, str], dict]) -> None:
    for pin, hashes in pins(file).items():
        package = locked[pin]
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        assert hashes == {each["hash"] for each in files}, pin


def test_the_lists_name_what_pyproject_asks_for(project: dict) -> None:
    run_time, all_of_it = ({name for name, _version in pins(f"requirements{end}.txt")} for end in ("", "-dev"))
    asked = {re.split(r"[\[<>=!~; ]", each)[0].lower() for each in project["project"]["dependencies"]}
    for_tests = {re.split(r"[\[<>=!~; ]", each)[0].lower() for each in project["dependency-groups"]["dev"]}
    assert asked <= run_time
    assert run_time | for_tests <= all_of_it
    assert not for_tests & run_time, "a test tool is not installed in production"


def test_the_lock_is_for_the_python_versions_that_the_project_names(project: dict) -> None:
    assert tomllib.loads((ROOT / "uv.lock").read_text())["requires-python"] == project["project"]["requires-python"]
