"""the table of emails becomes the queue from which they are sent

On SQLite the table is copied.

The old version: it stores the demo's emails as before, and gets the new columns' defaults.
"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

NEW = ('last_error', 'failures', 'next_try_at', 'created_at', 'reference', 'message_id', 'headers')


def upgrade():
    with op.batch_alter_table('mail') as batch_op:
        batch_op.add_column(sa.Column('headers', sa.JSON(), nullable=False, server_default='{}'))
        batch_op.add_column(sa.Column('message_id', sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column('reference', sa.String(length=20), nullable=False, server_default=''))
        batch_op.add_column(sa.Column('created_at', sa.DateTime(timezone=True), nullable=False, server_default=sa.text('(CURRENT_TIMESTAMP)')))
        batch_op.add_column(sa.Column('next_try_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('failures', sa.Integer(), nullable=False, server_default='0'))
        batch_op.add_column(sa.Column('last_error', sa.String(length=60), nullable=False, server_default=''))
        batch_op.alter_column('sent_at', existing_type=sa.DateTime(timezone=True), nullable=True)
        batch_op.create_index(op.f('ix_mail_next_try_at'), ['next_try_at'])
    op.execute('UPDATE mail SET created_at = sent_at')


def downgrade():
    op.execute('DELETE FROM mail WHERE sent_at IS NULL')
    with op.batch_alter_table('mail') as batch_op:
        batch_op.drop_index(op.f('ix_mail_next_try_at'))
        batch_op.alter_column('sent_at', existing_type=sa.DateTime(timezone=True), nullable=False)
        for name in NEW:
            batch_op.drop_column(name)
