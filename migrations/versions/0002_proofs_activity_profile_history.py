"""links that wait for proof, the activity list, the profile's history

The columns of `customer` are added and dropped one by one and not in a batch: a batch makes the table anew on SQLite,
and dropping the old one would take every row that belongs to a customer with it.

The old version: it writes `login_event` at every login, which is replaced here. Stop it first.
"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('activity',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('method', sa.String(length=20), nullable=True),
    sa.Column('decision', sa.String(length=40), nullable=True),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('user_agent', sa.String(length=200), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_activity_customer_id_customer'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_activity'))
    )
    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_activity_customer_id'), ['customer_id'], unique=False)

    op.create_table('pending_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('browser_hash', sa.String(length=64), nullable=False),
    sa.Column('issuer', sa.String(length=255), nullable=False),
    sa.Column('client_id', sa.String(length=255), nullable=False),
    sa.Column('subject', sa.String(length=255), nullable=False),
    sa.Column('claims', sa.JSON(), nullable=False),
    sa.Column('ways', sa.JSON(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('next_path', sa.String(length=500), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_pending_link_customer_id_customer'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_pending_link')),
    sa.UniqueConstraint('browser_hash', name=op.f('uq_pending_link_browser_hash'))
    )
    with op.batch_alter_table('pending_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_pending_link_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_pending_link_expires_at'), ['expires_at'], unique=False)

    op.create_table('profile_change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('field', sa.String(length=20), nullable=False),
    sa.Column('before', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('after', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('source', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=20), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_profile_change_customer_id_customer'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_profile_change'))
    )
    with op.batch_alter_table('profile_change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_profile_change_customer_id'), ['customer_id'], unique=False)

    op.execute(
        "INSERT INTO activity (customer_id, at, kind, method, decision, reasons, user_agent, reference)"
        " SELECT customer_id, at, 'logged_in', method, decision, reasons, '', reference FROM login_event ORDER BY id"
    )
    op.drop_table('login_event')
    op.add_column('customer', sa.Column('address', sa.JSON(none_as_null=True), nullable=True))
    op.add_column('customer', sa.Column('refresh_policy', sa.String(length=10), nullable=False, server_default='ask'))
    op.add_column('customer', sa.Column('blocked_at', sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table('customer_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('login_attempt', schema=None) as batch_op:
        batch_op.add_column(sa.Column('owner', sa.String(length=64), server_default='', nullable=False))

    with op.batch_alter_table('mailed_proof', schema=None) as batch_op:
        batch_op.add_column(sa.Column('pending_link_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_mailed_proof_pending_link_id'), ['pending_link_id'], unique=False)
        batch_op.create_foreign_key(batch_op.f('fk_mailed_proof_pending_link_id_pending_link'), 'pending_link', ['pending_link_id'], ['id'], ondelete='CASCADE')



def downgrade():
    with op.batch_alter_table('mailed_proof', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_mailed_proof_pending_link_id_pending_link'), type_='foreignkey')
        batch_op.drop_index(batch_op.f('ix_mailed_proof_pending_link_id'))
        batch_op.drop_column('pending_link_id')

    with op.batch_alter_table('login_attempt', schema=None) as batch_op:
        batch_op.drop_column('owner')

    with op.batch_alter_table('customer_session', schema=None) as batch_op:
        batch_op.drop_column('confirmed_at')

    for column in ('blocked_at', 'refresh_policy', 'address'):
        op.drop_column('customer', column)

    op.create_table('login_event',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('method', sa.String(length=20), nullable=False),
    sa.Column('decision', sa.String(length=40), nullable=True),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_login_event_customer_id_customer'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_event'))
    )
    with op.batch_alter_table('login_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_login_event_customer_id'), ['customer_id'], unique=False)

    op.execute(
        "INSERT INTO login_event (customer_id, at, method, decision, reasons, reference)"
        " SELECT customer_id, at, method, decision, reasons, reference FROM activity"
        " WHERE kind = 'logged_in' AND customer_id IS NOT NULL ORDER BY id"
    )
    with op.batch_alter_table('profile_change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_profile_change_customer_id'))

    op.drop_table('profile_change')
    with op.batch_alter_table('pending_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_pending_link_expires_at'))
        batch_op.drop_index(batch_op.f('ix_pending_link_customer_id'))

    op.drop_table('pending_link')
    with op.batch_alter_table('activity', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_activity_customer_id'))

    op.drop_table('activity')
