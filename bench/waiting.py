"""Measure a slow provider: 100 people log in at once, each call takes 300 ms, and other visitors use the shop.

A login waits for two calls, so 100 of them at once could end after a little more than 0.6 seconds. The shop and the
lean client (`bench.lean`) have the same gunicorn settings and take turns. The first crowd meets a cold server and is
new to it: it is not timed, but no login may fail. Meanwhile a visitor requests the front page every 20 ms; the 99th
percentile of the response time is reported beside that of an idle shop. Then the provider hangs: every call takes 12
seconds, longer than a callback may take.
"""

import json
import sys
import time
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from bench import deployed
from bench.lab import Lab, Provider
from bench.measure import Figure, alternately, percentile
from bench.processes import Child, Server

CALL_SECONDS = 0.3
PEOPLE = 100
IDEAL = PEOPLE / (2 * CALL_SECONDS)  # logins per second, if they took only the two calls
HANGS_SECONDS, LET_DOWN = 12, 20
QUIET_SECONDS = 1.5


@dataclass
class Crowds:
    """The crowds that log in to one server, and the front page meanwhile."""

    lab: Lab
    server: Server
    browsers: Child
    answers: list[dict[str, Any]] = field(default_factory=list)
    page_ms: list[float] = field(default_factory=list)
    pages_failed: int = 0

    def per_second(self) -> float:
        """Log a crowd in while a visitor requests the front page; return the logins per second."""
        answer, shopped = beside_shopping(self.lab, self.server, self.browsers)
        self.answers.append(answer)
        self.page_ms += shopped["ms"]
        self.pages_failed += shopped["failed"]
        return float(answer["in"] / answer["seconds"])

    @property
    def failed(self) -> float:
        """Return the logins that failed, of each crowd on average."""
        return PEOPLE - fmean(each["in"] for each in self.answers)


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure crowds that log in, and the front page with and without them."""
    provider = lab.provider(CALL_SECONDS)
    env = deployed.prepared(lab, lab.client_environment(provider.origin))
    shop, lean = (crowds_of(lab, env, name) for name in ("shop", "lean"))
    quiet: list[float] = []

    def quiet_page() -> float:
        quiet.extend(quiet_shopping(lab, shop.server)["ms"])
        return 0

    speed, lean_speed, _ = alternately(rounds, shop.per_second, lean.per_second, quiet_page)
    if shop.failed:
        print(f"  failed, per crowd: {json.dumps([each['failed'] for each in shop.answers])}", file=sys.stderr)
    busy, lean_busy = percentile(shop.page_ms, 99), percentile(lean.page_ms, 99)
    name = f"{PEOPLE} logins at once"
    return [
        Figure(f"{name}, against the ideal", "logins/s", speed, IDEAL, speed / IDEAL),
        Figure(f"{name}, against a lean client", "logins/s", speed, lean_speed, speed / lean_speed, at_least=0.85),
        Figure("Logins that failed, of 100", "", shop.failed, at_most=0),
        Figure("The lean client's logins that failed, of 100", "", lean.failed),
        Figure("Front page meanwhile, 99th percentile", "ms", busy, lean_busy, busy / lean_busy, at_most=1),
        Figure("Front page meanwhile, failed", "", shop.pages_failed, at_most=0),
        Figure("Front page otherwise, 99th percentile", "ms", percentile(quiet, 99)),
        *hanging(lab, provider, shop.server, shop.browsers),
    ]


def crowds_of(lab: Lab, env: dict[str, str], name: str) -> Crowds:
    """Serve the shop or the lean client, and log the first crowd in."""
    candidate = deployed.candidate(lab, env, name, warm_up=False)
    return Crowds(lab, candidate.server, candidate.browsers, [candidate.browsers.ask(f"{PEOPLE} {PEOPLE}")])


def hanging(lab: Lab, provider: Provider, shop: Server, crowd: Child) -> list[Figure]:
    """Measure logins while the provider hangs: each must end with an error page."""
    provider.take(HANGS_SECONDS)
    answer, shopped = beside_shopping(lab, shop, crowd, LET_DOWN)
    pages = sum(number for end, number in answer["failed"].items() if end.startswith("callback "))
    return [
        Figure(f"Provider hangs, {LET_DOWN} logins, slowest answer", "s", answer["slowest"], at_most=10),
        Figure("Logins without a page", "", LET_DOWN - pages, at_most=0),
        Figure("Front page meanwhile, 99th percentile", "ms", percentile(shopped["ms"], 99), at_most=100),
        Figure("Front page meanwhile, failed", "", shopped["failed"], at_most=0),
    ]


def beside_shopping(
    lab: Lab, shop: Server, crowd: Child, people: int = PEOPLE
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Log a crowd in while a visitor requests the front page; return the results of both."""
    shopper = stroller(lab, shop)
    answer = crowd.ask(f"{people} {people}")
    return answer, shopper.ask("enough")


def quiet_shopping(lab: Lab, shop: Server) -> dict[str, Any]:
    """Request the front page of an idle shop."""
    shopper = stroller(lab, shop)
    time.sleep(QUIET_SECONDS)
    return shopper.ask("enough")


def stroller(lab: Lab, shop: Server) -> Child:
    """Start a visitor of the front page, and wait until it is ready."""
    process = lab.start("-m", "bench.visitors", "stroll", str(shop.port), "")
    process.line()
    return process
