"""Measure a slow provider: 100 people log in at once, each call takes 300 ms, and other visitors use the shop.

gunicorn runs with the project's settings. A login waits for two calls, so 100 of them at once could end after a little
more than 0.6 seconds. The first crowd meets a cold shop and is new to it: it is not timed, but no login may fail.
Meanwhile a visitor requests the front page every 20 ms; the 99th percentile of the response time is reported beside
that of an idle shop. Then the provider hangs: every call takes 12 seconds, longer than a callback may take.
"""

import json
import sys
import time
from statistics import fmean, median
from typing import Any

from bench.lab import Lab, Provider
from bench.measure import Figure, percentile
from bench.processes import Child, Server

CALL_SECONDS = 0.3
PEOPLE = 100
IDEAL = PEOPLE / (2 * CALL_SECONDS)  # logins per second, if they took only the two calls
HANGS_SECONDS, LET_DOWN = 12, 20
QUIET_SECONDS = 1.5


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure crowds that log in, and the front page with and without them."""
    provider = lab.provider(CALL_SECONDS)
    env = lab.client_environment(provider.origin)
    lab.set_up_shop(env)
    shop = lab.server("wsgi:app", env)
    crowd = lab.start("-m", "bench.crowd", str(shop.port))
    crowd.line()
    first = crowd.ask(str(PEOPLE))
    crowds, busy, quiet, failed = [], [], [], 0
    for _ in range(rounds):
        answer, shopped = beside_shopping(lab, shop, crowd)
        crowds.append(answer)
        busy += shopped["ms"]
        failed += shopped["failed"]
        quiet += quiet_shopping(lab, shop)["ms"]
    all_crowds = [first, *crowds]
    speed = median(each["in"] / each["seconds"] for each in crowds)
    if any(each["failed"] for each in all_crowds):
        print(f"  failed, per crowd: {json.dumps([each['failed'] for each in all_crowds])}", file=sys.stderr)
    return [
        Figure(f"{PEOPLE} logins at once, against the ideal", "logins/s", speed, IDEAL, speed / IDEAL, at_least=0.75),
        Figure("Logins that failed, of 100", "", 100 - fmean(each["in"] for each in all_crowds), at_most=0),
        Figure("Front page meanwhile, 99th percentile", "ms", percentile(busy, 99), at_most=100),
        Figure("Front page meanwhile, failed", "", failed, at_most=0),
        Figure("Front page otherwise, 99th percentile", "ms", percentile(quiet, 99)),
        *hanging(lab, provider, shop, crowd),
    ]


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
    answer = crowd.ask(str(people))
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
