"""Compare the front page and its 24 products with a bare page of the same cards, both under the project's gunicorn.

The target is for the processor time of all workers per request. Requests per second are reported too; there the
visitors compete with the servers for the same cores, equally in all three cases.
"""

from dataclasses import dataclass, field
from statistics import median

from bench.lab import Lab
from bench.measure import Figure, alternately
from bench.processes import BenchmarkError, Child, Server

REQUESTS = 800  # in each round
WARM_UP = 200


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure the page for a visitor and for a customer, and the bare one."""
    env = lab.client_environment(lab.provider().origin)
    lab.set_up_shop(env)
    lab.run("-m", "bench.bare", env=env)
    shop, bare = lab.server("wsgi:app", env), lab.server("bench.bare:create_app()", env)
    session = session_cookie(lab, shop)
    all_visits = [Visits(lab, shop), Visits(lab, shop, session), Visits(lab, bare)]
    for visits in all_visits:
        visits.processor_ms(WARM_UP)
    visitor, customer, baseline = alternately(rounds, *(visits.processor_ms for visits in all_visits))
    fast, customer_fast, their_fast = (median(visits.per_second[1:]) for visits in all_visits)
    name, rate = "Front page for a customer", "requests/s"
    return [
        Figure("Front page, processor time", "ms", visitor, baseline, baseline / visitor, at_least=0.85),
        Figure(f"{name}, processor time", "ms", customer, baseline, baseline / customer, at_least=0.65),
        Figure("Front page, speed", rate, fast, their_fast, fast / their_fast),
        Figure(f"{name}, speed", rate, customer_fast, their_fast, customer_fast / their_fast),
    ]


@dataclass
class Visits:
    """The visitors of one server, and how fast it served them."""

    lab: Lab
    server: Server
    cookie: str = ""
    per_second: list[float] = field(default_factory=list)
    _visitors: Child = field(init=False)

    def __post_init__(self) -> None:
        arguments = ("hurry", str(self.server.port), self.cookie)
        self._visitors = self.lab.start("-m", "bench.visitors", *arguments)
        self._visitors.line()

    def processor_ms(self, requests: int = REQUESTS) -> float:
        """Send the requests; return the milliseconds of the server's processor time per request."""
        before = self.server.processor_seconds()
        took = self._visitors.ask(str(requests))
        seconds = self.server.processor_seconds() - before
        self.per_second.append(took["requests"] / took["seconds"])
        return seconds * 1000 / float(took["requests"])


def session_cookie(lab: Lab, shop: Server) -> str:
    """Log a customer in and return the session cookie."""
    crowd = lab.start("-m", "bench.crowd", str(shop.port))
    crowd.line()
    cookie = str(crowd.ask("1 1")["cookie"])
    if not cookie:
        raise BenchmarkError("no customer could log in")
    return cookie
