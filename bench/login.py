"""Measure a complete login in one process, without a server; `deployed` measures it with one.

A login is the redirect to the provider, the callback, two calls, the ID token's check and the session.

It compares the shop, with its database, with the quickstart of the library it uses, which has no database. Both talk to
the same provider, over TLS with the same trusted certificates and then over plain HTTP, where the quickstart builds no
TLS context per login; both have logged people in before the first round.
"""

from functools import partial

from bench.lab import Lab, Provider
from bench.measure import Figure, alternately
from bench.processes import BenchmarkError, Child
from bench.provider import TOKEN, USERINFO

LOGINS = 40  # of each client, in each round
WARM_UP = 20


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure logins, and the shop's calls and connections to the provider."""
    return [*over_tls(lab, rounds), over_http(lab, rounds)]


def over_tls(lab: Lab, rounds: int) -> list[Figure]:
    """Measure logins over TLS, and check that no client calls the provider before the first login."""
    provider = lab.provider()
    env = lab.client_environment(provider.origin)
    lab.set_up_shop(env)
    shop, quickstart = (lab.start("-m", "bench.login_client", name, env=env) for name in ("shop", "quickstart"))
    for client in (shop, quickstart):
        client.line()
        if any(provider.counts().values()):
            raise BenchmarkError("a client called the provider before the first login")
    for client in (shop, quickstart):
        processor_ms(client, WARM_UP)
    calls, connections = traffic(provider, shop)
    value, baseline = alternately(rounds, lambda: processor_ms(shop, LOGINS), lambda: processor_ms(quickstart, LOGINS))
    return [
        Figure("Login in the process, processor time", "ms", value, baseline, value / baseline, at_most=0.12),
        Figure("Login, calls to the provider", "calls", calls, at_most=2),
        Figure("Login, new connections to it", "connections", connections, at_most=0),
    ]


def over_http(lab: Lab, rounds: int) -> Figure:
    """Measure logins over plain HTTP."""
    env = lab.client_environment(lab.provider(tls=False).origin)
    lab.set_up_shop(env)
    clients = [lab.start("-m", "bench.login_client", name, env=env) for name in ("shop", "quickstart")]
    for client in clients:
        client.line()
        processor_ms(client, WARM_UP)
    value, baseline = alternately(rounds, *(partial(processor_ms, client, LOGINS) for client in clients))
    return Figure("Login in the process over plain HTTP", "ms", value, baseline, value / baseline, at_most=1.2)


def processor_ms(client: Child, logins: int) -> float:
    """Let a client log people in; return the milliseconds of processor time per login."""
    answer = client.ask(str(logins))
    if not answer["known"]:
        raise BenchmarkError("a client logged a person in and does not show their name")
    return float(answer["seconds"]) * 1000 / logins


def traffic(provider: Provider, shop: Child) -> tuple[float, float]:
    """Return the calls and new connections per login, once discovery and keys are known."""
    before = provider.counts()
    processor_ms(shop, LOGINS)
    grown = {name: number - before.get(name, 0) for name, number in provider.counts().items()}
    connections = grown.pop("connections")
    if grown[TOKEN] != LOGINS or grown[USERINFO] != LOGINS:
        raise BenchmarkError(f"{LOGINS} logins made the calls {grown}")
    return sum(grown.values()) / LOGINS, connections / LOGINS
