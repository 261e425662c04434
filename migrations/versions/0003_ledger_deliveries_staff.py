"""the consent ledger that cannot be changed, webhook deliveries, the back office

The ledger is made anew and its rows are copied, since nothing refers to it. Its triggers are the same rule in the words of
both databases: a row may lose its person once, and may go when the day has come until which it is kept.

The old version: what it would write about a consent is not enough for the new ledger. Stop it first.
"""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

FIXED = ('id', 'consent_id', 'granted', 'required', 'text', 'heading', 'description', 'language', 'links', 'given_at',
         'received_at', 'effective_at', 'source', 'object_hash')
REFUSED = 'the consent ledger is append-only'


def upgrade():
    op.rename_table('consent_record', 'old_consent_record')
    _drop_old_names()
    _create_ledger()
    _copy_answers()
    op.drop_table('old_consent_record')
    _guard()

    op.create_table('webhook_delivery',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('latest_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('times', sa.Integer(), nullable=False),
    sa.Column('body_hash', sa.String(length=64), nullable=False),
    sa.Column('outcome', sa.String(length=40), nullable=False),
    sa.Column('event_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('subject_hash', sa.String(length=64), nullable=True),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_webhook_delivery_customer_id_customer'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webhook_delivery')),
    sa.UniqueConstraint('body_hash', name=op.f('uq_webhook_delivery_body_hash'))
    )
    op.create_index(op.f('ix_webhook_delivery_customer_id'), 'webhook_delivery', ['customer_id'])
    op.create_index(op.f('ix_webhook_delivery_received_at'), 'webhook_delivery', ['received_at'])

    op.create_table('staff',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(length=320), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff')),
    sa.UniqueConstraint('email', name=op.f('uq_staff_email'))
    )
    op.create_table('staff_session',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_agent', sa.String(length=200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_session_staff_id_staff'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_session')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_staff_session_token_hash'))
    )
    op.create_index(op.f('ix_staff_session_staff_id'), 'staff_session', ['staff_id'])
    op.create_index(op.f('ix_staff_session_expires_at'), 'staff_session', ['expires_at'])
    op.create_table('staff_look',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('staff_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('action', sa.String(length=40), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('detail', sa.String(length=200), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_staff_look_customer_id_customer'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_staff_look_staff_id_staff')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_look'))
    )
    op.create_index(op.f('ix_staff_look_customer_id'), 'staff_look', ['customer_id'])
    op.create_index(op.f('ix_staff_look_staff_id'), 'staff_look', ['staff_id'])
    op.create_table('error_report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reference', sa.String(length=40), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('route', sa.String(length=100), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_error_report_customer_id_customer'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_error_report'))
    )
    op.create_index(op.f('ix_error_report_at'), 'error_report', ['at'])
    op.create_index(op.f('ix_error_report_customer_id'), 'error_report', ['customer_id'])
    op.create_index(op.f('ix_error_report_reference'), 'error_report', ['reference'])

    op.add_column('customer', sa.Column('consents_asked_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('vipps_link', sa.Column('shared_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('vipps_link', sa.Column('sharing_revoked_at', sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.drop_column('vipps_link', 'sharing_revoked_at')
    op.drop_column('vipps_link', 'shared_at')
    op.drop_column('customer', 'consents_asked_at')
    for table in ('error_report', 'staff_look', 'staff_session', 'staff', 'webhook_delivery'):
        op.drop_table(table)
    _unguard()
    # A row without a customer has no place in the old table.
    op.execute('DELETE FROM consent_record WHERE customer_id IS NULL')
    op.drop_index(op.f('ix_consent_record_consent_id'), table_name='consent_record')
    op.drop_index(op.f('ix_consent_record_keep_until'), table_name='consent_record')
    op.drop_index(op.f('ix_consent_record_pseudonym'), table_name='consent_record')
    with op.batch_alter_table('consent_record', schema=None) as batch_op:
        batch_op.drop_constraint(op.f('uq_consent_record_customer_id_object_hash_consent_id'), type_='unique')
        batch_op.drop_constraint(op.f('fk_consent_record_customer_id_customer'), type_='foreignkey')
        for column in ('subject', 'heading', 'description', 'links', 'effective_at', 'object_hash', 'pseudonym', 'keep_until'):
            batch_op.drop_column(column)
        batch_op.alter_column('customer_id', existing_type=sa.Integer(), nullable=False)
        batch_op.alter_column('evidence', existing_type=sa.JSON(), nullable=False)
        batch_op.create_foreign_key(op.f('fk_consent_record_customer_id_customer'), 'customer', ['customer_id'], ['id'], ondelete='CASCADE')
        batch_op.create_index(op.f('ix_consent_record_customer_id'), ['customer_id'])


def _drop_old_names():
    """Free the names that the new table's constraints and index get: PostgreSQL keeps them per schema."""
    op.drop_index(op.f('ix_consent_record_customer_id'), table_name='old_consent_record')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE old_consent_record RENAME CONSTRAINT pk_consent_record TO pk_old_consent_record')
        op.execute('ALTER TABLE old_consent_record RENAME CONSTRAINT fk_consent_record_customer_id_customer TO fk_old_consent_record')
        op.execute('ALTER SEQUENCE consent_record_id_seq RENAME TO old_consent_record_id_seq')


def _create_ledger():
    op.create_table('consent_record',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=True),
    sa.Column('subject', sa.String(length=255), nullable=True),
    sa.Column('consent_id', sa.String(length=100), nullable=False),
    sa.Column('granted', sa.Boolean(), nullable=False),
    sa.Column('required', sa.Boolean(), nullable=False),
    sa.Column('text', sa.String(length=2000), nullable=False),
    sa.Column('heading', sa.String(length=500), nullable=False),
    sa.Column('description', sa.String(length=4000), nullable=False),
    sa.Column('language', sa.String(length=10), nullable=False),
    sa.Column('links', sa.JSON(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('effective_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('source', sa.String(length=20), nullable=False),
    sa.Column('object_hash', sa.String(length=64), nullable=False),
    sa.Column('evidence', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('pseudonym', sa.String(length=64), nullable=True),
    sa.Column('keep_until', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_consent_record_customer_id_customer')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_record')),
    sa.UniqueConstraint('customer_id', 'object_hash', 'consent_id', name=op.f('uq_consent_record_customer_id_object_hash_consent_id'))
    )
    for column in ('consent_id', 'keep_until', 'pseudonym'):
        op.create_index(op.f(f'ix_consent_record_{column}'), 'consent_record', [column])


def _copy_answers():
    """Copy what has been answered so far; the same object twice was one answer."""
    old = sa.table('old_consent_record', *(sa.column(name) for name in (
        'id', 'customer_id', 'consent_id', 'granted', 'required', 'text', 'language', 'source')),
        sa.column('given_at', sa.DateTime(timezone=True)), sa.column('received_at', sa.DateTime(timezone=True)),
        sa.column('evidence', sa.JSON()))
    new = sa.table('consent_record', *(sa.column(name) for name in (
        'customer_id', 'consent_id', 'granted', 'required', 'text', 'heading', 'description', 'language', 'source', 'object_hash')),
        sa.column('links', sa.JSON()), sa.column('evidence', sa.JSON()), sa.column('given_at', sa.DateTime(timezone=True)),
        sa.column('received_at', sa.DateTime(timezone=True)), sa.column('effective_at', sa.DateTime(timezone=True)))
    connection, seen = op.get_bind(), set()
    for row in connection.execute(sa.select(old).order_by(old.c.id)).mappings().all():
        canonical = json.dumps(row['evidence'], sort_keys=True, separators=(',', ':'), ensure_ascii=False)
        digest = hashlib.sha256(canonical.encode('utf-8', 'surrogatepass')).hexdigest()
        key = (row['customer_id'], digest, row['consent_id'])
        if key in seen:
            continue
        seen.add(key)
        given, received = row['given_at'], row['received_at']
        values = {name: row[name] for name in row if name != 'id'}
        effective = min(given, received) if given else received
        connection.execute(new.insert().values(**values, heading='', description='', links=[], object_hash=digest, effective_at=effective))


def _guard():
    if op.get_bind().dialect.name == 'postgresql':
        same = ' AND '.join(f'NEW.{name}::text IS NOT DISTINCT FROM OLD.{name}::text' for name in FIXED)
        op.execute(f"""
            CREATE FUNCTION consent_record_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' AND OLD.customer_id IS NULL AND OLD.keep_until < now() THEN
                    RETURN OLD;
                ELSIF TG_OP = 'UPDATE' AND OLD.customer_id IS NOT NULL AND NEW.customer_id IS NULL
                    AND NEW.subject IS NULL AND NEW.evidence IS NULL AND NEW.keep_until IS NOT NULL AND {same} THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION '{REFUSED}' USING ERRCODE = 'integrity_constraint_violation';
            END $$""")
        op.execute('CREATE TRIGGER consent_record_guard BEFORE UPDATE OR DELETE ON consent_record'
                   ' FOR EACH ROW EXECUTE FUNCTION consent_record_guard()')
        op.execute('CREATE TRIGGER consent_record_no_truncate BEFORE TRUNCATE ON consent_record'
                   ' FOR EACH STATEMENT EXECUTE FUNCTION consent_record_guard()')
        return
    same = ' AND '.join(f'NEW.{name} IS OLD.{name}' for name in FIXED)
    op.execute(f"""
        CREATE TRIGGER consent_record_no_delete BEFORE DELETE ON consent_record
        WHEN OLD.customer_id IS NOT NULL OR OLD.keep_until IS NULL
            OR OLD.keep_until >= strftime('%Y-%m-%d %H:%M:%f', 'now')
        BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END""")
    op.execute(f"""
        CREATE TRIGGER consent_record_no_update BEFORE UPDATE ON consent_record
        WHEN NOT (OLD.customer_id IS NOT NULL AND NEW.customer_id IS NULL AND NEW.subject IS NULL
            AND NEW.evidence IS NULL AND NEW.keep_until IS NOT NULL AND {same})
        BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END""")


def _unguard():
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP TRIGGER consent_record_guard ON consent_record')
        op.execute('DROP TRIGGER consent_record_no_truncate ON consent_record')
        op.execute('DROP FUNCTION consent_record_guard()')
        return
    op.execute('DROP TRIGGER consent_record_no_delete')
    op.execute('DROP TRIGGER consent_record_no_update')
