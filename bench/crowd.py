"""Log many people in at the same moment, in a separate process: `python -m bench.crowd PORT`.

For each number on standard input it makes that many logins and prints the time, the failures and one session cookie.
"""

import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException, HTTPResponse
from itertools import count
from threading import Barrier
from urllib.parse import parse_qs, urlencode, urlsplit

from bench.lab import SHOP_ORIGIN

MOST = 200

numbers = count(1)  # of all people so far


class Browser:
    """One person's browser, on one connection."""

    def __init__(self, port: int, number: int) -> None:
        # Every person has a separate IP address; Linux answers for all of 127.0.0.0/8.
        source = (f"127.1.{number >> 8 & 255}.{number & 255}", 0)
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60, source_address=source)
        self.cookies: dict[str, str] = {}

    def get(self, target: str) -> HTTPResponse:
        """Request a path, with the cookies so far."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Host": urlsplit(SHOP_ORIGIN).netloc, "Accept-Language": "en", "Cookie": cookies}
        self.connection.request("GET", target, headers=headers)
        response = self.connection.getresponse()
        response.read()
        for line in response.headers.get_all("Set-Cookie", []):
            name, _, value = line.split(";")[0].partition("=")
            self.cookies[name] = value
        return response


def log_in(browser: Browser, person: int) -> str:
    """Log one person in; return "in", or the failure."""
    try:
        started = browser.get("/login/vipps?next=/account")
        sent_to = started.headers.get("Location", "")
        query = {name: values[0] for name, values in parse_qs(urlsplit(sent_to).query).items()}
        if "state" not in query:
            return f"start {started.status}"
        answer = urlencode({"code": f"{person}.{query['nonce']}", "state": query["state"]})
        finished = browser.get(f"{urlsplit(query['redirect_uri']).path}?{answer}")
        return "in" if finished.headers.get("Location") == "/account" else f"callback {finished.status}"
    except (OSError, HTTPException) as error:
        return type(error).__name__


def all_at_once(threads: ThreadPoolExecutor, port: int, people: int) -> dict[str, object]:
    """Log a number of people in at the same moment."""
    browsers, starting_shot = [Browser(port, next(numbers)) for _ in range(people)], Barrier(people + 1)

    def one(person: int) -> tuple[str, float]:
        starting_shot.wait()
        began = time.perf_counter()
        return log_in(browsers[person], person), time.perf_counter() - began

    waiting = [threads.submit(one, person) for person in range(people)]
    starting_shot.wait()
    began = time.perf_counter()
    results = [each.result() for each in waiting]
    ends, slowest = [end for end, _ in results], max(took for _, took in results)
    seconds = time.perf_counter() - began
    for browser in browsers:
        browser.connection.close()
    cookie = next((f"{k}={v}" for b in browsers for k, v in b.cookies.items() if k.endswith("session")), "")
    failed = Counter(end for end in ends if end != "in")
    return {"seconds": seconds, "slowest": slowest, "in": ends.count("in"), "failed": dict(failed), "cookie": cookie}


def main(port: int) -> None:
    """Answer requests for crowds until standard input ends."""
    with ThreadPoolExecutor(MOST) as threads:
        print("ready", flush=True)
        for line in sys.stdin:
            print(json.dumps(all_at_once(threads, port, int(line))), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
