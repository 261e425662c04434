"""the words of customers' names, by which the back office finds them

Triggers keep them up to date, however a name is written. When a later revision copies the table on SQLite, the environment makes them
again.

The old version: it writes names as before, and the triggers keep its customers to be found by the new one.
"""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

# SQLite splits by way of JSON, which escapes what a name may hold: "Ola Berg" becomes ["Ola","Berg"].
SQLITE_WORDS = """
    INSERT OR IGNORE INTO customer_name_word (word, customer_id)
    SELECT lower(part.value), {0}.id
    FROM {source} json_each('[' || replace(replace(json_quote({0}.name), ' ', '","'), '-', '","') || ']') AS part
    WHERE part.value <> ''
"""
POSTGRESQL_WORDS = """
    INSERT INTO customer_name_word (word, customer_id)
    SELECT lower(part), {0}.id FROM {source} regexp_split_to_table({0}.name, '[ -]') AS part WHERE part <> ''
    ON CONFLICT DO NOTHING
"""


def upgrade():
    op.create_table('customer_name_word',
    sa.Column('word', sa.String(length=200).with_variant(sa.String(200, 'C'), 'postgresql'), nullable=False),
    sa.Column('customer_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_customer_name_word_customer_id_customer'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('word', 'customer_id', name=op.f('pk_customer_name_word'))
    )
    op.create_index(op.f('ix_customer_name_word_customer_id'), 'customer_name_word', ['customer_id'])
    if op.get_bind().dialect.name == 'postgresql':
        op.execute(POSTGRESQL_WORDS.format('customer', source='customer,'))
        op.execute(f"""
            CREATE FUNCTION customer_name_words() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                DELETE FROM customer_name_word WHERE customer_id = NEW.id;
                {POSTGRESQL_WORDS.format('NEW', source='')};
                RETURN NULL;
            END $$
        """)
        op.execute('CREATE TRIGGER customer_name_words AFTER INSERT OR UPDATE OF name ON customer'
                   ' FOR EACH ROW EXECUTE FUNCTION customer_name_words()')
        return
    op.execute(SQLITE_WORDS.format('customer', source='customer,'))
    for name, event in (('named', 'INSERT'), ('renamed', 'UPDATE OF name')):
        op.execute(f"""
            CREATE TRIGGER customer_{name} AFTER {event} ON customer
            BEGIN
                DELETE FROM customer_name_word WHERE customer_id = NEW.id;
                {SQLITE_WORDS.format('NEW', source='')};
            END
        """)


def downgrade():
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP TRIGGER customer_name_words ON customer')
        op.execute('DROP FUNCTION customer_name_words')
    else:
        op.execute('DROP TRIGGER customer_named')
        op.execute('DROP TRIGGER customer_renamed')
    op.drop_table('customer_name_word')
