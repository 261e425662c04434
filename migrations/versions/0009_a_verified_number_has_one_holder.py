"""a verified phone number has one holder: the customer who verified it last

The old version: it may refuse a login with a number that another customer has verified, until it is replaced.
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade():
    op.execute("""
        UPDATE customer SET phone_verified_at = NULL
        WHERE phone_verified_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM customer AS newer
            WHERE newer.phone_number = customer.phone_number AND newer.phone_verified_at IS NOT NULL
            AND (newer.phone_verified_at > customer.phone_verified_at
                 OR (newer.phone_verified_at = customer.phone_verified_at AND newer.id > customer.id))
        )
    """)
    verified = sa.text('phone_verified_at IS NOT NULL')
    op.create_index('uq_customer_verified_phone_number', 'customer', ['phone_number'], unique=True,
                    sqlite_where=verified, postgresql_where=verified)


def downgrade():
    op.drop_index('uq_customer_verified_phone_number', 'customer')
