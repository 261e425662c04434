"""Run the migrations on the shop's own engine; `flask --app wsgi setup` does it.

Two sets of tables: the shop's models, and the logins in progress of the Vipps integration, which has a metadata of
its own because it can be lifted out.

The old version serves while a migration runs and for a while after it, so `upgrade` only adds: tables, columns that are
nullable or have a default of the server's, indexes, constraints that what the old version writes cannot break. What
takes something away comes one release after the last version that used it. A revision that cannot keep to this says
in its docstring how the old version lives with it, under "The old version:"; a test looks for that.
On PostgreSQL a statement may take as long as it needs, but it waits three seconds for a lock and then fails, because
every page that needs the table would queue up behind it: run it again.

A run is one transaction on both databases: if a revision fails, the database stays as it was. On SQLite a batch copies
the table and drops the old one, and the run keeps what the drop would take along. Foreign keys are off, because ON
DELETE CASCADE would delete the children, and are checked at the end (SQLite documentation: ALTER TABLE, "Making Other
Kinds Of Table Schema Changes"). `LosslessBatches` keeps the rest.
"""

from collections import Counter
from typing import Any

from alembic import context
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations.batch import ApplyBatchImpl
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Connection, Table, text

from app.database import UtcDateTime, db, is_in_models
from app.sqlite_lock import BEGIN
from app.vipps.attempts import metadata as vipps_metadata

TARGETS = [db.metadata, vipps_metadata]


def render_item(kind: str, item: object, context: object) -> str | bool:
    """Write our timestamp type as what it is in the database, so that a revision never imports the app."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def migrate_offline() -> None:
    """Print the SQL instead of running it."""
    url = current_app.config["SQLALCHEMY_DATABASE_URI"]
    context.configure(url=url, target_metadata=TARGETS, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


class LosslessBatches(SQLiteImpl):
    """Keep through a batch what Alembic does not copy: all triggers, AUTOINCREMENT, and the last number it gave out.

    Every trigger goes, not only the table's own: SQLite renames no table while a trigger names one that is missing.
    """

    __dialect__ = "sqlite"  # Alembic uses the class that was defined last for a dialect
    after_rename: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    def prep_table_for_batch(self, batch_impl: ApplyBatchImpl, table: Table) -> None:
        """Note what has to come back, and drop the triggers, before the copy is made."""
        if self.as_sql:
            return
        run = self.connection.exec_driver_sql
        triggers = run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid").all()
        for name, _sql in triggers:
            run(f'DROP TRIGGER "{name}"')
        self.after_rename = tuple((sql, ()) for _name, sql in triggers)
        made_by = run("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table.name,)).scalar_one()
        if "AUTOINCREMENT" in made_by and batch_impl.table_kwargs.get("sqlite_autoincrement", True):
            batch_impl.new_table.dialect_options["sqlite"]["autoincrement"] = True
            last = run("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar()
            self.after_rename += (
                ("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,)),
                ("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, last or 0)),
            )

    def rename_table(self, old_table_name: str, new_table_name: str, schema: str | None = None) -> None:
        """Give the copy its name, and bring back what was noted."""
        super().rename_table(old_table_name, new_table_name, schema=schema)
        statements, self.after_rename = self.after_rename, ()
        for statement, parameters in statements:
            self.connection.exec_driver_sql(statement, parameters)


def migrate_online() -> None:
    """Run the migrations; SQLite alters a table by copying it, which is what a batch is."""
    applied: list[object] = []
    with db.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            switch_foreign_keys(connection, "OFF")
        context.configure(
            connection=connection,
            target_metadata=TARGETS,
            transactional_ddl=True,
            render_as_batch=True,
            render_item=render_item,
            include_name=is_in_models,
            on_version_apply=lambda **details: applied.append(details["step"]),
        )
        try:
            with context.begin_transaction():
                if is_sqlite:
                    connection.exec_driver_sql(BEGIN)
                else:
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                context.run_migrations()
                if is_sqlite and applied:
                    refuse_dangling_rows(connection)
        finally:
            if is_sqlite:
                switch_foreign_keys(connection, "ON")  # the connection goes back to the pool


def switch_foreign_keys(connection: Connection, state: str) -> None:
    """Switch SQLite's foreign keys outside of any transaction: inside one the switch does nothing."""
    connection.exec_driver_sql(f"PRAGMA foreign_keys={state}")
    connection.rollback()


def refuse_dangling_rows(connection: Connection) -> None:
    """Stop the run, which rolls it back, if a row refers to another one that is not there."""
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check")
    if found := Counter((table, parent) for table, _rowid, parent, _key in rows):
        told = "; ".join(f"{count} in {table} to {parent}" for (table, parent), count in found.items())
        raise CommandError(f"rows refer to rows that are not there ({told}); nothing was changed")


if context.is_offline_mode():
    migrate_offline()
else:
    migrate_online()
