"""numbers of customers, sessions and waiting logins that are given out once

SQLite gives the number of the last row, once it is deleted, to the next one, unless its table says AUTOINCREMENT; a
PostgreSQL sequence never does. The keyword is part of the table, so the three are copied.

The old version: it finds the same tables, and on SQLite waits to write until they are copied.
"""

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

TABLES = ('customer', 'customer_session', 'pending_link')


def upgrade():
    _copy(sqlite_autoincrement=True)


def downgrade():
    _copy(sqlite_autoincrement=False)


def _copy(**table_kwargs):
    if op.get_bind().dialect.name != 'sqlite':
        return
    for table in TABLES:
        with op.batch_alter_table(table, recreate='always', table_kwargs=table_kwargs):
            pass
