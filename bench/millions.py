"""Measure logins and pages of a shop on PostgreSQL with millions of customers, and of one with 24.

    python -m bench --only millions --customers 5000000

It is not part of `make bench`: generating the rows takes minutes and, for five million customers, 12 GB. Each customer
has the rows that a first login creates, and each measured login is of a random customer. A figure is the processor time
of the shop and of PostgreSQL, with PostgreSQL's default settings.
"""

from functools import partial

from bench.lab import Lab
from bench.measure import Figure, alternately
from bench.processes import Child

SMALL = 24
TIMES = 100
OFTEN = ("login", "front page of a customer", "my page")
SELDOM = ("staff: one customer found", "staff: all customers found", "staff: a customer")


def measure(lab: Lab, rounds: int, customers: int) -> list[Figure]:
    """Measure the same requests in both shops."""
    env = lab.client_environment(lab.provider().origin)
    small, large = (shop_of(lab, env, size) for size in (SMALL, customers))
    figures = []
    for names, aim in ((OFTEN, 1.15), (SELDOM, 1.3)):
        for name in names:
            takes = [partial(milliseconds, lab, shop, name) for shop in (large, small)]
            for take in takes:
                take()
            value, baseline = alternately(rounds, *takes)
            label = f"{name[0].upper()}{name[1:]}, {customers:,} : {SMALL} customers"
            figures.append(Figure(label, "ms", value, baseline, value / baseline, at_most=aim))
    return figures


def shop_of(lab: Lab, env: dict[str, str], size: int) -> Child:
    """Start a shop with a database of its own, and wait until it is filled."""
    env = {**env, "DATABASE_URL": lab.postgresql(f"shop_{size}")}
    lab.set_up_shop(env)
    shop = lab.start("-m", "bench.millions_client", str(size), env=env)
    shop.line()
    return shop


def milliseconds(lab: Lab, shop: Child, name: str) -> float:
    """Make one request a number of times; return the milliseconds of processor time of one, with the database's."""
    before = lab.postgresql_seconds()
    own = float(shop.ask(f"{name} {TIMES}")["seconds"])
    return (own + (lab.postgresql_seconds() - before) / TIMES) * 1000
