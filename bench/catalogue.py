"""The front page with its 24 products, against a bare page with the same cards, both under the project's gunicorn.

Judged is the processor time of all workers per request. Requests per second are told beside it; there, the visitors
compete with the servers for the same cores, alike in all three.
"""

from dataclasses import dataclass, field
from statistics import median

from bench.lab import Lab
from bench.measure import Figure, in_turns
from bench.processes import BenchmarkError, Child, Server

REQUESTS = 800  # in each round
WARM_UP = 200


def measure(lab: Lab, rounds: int) -> list[Figure]:
    """Measure the page for a visitor and for a customer, and the bare one."""
    env = lab.client_environment(lab.provider().origin)
    env["BARE_DATABASE_URL"] = f"sqlite:///{lab.folder / 'bare.sqlite'}"
    lab.set_up_shop(env)
    lab.run("-m", "bench.bare", env=env)
    shop, bare = lab.server("wsgi:app", env), lab.server("bench.bare:create_app()", env)
    session = session_cookie(lab, shop)
    everybody = [Visits(lab, shop), Visits(lab, shop, session), Visits(lab, bare)]
    for visits in everybody:
        visits.processor_ms(WARM_UP)
    visitor, customer, theirs = in_turns(rounds, *(visits.processor_ms for visits in everybody))
    fast, customer_fast, their_fast = (median(visits.per_second[1:]) for visits in everybody)
    name, rate = "Front page for a customer", "requests/s"
    return [
        Figure("Front page, processor time", "ms", visitor, theirs, theirs / visitor, at_least=0.85),
        Figure(f"{name}, processor time", "ms", customer, theirs, theirs / customer, at_least=0.75),
        Figure("Front page, speed", rate, fast, their_fast, fast / their_fast),
        Figure(f"{name}, speed", rate, customer_fast, their_fast, customer_fast / their_fast),
    ]


@dataclass
class Visits:
    """Visitors of one server, and how fast they were served."""

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
        """Let them come; return the milliseconds of the server's processor time per request."""
        before = self.server.processor_seconds()
        took = self._visitors.ask(str(requests))
        seconds = self.server.processor_seconds() - before
        self.per_second.append(took["requests"] / took["seconds"])
        return seconds * 1000 / float(took["requests"])


def session_cookie(lab: Lab, shop: Server) -> str:
    """Log somebody in and return their session's cookie."""
    crowd = lab.start("-m", "bench.crowd", str(shop.port))
    crowd.line()
    cookie = str(crowd.ask("1")["cookie"])
    if not cookie:
        raise BenchmarkError("nobody could log in")
    return cookie
