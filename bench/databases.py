"""Compare a complete login on PostgreSQL with one on SQLite: the shop's processor time, and the duration.

PostgreSQL's own processor time is not counted, nor is the wait for its answers. There is no target: SQLite is the
default, PostgreSQL is for several hosts.
"""

from bench.lab import Lab
from bench.measure import Figure, alternately
from bench.processes import Child

LOGINS, WARM_UP = 40, 40


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure logins on both databases, alternately."""
    sqlite = lab.client_environment(lab.provider().origin)
    shops = []
    for env in ({**sqlite, "DATABASE_URL": lab.postgresql()}, sqlite):
        lab.set_up_shop(env)
        shops.append(lab.start("-m", "bench.login_client", "shop", env=env))
        shops[-1].line()
        shops[-1].ask(str(WARM_UP))
    postgresql, other = shops
    ours, theirs, took, their_took = alternately(
        rounds,
        lambda: milliseconds(postgresql, "seconds"),
        lambda: milliseconds(other, "seconds"),
        lambda: milliseconds(postgresql, "took"),
        lambda: milliseconds(other, "took"),
    )
    return [
        Figure("Login on PostgreSQL : SQLite, processor time", "ms", ours, theirs, ours / theirs),
        Figure("Login on PostgreSQL : SQLite, how long it takes", "ms", took, their_took, took / their_took),
    ]


def milliseconds(shop: Child, what: str) -> float:
    """Log people in; return the milliseconds per login."""
    return float(shop.ask(str(LOGINS))[what]) * 1000 / LOGINS
