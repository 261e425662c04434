"""the searchable form of a text has the parts of words between punctuation

A search looks where words begin, and a word may follow a bracket or a hyphen. This writes the searchable form of all
products again: each word once, and after it the words between punctuation. It is the same as
`app/shop/search.py:searchable` writes for new texts, and it adds to a text whose form is new already nothing.

The old version: it searches inside the words, which are all still there.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0009'
branch_labels = None
depends_on = None

TEXT = sa.table('product_text', sa.column('product_id'), sa.column('language'), sa.column('search'))


def searchable(text):
    words = text.split()
    return ' '.join(dict.fromkeys([*words, *re.findall(r'[^\W_]+', ' '.join(words))]))


def upgrade():
    database = op.get_bind()
    for product_id, language, text in database.execute(sa.select(TEXT)).all():
        row = sa.and_(TEXT.c.product_id == product_id, TEXT.c.language == language)
        database.execute(sa.update(TEXT).where(row).values(search=searchable(text)))


def downgrade():
    pass  # the version before finds its words in the new form too
