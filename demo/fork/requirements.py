"""Cut the lists of packages of a fork down to what its pyproject.toml asks for, and what that needs.

Versions and hashes stay as they are, so no package index is asked. The formats: uv's lock file
(docs.astral.sh/uv/concepts/projects/layout) and pip's requirements files with hashes.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping

PACKAGE = "\n[[package]]\n"
DIRECT = re.compile(r'^    \{ name = "([^"]+)"[^\n]*\n', re.MULTILINE)
PINNED = re.compile(r"^([\w.-]+)==[^\n]*\n(?:    --hash[^\n]*\n)+", re.MULTILINE)


def cut(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return uv.lock, requirements.txt and requirements-dev.txt for the pyproject.toml among these files."""
    project = tomllib.loads(files["pyproject.toml"].decode())
    direct = {name_of(each) for each in project["project"]["dependencies"]}
    for_tests = direct | {name_of(each) for each in project["dependency-groups"]["dev"]}
    lock = files["uv.lock"].decode()
    needs = _needs(lock)
    served, tested = _reached(direct, needs), _reached(for_tests, needs)
    head, *blocks = lock.split(PACKAGE)
    kept = [head]
    for block in blocks:
        if _is_the_project(block):
            kept.append(DIRECT.sub(lambda line: line[0] if line[1] in for_tests else "", block))
        elif _own_name(block) in tested:
            kept.append(block)
    return {
        "uv.lock": PACKAGE.join(kept).encode(),
        "requirements.txt": _only(files["requirements.txt"], served),
        "requirements-dev.txt": _only(files["requirements-dev.txt"], tested),
    }


def _needs(lock: str) -> dict[str, set[str]]:
    """Return the names that each locked package depends on, whatever the platform."""
    needs: dict[str, set[str]] = {}
    for package in tomllib.loads(lock)["package"]:
        lists = [package.get("dependencies", []), *package.get("optional-dependencies", {}).values()]
        needs.setdefault(package["name"], set()).update(each["name"] for part in lists for each in part)
    return needs


def _reached(names: Iterable[str], needs: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = list(names)
    while ahead:
        if (name := ahead.pop()) not in reached:
            reached.add(name)
            ahead.extend(needs[name])
    return reached


def _only(requirements: bytes, names: set[str]) -> bytes:
    return PINNED.sub(lambda pin: pin[0] if pin[1] in names else "", requirements.decode()).encode()


def _is_the_project(block: str) -> bool:
    return 'source = { virtual = "." }' in block


def _own_name(block: str) -> str:
    return block.partition('"')[2].partition('"')[0]


def name_of(requirement: str) -> str:
    """Return the name of a requirement such as `psycopg[binary]>=3.3`."""
    return re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]
