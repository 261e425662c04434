"""an index for the search field, and indexes in the order of the shelves

What `app/shop/search.py` looks in. On SQLite triggers keep it: the number of a row is the product's place in the shop's
order, so that hits are read in that order. On PostgreSQL it is an index on the trigrams of a text; LIKE, which costs
less than the function, is then tried first on rows that come another way.

The old version: it finds its products as before, by indexes that begin with what it sorts by, and asks nothing of the
search index, which the database itself keeps while it writes.
"""

from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

SQLITE_ROW = '({0}.position << 32) + {0}.id'
# All languages of a product, every word with two spaces on each side.
SQLITE_FILL = f"""
    INSERT INTO product_search (rowid, words)
    SELECT {SQLITE_ROW.format('product')},
           group_concat('  ' || replace(product_text.search, ' ', '  ') || '  ', char(10))
    FROM product JOIN product_text ON product_text.product_id = product.id {{where}}
    GROUP BY product.id
"""
SQLITE_REFILL = """
    DELETE FROM product_search WHERE rowid IN (SELECT {row} FROM product WHERE id = {text}.product_id);
    {fill};
"""
SQLITE_TRIGGERS = {
    'product_search_text_added': ('AFTER INSERT ON product_text', 'NEW'),
    'product_search_text_changed': ('AFTER UPDATE OF search ON product_text', 'NEW'),
    'product_search_text_gone': ('AFTER DELETE ON product_text', 'OLD'),
}


def upgrade():
    op.create_index('ix_product_position_id', 'product', ['position', 'id'])
    op.create_index('ix_product_category_id_position_id', 'product', ['category_id', 'position', 'id'])
    op.drop_index('ix_product_position', 'product')
    op.drop_index('ix_product_category_id_position', 'product')
    if op.get_bind().dialect.name == 'postgresql':
        op.execute("""
            CREATE FUNCTION product_search_trigrams(words text) RETURNS text[]
            LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
            RETURN (SELECT array_agg(DISTINCT substr(spaced, start, 3))
                    FROM (SELECT '  ' || replace(words, ' ', '  ') || '  ' AS spaced) AS each_word,
                         generate_series(1, length(spaced) - 2) AS start)
        """)
        op.execute('CREATE INDEX product_search ON product_text USING gin (product_search_trigrams(search))')
        return
    op.execute("CREATE VIRTUAL TABLE product_search USING fts5(words, tokenize = 'trigram')")
    op.execute(SQLITE_FILL.format(where=''))
    for name, (event, text) in SQLITE_TRIGGERS.items():
        refill = SQLITE_REFILL.format(
            row=SQLITE_ROW.format('product'),
            text=text,
            fill=SQLITE_FILL.format(where=f'WHERE product.id = {text}.product_id'),
        )
        op.execute(f'CREATE TRIGGER {name} {event} BEGIN {refill} END')
    op.execute(f"""
        CREATE TRIGGER product_search_moved AFTER UPDATE OF position ON product WHEN OLD.position <> NEW.position
        BEGIN
            UPDATE product_search SET rowid = {SQLITE_ROW.format('NEW')} WHERE rowid = {SQLITE_ROW.format('OLD')};
        END
    """)
    # Before, because the texts that go with it are then no longer found by its place.
    op.execute(f"""
        CREATE TRIGGER product_search_product_gone BEFORE DELETE ON product
        BEGIN DELETE FROM product_search WHERE rowid = {SQLITE_ROW.format('OLD')}; END
    """)


def downgrade():
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP INDEX product_search')
        op.execute('DROP FUNCTION product_search_trigrams')
    else:
        for name in (*SQLITE_TRIGGERS, 'product_search_moved', 'product_search_product_gone'):
            op.execute(f'DROP TRIGGER {name}')
        op.execute('DROP TABLE product_search')
    op.create_index('ix_product_position', 'product', ['position'])
    op.create_index('ix_product_category_id_position', 'product', ['category_id', 'position'])
    op.drop_index('ix_product_category_id_position_id', 'product')
    op.drop_index('ix_product_position_id', 'product')
