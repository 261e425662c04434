"""Measure pages and logins in shops with 24, 2,400 and 24,000 products, customers, consent rows and lines of each list.

The target is for the ratio of processor time in the largest and the smallest shop. A page of a list has the same number
of lines in all three; the lists of the smallest shop are one line shorter than a page.
"""

from bench.lab import Lab
from bench.measure import Figure, alternately
from bench.processes import Child

SIZES = (24, 2_400, 24_000)
TIMES = 30
# Requests of every visitor and customer, and less frequent ones.
OFTEN = ("login", "front page", "front page of a customer", "product", "my page")
SELDOM = (
    "last page",
    "last page of a category",
    "search with one hit",
    "search that all match",
    "staff: one customer found",
    "staff: all customers found",
    "staff: errors",
    "staff: last deliveries",
    "staff: a customer",
)


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure the same in shops of three sizes."""
    env = lab.client_environment(lab.provider().origin)
    shops = [shop_of(lab, env, size) for size in SIZES]
    return [
        figure
        for names, aim in ((OFTEN, 1.15), (SELDOM, 1.3))
        for name in names
        for figure in compared(shops, name, rounds, aim)
    ]


def shop_of(lab: Lab, env: dict[str, str], size: int) -> Child:
    """Start a shop with a separate database, and wait until it is filled."""
    env = {**env, "DATABASE_URL": f"sqlite:///{lab.folder / f'shop-{size}.sqlite'}"}
    lab.run("-m", "flask", "--app", "wsgi", "setup", env=env)
    shop = lab.start("-m", "bench.scale_client", str(size), env=env)
    shop.line()
    return shop


def compared(shops: list[Child], name: str, rounds: int, aim: float) -> list[Figure]:
    """Compare one request in all shops with the same in the smallest."""

    def milliseconds(shop: Child) -> float:
        return float(shop.ask(f"{name} {TIMES}")["seconds"]) * 1000

    for shop in shops:
        milliseconds(shop)
    smallest, middle, largest = alternately(rounds, *(lambda shop=shop: milliseconds(shop) for shop in shops))
    label = f"{name[0].upper()}{name[1:]}"
    return [
        Figure(f"{label}, {SIZES[1]:,} : {SIZES[0]} rows", "ms", middle, smallest, middle / smallest),
        Figure(f"{label}, {SIZES[2]:,} : {SIZES[0]} rows", "ms", largest, smallest, largest / smallest, at_most=aim),
    ]
