"""Run the migrations on the shop's own engine; `flask --app wsgi setup` does it.

Two sets of tables: the shop's models, and the logins in progress of the Vipps integration, which has a metadata of
its own because it can be lifted out.

The old version serves while a migration runs and for a while after it, so `upgrade` only adds: tables, columns that are
nullable or have a default of the server's, indexes, constraints that what the old version writes cannot break. What
takes something away comes one release after the last version that used it. A revision that cannot keep to this says
in its docstring how the old version lives with it, under "The old version:"; a test looks for that.
On PostgreSQL a statement may take as long as it needs, but it waits three seconds for a lock and then fails, because
every page that needs the table would queue up behind it: run it again.
"""

from alembic import context
from flask import current_app
from sqlalchemy import text

from app.database import UtcDateTime, db, is_in_models
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


def migrate_online() -> None:
    """Run the migrations; SQLite alters a table by copying it, which is what a batch is."""
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=TARGETS,
            render_as_batch=True,
            render_item=render_item,
            include_name=is_in_models,
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
            context.run_migrations()


if context.is_offline_mode():
    migrate_offline()
else:
    migrate_online()
