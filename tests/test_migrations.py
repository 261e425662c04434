"""What a migration may do while the old version still serves, and that two hosts which set up at once do it once."""

import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from app.database import SETUP_LOCK
from tests.conftest import ENVIRONMENT

ROOT = Path(__file__).resolve().parent.parent
REVISIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
ADDS = {"create_table", "create_index", "create_foreign_key", "add_column", "batch_alter_table"}
NEUTRAL = {"f", "get_bind", "get_context"}
SAID = "The old version:"


def takes_away(source: str) -> list[str]:
    """Return what a revision's way up does that the version before it may not live with."""
    module = ast.parse(source)
    up = [node for node in module.body if not (isinstance(node, ast.FunctionDef) and node.name == "downgrade")]
    calls = [node for part in up for node in ast.walk(part) if isinstance(node, ast.Call)]
    found = []
    for call in calls:
        function = call.func
        if not isinstance(function, ast.Attribute) or not isinstance(function.value, ast.Name):
            continue
        if function.value.id not in ("op", "batch_op") or function.attr in NEUTRAL:
            continue
        if function.attr not in ADDS or (function.attr == "add_column" and _is_required(call)):
            found.append(function.attr)
    return found


def _is_required(call: ast.Call) -> bool:
    """Tell whether a new column must be given a value, which the old version does not do."""
    column = call.args[-1]
    assert isinstance(column, ast.Call)
    given = {keyword.arg: keyword.value for keyword in column.keywords}
    nullable = given.get("nullable")
    return isinstance(nullable, ast.Constant) and nullable.value is False and "server_default" not in given


@pytest.mark.parametrize("revision", REVISIONS, ids=lambda path: path.stem[:4])
def test_a_migration_only_adds_or_says_how_the_old_version_lives_with_it(revision: Path) -> None:
    source = revision.read_text()
    doing = takes_away(source)
    assert not doing or SAID in (ast.get_docstring(ast.parse(source)) or ""), f"{revision.name}: {doing}"


@pytest.mark.parametrize(
    ("statement", "is_harmless"),
    [
        ("op.add_column('a', sa.Column('b', sa.Integer()))", True),
        ("op.add_column('a', sa.Column('b', sa.Integer(), nullable=False, server_default='1'))", True),
        ("op.add_column('a', sa.Column('b', sa.Integer(), nullable=False))", False),
        ("op.drop_column('a', 'b')", False),
        ("op.execute('DELETE FROM a')", False),
        ("batch_op.alter_column('b', nullable=False)", False),
    ],
)
def test_the_rule_is_held(statement: str, is_harmless: bool) -> None:
    assert (takes_away(f"def upgrade():\n    {statement}\n") == []) == is_harmless


def setup_of_a_host(url: str) -> "subprocess.Popen[str]":
    """Start `flask setup`, as each host of a deployment does, with whatever it can write."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "setup", "--demo"]
    environment = {**kept, **ENVIRONMENT, "DATABASE_URL": url}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)  # type: ignore[call-overload, no-any-return]


@pytest.mark.postgresql
def test_two_hosts_that_set_up_at_once_set_up_once(postgresql: str) -> None:
    """Both are held up until both have come, so that neither is there first by chance."""
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as admin:
        for schema in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            admin.execute(text(schema))
        admin.execute(text("SELECT pg_advisory_lock(:key)"), {"key": SETUP_LOCK})
        hosts = [setup_of_a_host(postgresql) for _ in range(2)]
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = :key")
        while admin.scalar(waiting, {"key": SETUP_LOCK}) != 2:
            time.sleep(0.05)
            assert all(host.poll() is None for host in hosts), "somebody did not wait"
        admin.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": SETUP_LOCK})
        said = [host.communicate(timeout=90)[0] for host in hosts]
        assert [host.returncode for host in hosts] == [0, 0], said
        assert admin.scalar(text("SELECT count(*) FROM alembic_version")) == 1
        assert admin.scalar(text("SELECT count(*) - count(DISTINCT slug) FROM product")) == 0
    engine.dispose()
