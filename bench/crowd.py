"""Log people in over real sockets, from a separate process: `python -m bench.crowd PORT [START]`.

START is the path that starts a login; the shop's is the default. For each line `logins at-once` on standard input it
makes that many logins, that many at a time, and prints the time, the failures and one session cookie. The line `show`
opens the page of the person who logged in last, and prints whether it shows their name.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPResponse
from itertools import count
from threading import Barrier
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.lab import SHOP_ORIGIN

MAX_AT_ONCE = 200
PEOPLE = 100
SHOP_START = "/login/vipps?next=/account"

numbers = count(1)  # of all people so far


class Browser:
    """One person's browser, on one connection."""

    def __init__(self, port: int, number: int) -> None:
        # Every person has a separate IP address; Linux answers for all of 127.0.0.0/8.
        source = (f"127.1.{number >> 8 & 255}.{number & 255}", 0)
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60, source_address=source)
        self.cookies: dict[str, str] = {}

    def get(self, target: str) -> HTTPResponse:
        """Request a path, with the cookies so far; `body` is then that of the response."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Host": urlsplit(SHOP_ORIGIN).netloc, "Accept-Language": "en", "Cookie": cookies}
        self.connection.request("GET", target, headers=headers)
        response = self.connection.getresponse()
        self.body = response.read()
        for line in response.headers.get_all("Set-Cookie", []):
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return response


def log_in(browser: Browser, start: str, person: int) -> str:
    """Log one person in; return "in", or the failure."""
    try:
        started = browser.get(start)
        sent_to = started.headers.get("Location", "")
        query = {name: values[0] for name, values in parse_qs(urlsplit(sent_to).query).items()}
        if "state" not in query:
            return f"start {started.status}"
        answer = urlencode({"code": f"{person}.{query['nonce']}", "state": query["state"]})
        finished = browser.get(f"{urlsplit(query['redirect_uri']).path}?{answer}")
        return "in" if finished.headers.get("Location") == "/account" else f"callback {finished.status}"
    except (OSError, HTTPException) as error:
        return type(error).__name__


def log_in_all(browsers: list[Browser], start: str, threads: ThreadPoolExecutor, at_once: int) -> dict[str, object]:
    """Log one person in with each browser, a number of them at a time."""
    people, starting_shot = iter(enumerate(browsers)), Barrier(at_once + 1)

    def some(people: Iterator[tuple[int, Browser]]) -> list[tuple[str, float]]:
        starting_shot.wait()
        results = []
        for person, browser in people:
            began = time.perf_counter()
            end = log_in(browser, start, person % PEOPLE)
            results.append((end, time.perf_counter() - began))
            browser.connection.close()
        return results

    waiting = [threads.submit(some, people) for _ in range(at_once)]
    starting_shot.wait()
    began = time.perf_counter()
    results = [result for each in waiting for result in each.result()]
    seconds = time.perf_counter() - began
    ends, slowest = [end for end, _ in results], max(took for _, took in results)
    cookie = next((f"{k}={v}" for b in browsers for k, v in b.cookies.items() if k.endswith("session")), "")
    failed = Counter(end for end in ends if end != "in")
    return {"seconds": seconds, "slowest": slowest, "in": ends.count("in"), "failed": dict(failed), "cookie": cookie}


def shows_name(browser: Browser, person: int) -> dict[str, object]:
    """Tell whether the page of a person who has logged in shows their name."""
    return {"known": browser.get("/account").status == 200 and f"Kari{person % PEOPLE}".encode() in browser.body}


def main(port: int, start: str = SHOP_START) -> None:
    """Answer requests for logins until standard input ends."""
    browsers: list[Browser] = []
    with ThreadPoolExecutor(MAX_AT_ONCE) as threads:
        print("ready", flush=True)
        for line in sys.stdin:
            if line.strip() == "show":
                answer = shows_name(browsers[-1], len(browsers) - 1)
            else:
                logins, at_once = map(int, line.split())
                browsers = [Browser(port, next(numbers)) for _ in range(logins)]
                answer = log_in_all(browsers, start, threads, at_once)
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
