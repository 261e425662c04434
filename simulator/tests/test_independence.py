"""The simulator is a separate product: it imports no other part of the project and shares no template or style."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "simulator").glob("**/*.py"))
TEMPLATES = sorted((ROOT / "simulator" / "templates").glob("*.html"))


def imports(source: Path) -> set[str]:
    """Return the modules that a file imports by absolute names; a relative import must stay inside the package."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= len(source.relative_to(ROOT / "simulator").parts), source
            found |= {node.module or ""} if node.level == 0 else set()
    return found


def test_no_module_imports_the_rest_of_the_project() -> None:
    # It does not import itself by name either: the installed package is called vipps_login_simulator.
    others = {"app", "demo", "samples", "simulator", "tests"}
    assert [source for source in SOURCES if others & {name.split(".")[0] for name in imports(source)}] == []


def test_it_runs_without_the_rest_of_the_project() -> None:
    others = "{'app', 'demo', 'samples', 'tests'}"
    script = f"import sys, simulator; print({{name.split('.')[0] for name in sys.modules}} & {others})"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert result.stdout.strip() == "set()"


def test_templates_include_only_own_templates_and_need_no_inline_code() -> None:
    text = "\n".join(template.read_text(encoding="utf-8") for template in TEMPLATES)
    used = re.findall(r"{%-? *(?:extends|include|import|from) +\"([^\"]+)\"", text)
    assert all((ROOT / "simulator" / "templates" / name).exists() for name in used)
    assert not re.search(r"<script|<style|style=|\son[a-z]+=\"", text)


def test_creating_it_is_fast_and_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket
    import time

    from ..testing import create_test_simulator

    database = tmp_path / "quick.sqlite"
    create_test_simulator(database).extensions["simulator"].store.engine.dispose()
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a network connection"))
    began = time.perf_counter()
    create_test_simulator(database).extensions["simulator"].store.engine.dispose()
    assert time.perf_counter() - began < 1
