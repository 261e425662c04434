"""The simulator could be a project of its own: it imports nothing of the shop and shares no template or style."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for path in (ROOT / "simulator").glob("**/*.py") if "tests" not in path.parts)
TEMPLATES = sorted((ROOT / "simulator" / "templates").glob("*.html"))


def imports(source: Path) -> set[str]:
    """Return the modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source.name}: relative import"
            found.add(node.module or "")
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_nothing_of_the_shop_is_imported(source: Path) -> None:
    assert {name for name in imports(source) if name.split(".")[0] in {"app", "demo", "samples"}} == set()


def test_it_runs_without_the_rest_of_the_project() -> None:
    script = "import sys, simulator; print({name.split('.')[0] for name in sys.modules} & {'app', 'demo', 'samples'})"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "set()"


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_templates_and_styles_are_its_own(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    used = re.findall(r"{%-? *(?:extends|include|import|from) +\"([^\"]+)\"", text)
    assert all((ROOT / "simulator" / "templates" / name).exists() for name in used)
    assert not re.search(r"<script|<style|style=|\son[a-z]+=\"", text)


def test_making_it_is_fast_and_touches_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    import time

    from simulator.testing import create_test_simulator

    database = tmp_path / "quick.sqlite"
    create_test_simulator(database).extensions["simulator"].store.engine.dispose()
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a network connection"))
    began = time.perf_counter()
    create_test_simulator(database).extensions["simulator"].store.engine.dispose()
    assert time.perf_counter() - began < 1
