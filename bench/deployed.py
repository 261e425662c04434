"""Measure a complete login as deployed: under gunicorn, over real sockets, with TLS to the provider.

Every candidate has the project's gunicorn settings, so the same workers and threads; its processor time is that of
gunicorn's whole process group. All make the same two calls to the same provider and check the answers:

- the quickstart: Authlib's first example; its session and TLS context are new for each call; no database
- tuned Authlib: the quickstart on one shared connection pool; no database
- the lean client: its own flow on one urllib3 pool, joserfc, Flask's cookie, one customer row written and committed

A browser connects anew for each login and follows it from the button to the redirect after the callback.
"""

from dataclasses import dataclass
from functools import partial

from bench.lab import Lab
from bench.measure import Figure, alternately
from bench.processes import BenchmarkError, Child, Server

LOGINS, WARM_UP = 100, 60
OTHERS = {"the quickstart": "quickstart", "tuned Authlib": "tuned", "a lean client": "lean"}
AIMS = {"the quickstart": 0.15, "a lean client": 1.5}


@dataclass
class Candidate:
    """A relying party under gunicorn, and the browsers that log in to it."""

    server: Server
    browsers: Child

    def processor_ms(self, at_once: int, logins: int = LOGINS) -> float:
        """Log people in; return the milliseconds of the server's processor time per login."""
        before = self.server.processor_seconds()
        answer = self.browsers.ask(f"{logins} {at_once}")
        if answer["in"] != logins:
            raise BenchmarkError(f"logins failed: {answer['failed']}")
        return (self.server.processor_seconds() - before) * 1000 / logins


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure logins one and four at a time over TLS, then over plain HTTP and on PostgreSQL."""
    env = prepared(lab, lab.client_environment(lab.provider().origin))
    shop, others = candidate(lab, env, "shop"), {name: candidate(lab, env, app) for name, app in OTHERS.items()}
    figures = []
    for at_once in (1, 4):
        takes = [partial(each.processor_ms, at_once) for each in (shop, *others.values())]
        value, *baselines = alternately(rounds, *takes)
        for name, baseline in zip(others, baselines, strict=True):
            label = f"Login as deployed, {at_once} at a time, against {name}"
            figures.append(Figure(label, "ms", value, baseline, value / baseline, at_most=AIMS.get(name)))
    plain = prepared(lab, lab.client_environment(lab.provider(tls=False).origin))
    on_postgresql = {**env, "DATABASE_URL": lab.postgresql(), "BARE_DATABASE_URL": lab.postgresql("bare")}
    prepared(lab, on_postgresql)
    return [
        *figures,
        compared(lab, rounds, plain, "over plain HTTP", "the quickstart", 1.2),
        compared(lab, rounds, on_postgresql, "on PostgreSQL", "a lean client", 1.5),
    ]


def compared(lab: Lab, rounds: int, env: dict[str, str], label: str, name: str, at_most: float) -> Figure:
    """Compare the shop with one other in this environment, one login at a time."""
    both = candidate(lab, env, "shop"), candidate(lab, env, OTHERS[name])
    value, baseline = alternately(rounds, *(partial(each.processor_ms, 1) for each in both))
    return Figure(
        f"Login as deployed, {label}, against {name}", "ms", value, baseline, value / baseline, at_most=at_most
    )


def prepared(lab: Lab, env: dict[str, str]) -> dict[str, str]:
    """Set up the databases of the shop and of the lean client."""
    lab.set_up_shop(env)
    lab.run("-m", "bench.lean", env=env)
    return env


def candidate(lab: Lab, env: dict[str, str], name: str, *, warm_up: bool = True) -> Candidate:
    """Serve one candidate, and log people in before the first measurement, in every worker."""
    server = lab.server("wsgi:app" if name == "shop" else f"bench.{name}:create_app()", env)
    arguments = [] if name == "shop" else ["/login"]
    browsers = lab.start("-m", "bench.crowd", str(server.port), *arguments)
    browsers.line()
    made = Candidate(server, browsers)
    if warm_up:
        made.processor_ms(4, WARM_UP)
        if not browsers.ask("show")["known"]:
            raise BenchmarkError(f"{name} logged a person in and does not show their name")
    return made
