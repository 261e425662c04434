"""what a waiting login was for; decisions found by their reference number"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('pending_link', sa.Column('purpose', sa.String(length=20), nullable=False, server_default='log_in'))
    op.create_index(op.f('ix_activity_reference'), 'activity', ['reference'])


def downgrade():
    op.drop_index(op.f('ix_activity_reference'), table_name='activity')
    op.drop_column('pending_link', 'purpose')
