"""Run a shop with a number of customers on PostgreSQL, as `scale_client` does: `python -m bench.millions_client SIZE`.

It logs one person in and copies the rows that this left inside the database, once for each further customer.
"""

import random
import sys

from flask.testing import FlaskClient
from sqlalchemy import text

from app import create_app
from app.database import db
from app.vipps.attempts import MAX_ATTEMPTS
from bench.scale_client import Shop, run

# For each table the columns that differ between customers, as SQL with the customer's number `n`. Other columns are
# copied, except keys: the database counts those that are not named here. A trigger adds the words of the names.
NAMES = {"given_name": "'Kari' || n", "name": "'Kari' || n || ' Nordfjell'"}
CONTACT = {**NAMES, "email": "'kari' || n || '@example.com'", "phone_number": "(4740000000 + n)::text"}
HASH = "md5('{0}' || n) || md5(n || '{0}')"
ADDRESSES = """replace(addresses::text, 'Fjordveien 1"', 'Fjordveien ' || n || '"')::json"""
COPIES = {
    "customer": {"id": "n", **CONTACT},
    "vipps_link": {"id": "n", "customer_id": "n", "subject": "'3f6c1a52-8d0e-4b77-9a41-' || lpad(n::text, 12, '0')"},
    "vipps_profile": {"link_id": "n", **CONTACT, "addresses": ADDRESSES},
    "customer_session": {"customer_id": "n", "token_hash": HASH.format("session")},
    "activity": {"customer_id": "n", "reference": "'ACT-' || n"},
    "profile_change": {"customer_id": "n", "after": "to_json((4740000000 + n)::text)"},
    "login_attempt": {"state_hash": HASH.format("state"), "browser_hash": HASH.format("browser")},
}  # fmt: skip
MOST = {"login_attempt": MAX_ATTEMPTS - 5000}  # the shop keeps no more; each login here adds one


class LargeShop(Shop):
    """A shop on PostgreSQL; its customers are numbered from 1."""

    def fill(self) -> None:
        """Log the first person in and copy the rows."""
        self.any = random.Random(self.size)
        super().log_in(1)
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        for table in COPIES:
            self.copy(table)
        db.session.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")
            connection.invalidate()  # a connection without a limit must not return to the pool

    def copy(self, table: str) -> None:
        """Copy the first customer's rows of one table for all others."""
        columns = db.session.scalars(text(
            "SELECT column_name FROM information_schema.columns WHERE table_name = :table AND table_schema = 'public'"
        ), {"table": table}).all()  # fmt: skip
        values = {name: COPIES[table].get(name, name) for name in columns if name != "id" or "id" in COPIES[table]}
        names, sources = ", ".join(f'"{name}"' for name in values), ", ".join(values.values())
        last = min(self.size, MOST.get(table, self.size))
        db.session.execute(text(
            f"INSERT INTO {table} ({names}) SELECT {sources} FROM (SELECT * FROM {table}) AS first_rows, "
            f"generate_series(2, {last}) AS n"
        ))  # fmt: skip
        if "id" in values:
            db.session.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {self.size})"))

    def log_in(self, person: int) -> FlaskClient:
        """Log in a random customer."""
        return super().log_in(self.any.randint(1, self.size))

    def words(self) -> tuple[str, str]:
        """Return a word that one customer has, and one that all have."""
        return f"kari{self.size // 2}", "nordfjell"


if __name__ == "__main__":
    run(LargeShop(create_app(), int(sys.argv[1])))
