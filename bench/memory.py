"""Measure the growth of a process's memory over many logins, each from a different IP address."""

from bench.lab import Lab
from bench.measure import Figure

WARM_UP, LOGINS = 1000, 3000
MEBIBYTE = 1024 * 1024


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure the growth of a process over LOGINS logins, after a warm-up; once, whatever the number of rounds."""
    env = lab.client_environment(lab.provider().origin)
    lab.set_up_shop(env)
    shop = lab.start("-m", "bench.login_client", "shop", env=env)
    shop.line()
    sizes = []
    for logins in (WARM_UP, LOGINS):
        shop.ask(str(logins))
        sizes.append(shop.family()[0].memory_info().rss / MEBIBYTE)
    before, after = sizes
    return [Figure(f"Memory, growth over {LOGINS:,} logins", "MiB", after - before, at_most=2)]
