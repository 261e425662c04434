"""Migrations: compatible with the previous version, without loss of data, and set-up runs only once."""

import ast
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask
from sqlalchemy import JSON, Boolean, Column, Connection, Date, DateTime, Integer, String, create_engine, text

from app.database import SETUP_LOCK, db, migrate
from app.doctor.findings import Level
from app.doctor.own import migrations
from app.vipps.attempts import metadata as vipps_metadata
from tests.conftest import DATABASES, ENVIRONMENT
from tests.tables import tables_in

ROOT = Path(__file__).resolve().parent.parent
REVISIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))
ADDS = {"create_table", "create_index", "create_foreign_key", "add_column", "batch_alter_table"}
NEUTRAL = {"f", "get_bind", "get_context"}
SAID = "The old version:"
TABLES = {table.name: table for metadata in (db.metadata, vipps_metadata) for table in metadata.sorted_tables}
# The schema of a database; a constraint's index has no SQL of its own.
SCHEMA = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master",
    "postgresql": "SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger"
    " WHERE NOT tgisinternal"
    " UNION ALL SELECT indexname, tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
}


def takes_away(source: str) -> list[str]:
    """Return the operations of a revision's upgrade that may break the previous version."""
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
    """Tell whether a new column requires a value, which the previous version does not write."""
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
        ("op.drop_column('a', 'b')", False), ("op.execute('DELETE FROM a')", False),
        ("batch_op.alter_column('b', nullable=False)", False),
    ],
)  # fmt: skip
def test_the_rule_finds_incompatible_operations(statement: str, is_harmless: bool) -> None:
    assert (takes_away(f"def upgrade():\n    {statement}\n") == []) == is_harmless


def setup_of_a_host(url: str) -> "subprocess.Popen[str]":
    """Start `flask setup`, as each host of a deployment does, in a separate process."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG") if name in os.environ}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "setup", "--demo"]
    environment = {**kept, **ENVIRONMENT, "DATABASE_URL": url}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)


@pytest.mark.postgresql
def test_two_hosts_that_set_up_at_once_set_up_once(postgresql: str) -> None:
    """Both hosts wait until both are ready, so that they start together."""
    engine = create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as admin:
        for schema in ("DROP SCHEMA public CASCADE", "CREATE SCHEMA public"):
            admin.execute(text(schema))
        admin.execute(text("SELECT pg_advisory_lock(:key)"), {"key": SETUP_LOCK})
        hosts = [setup_of_a_host(postgresql) for _ in range(2)]
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = :key")
        while admin.scalar(waiting, {"key": SETUP_LOCK}) != 2:
            time.sleep(0.05)
            assert all(host.poll() is None for host in hosts), "a host did not wait"
        admin.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": SETUP_LOCK})
        said = [host.communicate(timeout=90)[0] for host in hosts]
        assert [host.returncode for host in hosts] == [0, 0], said
        assert admin.scalar(text("SELECT count(*) FROM alembic_version")) == 1
        assert admin.scalar(text("SELECT count(*) - count(DISTINCT slug) FROM product")) == 0
    engine.dispose()


def value_for(column: Column[Any], number: int) -> object:
    if column.foreign_keys or isinstance(column.type, Integer):
        return number
    for kind, value in (
        (Boolean, True),
        (DateTime, datetime(2026, 1, number)),
        (Date, date(2026, 1, number)),
        (JSON, {}),
    ):
        if isinstance(column.type, kind):
            return value
    return str(number)


def fill(connection: Connection) -> None:
    """Add two rows to every table, with references to the other tables; the last used id is higher than theirs."""
    tables = [table for table in tables_in(connection).sorted_tables if table.name in TABLES]
    for table in tables:
        if connection.execute(table.select()).first() is None:  # unless a trigger has filled the table
            rows = [{column.name: value_for(column, number) for column in table.columns} for number in (1, 2)]
            connection.execute(table.insert(), rows)
    if connection.dialect.name == "sqlite":
        connection.execute(text("UPDATE sqlite_sequence SET seq = 9"))
    connection.commit()


def contents(connection: Connection) -> dict[str, list[str]]:
    """Return every row and the whole schema, without the lengths of columns and the order of constraints."""
    names = [*TABLES, "alembic_version"]
    if connection.dialect.name == "sqlite":
        names += ["sqlite_sequence", "product_search"]
    found = {name: sorted(map(repr, connection.execute(text(f"SELECT * FROM {name}")))) for name in names}
    assert all(found.values()), "every table has rows"
    for row in connection.execute(text(SCHEMA[connection.dialect.name])):
        told = re.sub(r"(?<=VARCHAR)\(\d+\)|\"", "", " ".join(map(str, row))).replace("('')", "''")
        # Sort the lines of a table's definition: Alembic writes constraints in any order.
        found[f"schema of {row[0]} {row[1]}"] = sorted(re.split(r",?\s*\n\s*|, (?=\w+ [A-Z])", told))
    connection.rollback()
    return found


def lengthen(tables: list[str]) -> str:
    """Write a revision's body that makes the first text column of each table longer, or only copies the table."""
    lines = ["recreate = 'always' if op.get_bind().dialect.name == 'sqlite' else 'auto'"]
    for table in tables:
        lines.append(f"with op.batch_alter_table({table!r}, recreate=recreate) as batch_op:")
        texts = [c for c in TABLES[table].columns if isinstance(c.type, String) and c.type.length]
        change = (
            f"batch_op.alter_column({texts[0].name!r}, type_=sa.String({texts[0].type.length + 100}))" if texts else ""
        )
        lines.append("    " + (change or "pass"))
    return "\n    ".join(lines)


