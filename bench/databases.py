"""Compare a complete login on PostgreSQL with one on SQLite: the shop's processor time, and the duration.

There is no target: SQLite is the default, PostgreSQL is for several hosts. What a login costs PostgreSQL itself is
reported too: statements, commits, processor time, and the bytes of its write-ahead log, which replicas receive.
"""

import psycopg

from bench.lab import Lab
from bench.measure import Figure, alternately
from bench.processes import Child

LOGINS, WARM_UP = 40, 40


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure logins on both databases, alternately."""
    sqlite = lab.client_environment(lab.provider().origin)
    url = lab.postgresql()
    shops = []
    for env in ({**sqlite, "DATABASE_URL": url}, sqlite):
        lab.set_up_shop(env)
        shops.append(lab.start("-m", "bench.login_client", "shop", env=env))
        shops[-1].line()
        shops[-1].ask(str(WARM_UP))
    postgresql, other = shops
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        before = written(connection), lab.postgresql_seconds()
        value, baseline, took, baseline_took = alternately(
            rounds,
            lambda: milliseconds(postgresql, "seconds"),
            lambda: milliseconds(other, "seconds"),
            lambda: milliseconds(postgresql, "took"),
            lambda: milliseconds(other, "took"),
        )
        logins = 2 * rounds * LOGINS
        log_bytes = (written(connection) - before[0]) / logins
        own_ms = (lab.postgresql_seconds() - before[1]) * 1000 / logins
    counted = [shop.ask("statements") for shop in shops]
    return [
        Figure("Login on PostgreSQL : SQLite, processor time", "ms", value, baseline, value / baseline),
        Figure("Login on PostgreSQL : SQLite, how long it takes", "ms", took, baseline_took, took / baseline_took),
        *(Figure(f"Login on PostgreSQL : SQLite, {each}", "", *(c[each] for c in counted)) for each in counted[0]),
        Figure("Login on PostgreSQL, its own processor time", "ms", own_ms),
        Figure("Login on PostgreSQL, its write-ahead log", "bytes", log_bytes),
    ]


def written(connection: psycopg.Connection) -> float:
    """Return the bytes that PostgreSQL has written to its write-ahead log."""
    row = connection.execute("SELECT pg_current_wal_lsn() - '0/0'").fetchone()
    return float(row[0]) if row else 0.0


def milliseconds(shop: Child, what: str) -> float:
    """Log people in; return the milliseconds per login."""
    return float(shop.ask(str(LOGINS))[what]) * 1000 / LOGINS
