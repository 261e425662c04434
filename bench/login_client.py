"""Log people in with one client, in a separate process: `python -m bench.login_client shop|quickstart`.

It is driven through WSGI, so neither a server nor a browser counts. For each number on standard input it makes that
many complete logins, each in a new browser, and prints the processor time and the duration. For the line `statements`
it makes one and prints the database statements and commits of it.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import count
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event

from bench.lab import SHOP_ORIGIN

START = {"shop": "/login/vipps?next=/account", "quickstart": "/login"}
PEOPLE = 20


def build(name: str) -> Flask:
    """Build one of the two clients from the environment."""
    if name == "shop":
        from app import create_app
    else:
        from bench.quickstart import create_app
    return create_app()


def log_in(app: Flask, start: str, person: int, address: str) -> FlaskClient:
    """Log a person in, from the button to the redirect after the callback; return their browser.

    Each person has a separate IP address: the shop would limit one address that begins a login every few milliseconds.
    """
    browser = app.test_client()
    browser.environ_base["REMOTE_ADDR"] = address
    sent_to = browser.get(start, base_url=SHOP_ORIGIN).headers["Location"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(sent_to).query).items()}
    answer = urlencode({"code": f"{person}.{query['nonce']}", "state": query["state"]})
    response = browser.get(f"{query['redirect_uri']}?{answer}")
    if response.headers.get("Location") != "/account":
        raise SystemExit(f"a login failed: {response.status}")
    return browser


def statements(work: Callable[[], object]) -> dict[str, int]:
    """Return how many statements and commits some work takes; a `BEGIN` counts as a statement if it is sent as one."""
    seen: Counter[str] = Counter()
    events = {"before_cursor_execute": "statements", "commit": "commits"}
    listeners = [(name, lambda *_, counted=counted: seen.update([counted])) for name, counted in events.items()]
    for name, listener in listeners:
        event.listen(Engine, name, listener)
    work()
    for name, listener in listeners:
        event.remove(Engine, name, listener)
    return dict(seen)


def main(name: str) -> None:
    """Run logins until standard input ends."""
    app, start = build(name), START[name]
    addresses = (f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}" for n in count(1))
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "statements":
            print(json.dumps(statements(lambda: log_in(app, start, 0, next(addresses)))), flush=True)
            continue
        began, began_at = time.process_time(), time.perf_counter()
        for person in range(int(line)):
            browser = log_in(app, start, person % PEOPLE, next(addresses))
        seconds, took = time.process_time() - began, time.perf_counter() - began_at
        page = browser.get("/account", base_url=SHOP_ORIGIN)
        known = page.status_code == 200 and f"Kari{person % PEOPLE}" in page.text
        print(json.dumps({"seconds": seconds, "took": took, "known": known}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