Migrate = Callable[[Flask, str], None]


@pytest.fixture
def migrate_by(tmp_path: Path) -> Migrate:
    """Return a function that runs one more revision, given the body of its `upgrade`."""

    def run(app: Flask, body: str) -> None:
        add_revision(tmp_path, "next", body)
        with app.app_context():
            command.upgrade(config_with(tmp_path), "head")

    return run


def add_revision(folder: Path, name: str, body: str = "pass") -> None:
    """Write a revision after the newest one, given the body of its `upgrade`."""
    head = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    source = f"import sqlalchemy as sa\nfrom alembic import op\nrevision = {name!r}\ndown_revision = {head!r}\n"
    (folder / f"{name}.py").write_text(f"{source}def upgrade():\n    {body}\n")


def config_with(folder: Path) -> Config:
    """Return Alembic's configuration with the revisions of one more folder."""
    config = migrate.get_config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join([str(REVISIONS[0].parent), str(folder)]))
    return config


def test_two_newest_revisions_are_named_with_the_merge(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("own", "upstream"):
        add_revision(tmp_path, name)
    with app.app_context():
        config = config_with(tmp_path)
    monkeypatch.setattr(migrate, "get_config", lambda: config)
    with app.app_context():
        finding = migrations()
    assert (finding.level, "own, upstream" in finding.said) == (Level.FAILED, True)
    merge = "flask --app wsgi db merge -m upstream heads"
    assert merge in finding.advice
    ended = app.test_cli_runner().invoke(args=["setup"])
    assert ended.exit_code == 1
    assert merge in ended.output


def contents_around(app: Flask, run: Callable[[], None]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Fill the database; return its contents before and after a run, without the version."""
    with app.app_context(), db.engine.connect() as connection:
        fill(connection)
        before = contents(connection)
        run()
        after = contents(connection)
        if connection.dialect.name == "sqlite":
            with db.engine.connect() as migrated:  # the pool has only the migration's own connection
                assert migrated.execute(text("PRAGMA foreign_keys")).scalar() == 1
    return before, after


@pytest.fixture(params=DATABASES)
def empty_shop(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Flask:
    """Return a shop without data, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return make_app()
    return make_app(DATABASE_URL=request.getfixturevalue("postgresql"))


def test_every_table_is_altered_without_losing_a_row_or_a_trigger(empty_shop: Flask, migrate_by: Migrate) -> None:
    before, after = contents_around(empty_shop, lambda: migrate_by(empty_shop, lengthen(list(TABLES))))
    assert after.pop("alembic_version") != before.pop("alembic_version")
    assert after == before


def test_a_revision_that_leaves_dangling_rows_is_rolled_back(app: Flask, migrate_by: Migrate) -> None:
    body = f"{lengthen(['customer'])}\n    op.execute('DELETE FROM customer WHERE id = 1')"

    def run() -> None:
        with pytest.raises(CommandError, match=r"rows that are not there \(.*1 in vipps_link to customer.*nothing was"):
            migrate_by(app, body)

    before, after = contents_around(app, run)
    assert after == before


def test_a_revision_that_fails_leaves_the_database_as_it_was(empty_shop: Flask, migrate_by: Migrate) -> None:
    body = f"{lengthen(['customer', 'product'])}\n    op.drop_column('mail', 'kind')\n    raise ValueError('half done')"

    def run() -> None:
        with pytest.raises(ValueError, match="half done"):
            migrate_by(empty_shop, body)

    before, after = contents_around(empty_shop, run)
    assert after == before
